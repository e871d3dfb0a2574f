"""Golden values for the metric kinds of the corpus, made by its reference evaluator on small made-up outputs.

  python reference.py FOLDER > reference.json

FOLDER holds the corpus' evaluate.py.  numpy 2.4.6, scipy 1.17.1, onnxruntime 1.32.0.
"""
import json
import os
import sys
import tempfile

import numpy as np
import onnxruntime
import scipy

sys.path.insert(0, sys.argv[1])
import evaluate  # noqa: E402

rng = np.random.default_rng(23)


class Given:
    """A session that answers with the rows it was made from; its one input holds their numbers."""

    def __init__(self, outputs, inputs=("row",)):
        self.outputs, self.names = outputs, inputs

    def get_inputs(self):
        return [type("I", (), {"name": n}) for n in self.names]

    def get_outputs(self):
        return [type("O", (), {"name": "scores"})]

    def run(self, outs, feeds):
        rows = feeds["row"]
        return [self.outputs[rows] if np.ndim(rows) else self.outputs[int(rows)]] + [np.zeros(1)] * (len(outs) - 1)


def score(kind, outputs, data, entry=".", **meta):
    meta = {"metric": {"kind": kind}, "feed": "slice", "output": "scores", "batch": 3, **meta}
    data = {"row": np.arange(len(outputs)), **data}
    return evaluate.score(Given(outputs), entry, meta, data)[0]


lists = lambda a: np.asarray(a, dtype=np.float64).round(6).tolist()
out = {"made": {"numpy": np.__version__, "scipy": scipy.__version__, "onnxruntime": onnxruntime.__version__}}

symbols = ["_", "a", "b", "ß", "漢", " "]
steps = rng.integers(0, 6, (12, 14))
scores = rng.random((12, 14, 6)).astype(np.float32).round(3)
scores[np.arange(12)[:, None], np.arange(14), steps] += 1
truth = evaluate.ctc(steps, symbols, 0)
labels = np.array([t if i % 3 else (t[1:] + "b a")[: max(1, len(t))] for i, t in enumerate(truth)])
with tempfile.TemporaryDirectory() as folder:
    open(os.path.join(folder, "charset.txt"), "w", encoding="utf8").write("\n".join(symbols))
    out["ctc"] = {"symbols": symbols, "labels": labels.tolist(), "scores": lists(scores),
                  "strict": score("ctc", scores, {"labels": labels}, folder, blank=0),
                  "ignoreSpace": score("ctc", scores, {"labels": labels}, folder, blank=0, ignore_space=True)}

maps = (rng.random((6, 1, 24, 32)) * 0.302).astype(np.float32).round(3)
boxes = np.full((6, 4, 4), -1, np.float32)
for page in range(6):
    for slot in range(rng.integers(0, 4)):
        x, y = rng.integers(1, 20), rng.integers(1, 16)
        w, h = rng.integers(4, 10), rng.integers(4, 7)
        maps[page, 0, y:y + h, x:x + w] = np.float32(rng.choice([0.9, 0.7, 0.35]))
        d = w * h / (2 * (w + h))
        boxes[page, slot] = [x - d + rng.integers(-1, 2), y - d + rng.integers(-1, 2), x + w + d, y + h + d]
        boxes[page, slot] = np.maximum(boxes[page, slot], 0)
out["boxes"] = {"shape": list(maps.shape), "maps": lists(maps), "slots": 4, "labels": lists(boxes), "figures": score("boxes", maps, {"labels": boxes})}

tokens = rng.normal(size=(20, 5, 8)).astype(np.float32).round(3)
tokens[10:] = tokens[:10] + rng.normal(size=(10, 5, 8)).astype(np.float32).round(3)
mask = (rng.random((20, 5)) < 0.7).astype(np.int64)
mask[:, 0] = 1
role = np.repeat([0, 1], 10)
out["retrieval"] = {"shape": list(tokens.shape), "tokens": lists(tokens), "mask": mask.tolist(), "role": role.tolist(),
                    "figures": score("retrieval", tokens, {"attention_mask": mask, "role": role, "labels": np.tile(np.arange(10), 2)})}

y = rng.integers(-1, 2, 120)
p = np.clip(0.5 + (y - 0.4) * 0.3 + rng.normal(size=120) * 0.4, 0, 1).round(2).astype(np.float32)
clip = np.repeat(np.arange(12), 10)
frames = {"labels": y, "clip": clip, "state": np.zeros((120, 1), np.float32), "row": np.arange(120)}
vad = evaluate.score(Given(p.reshape(120, 1, 1), ("row", "state")), ".",
                     {"metric": {"kind": "vad"}, "feed": "element", "output": "scores", "state": {"state": "next"}}, frames)[0]
out["vad"] = {"scores": lists(p), "labels": y.tolist(), "clip": clip.tolist(), "figures": vad}

logits = (rng.normal(size=(6, 7, 9)) * 2).astype(np.float32).round(3)
next_token = rng.integers(-1, 9, (6, 7))
out["lm"] = {"shape": list(logits.shape), "logits": lists(logits), "labels": next_token.tolist(), "figures": score("lm", logits, {"labels": next_token})}
print(json.dumps(out))
