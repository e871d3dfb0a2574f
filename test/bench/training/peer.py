"""PyTorch's side of the training bench: makes the four models as .onnx files, and times its own step on them.

    peer.py make FOLDER            writes FOLDER/<name>.onnx and a batch, FOLDER/<name>.input.bin; prints the cases as JSON
    peer.py time NAME THREADS N    prints {"stepMs": [...], "peakRssBytes": n} for N steps of AdamW after warm-up

Pinned: torch 2.9.1, onnx 1.23.2.
"""

import json
import sys
import time

import torch
from torch import nn

torch.manual_seed(0)


def norm_act(channels):
    return [nn.BatchNorm2d(channels), nn.ReLU()]


class Residual(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            *norm_act(after),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        same = stride == 1 and before == after
        self.skip = nn.Identity() if same else nn.Conv2d(before, after, 1, stride, bias=False)

    def forward(self, x):
        return torch.relu(self.body(x) + self.skip(x))


def resnet20():
    blocks, before = [], 16
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        for index in range(3):
            blocks.append(Residual(before, width, stride if index == 0 else 1))
            before = width
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)]
    return nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), *norm_act(16), *blocks, *head)


def mobilenet():
    layers, before = [nn.Conv2d(3, 32, 3, 2, 1, bias=False), *norm_act(32)], 32
    for width, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)):
        layers += [nn.Conv2d(before, before, 3, stride, 1, groups=before, bias=False), *norm_act(before)]
        layers += [nn.Conv2d(before, width, 1, bias=False), *norm_act(width)]
        before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 10))


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        batch, length, width = x.shape
        split = lambda y: y.reshape(-1, length, self.heads, self.size).transpose(1, 2)
        q, k, v = split(self.q(x)), split(self.k(x)), split(self.v(x))
        weights = torch.softmax(q @ k.transpose(2, 3) * self.size**-0.5, -1)
        return self.out((weights @ v).transpose(1, 2).reshape(-1, length, width))


class Layer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention, self.first, self.second = Attention(width, 6), nn.LayerNorm(width), nn.LayerNorm(width)
        self.wide = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attention(self.first(x))
        return x + self.wide(self.second(x))


class Transformer(nn.Module):
    def __init__(self, width=384, layers=6, words=1000):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.layers = nn.Sequential(*(Layer(width) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, tokens):
        return self.head(self.norm(self.layers(self.words(tokens))).mean(1))


class Recurrent(nn.Module):
    def __init__(self, words=1000, hidden=128):
        super().__init__()
        self.words, self.lstm, self.head = nn.Embedding(words, 64), nn.LSTM(64, hidden), nn.Linear(hidden, 10)

    def forward(self, tokens):
        out, _ = self.lstm(self.words(tokens).transpose(0, 1))
        return self.head(out[-1])


CASES = {
    "resnet20": (resnet20, lambda n: torch.randn(n, 3, 32, 32), 64),
    "mobilenet": (mobilenet, lambda n: torch.randn(n, 3, 32, 32), 64),
    "transformer": (Transformer, lambda n: torch.randint(0, 1000, (n, 64)), 16),
    "lstm": (Recurrent, lambda n: torch.randint(0, 1000, (n, 48)), 64),
}


def make(folder):
    import onnx

    cases = []
    for name, (build, draw, batch) in CASES.items():
        path = f"{folder}/{name}.onnx"
        model = build()
        torch.onnx.export(
            model,
            (draw(2),),
            path,
            opset_version=17,
            dynamo=False,
            # BatchNormalization is kept as it is; the graph puts an LSTM's gates together from their slices.
            training=torch.onnx.TrainingMode.TRAINING,
            do_constant_folding=False,
            input_names=["input"],
            output_names=["logits"],
            dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
        )
        exported = onnx.load(path)
        for node in exported.graph.node:
            if node.op_type == "BatchNormalization":
                del node.output[1:]
                for attribute in node.attribute:
                    if attribute.name == "training_mode":
                        attribute.i = 0
        onnx.save(exported, path)
        case = {"name": name, "path": path, "batch": batch, "shape": list(draw(batch).shape)}
        case["parameters"] = sum(each.numel() for each in model.parameters())
        case["inputs"] = write_batch(f"{folder}/{name}", draw(batch))
        cases.append(case)
    print(json.dumps(cases))


def write_batch(stem, x):
    x.numpy().tofile(f"{stem}.input.bin")
    kind = "float32" if x.is_floating_point() else "int64"
    return [{"name": "input", "dtype": kind, "shape": list(x.shape), "file": f"{stem}.input.bin"}]


def peak_rss():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def measure(name, threads, steps):
    torch.set_num_threads(threads)
    build, draw, batch = CASES[name]
    model = build().train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    x, labels, times = draw(batch), torch.randint(0, 10, (batch,)), []
    for _ in range(3 + steps):
        start = time.perf_counter()
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), labels).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        times.append((time.perf_counter() - start) * 1000)
    print(json.dumps({"stepMs": times[3:], "peakRssBytes": peak_rss()}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        measure(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
