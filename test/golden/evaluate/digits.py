"""Quality and fidelity of the int8 digits model against the fp32 one on the bundled digits, in plain numpy.

  python digits.py > digits.json      (numpy 2.4.6, onnxruntime 1.32.0)
"""
import json
import os

import numpy as np
import onnxruntime as ort

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
data = np.load(os.path.join(root, "samples", "digits", "test.npz"))


def outputs(path):
    s = ort.InferenceSession(os.path.join(root, path), providers=["CPUExecutionProvider"])
    x = data["image"]
    return np.concatenate([s.run(["logits"], {"image": x[i:i + 32]})[0] for i in range(0, len(x), 32)]).astype(np.float64)


a, b = outputs("samples/digits/model.onnx"), outputs("models/mnist-cnn/model-qdq.onnx")
y = data["labels"]
da, db = a.argmax(1), b.argmax(1)
cos = (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
print(json.dumps({
    "made": {"numpy": np.__version__, "onnxruntime": ort.__version__},
    "accuracy": float((da == y).mean()), "variantAccuracy": float((db == y).mean()),
    "agreement": float((da == db).mean()), "cosineMean": float(cos.mean()), "cosineMin": float(cos.min()),
    "sqnrDb": float(10 * np.log10((a ** 2).sum() / ((a - b) ** 2).sum())), "maxAbs": float(np.abs(a - b).max()),
}, indent=1))
