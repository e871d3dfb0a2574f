"""GPTQ's loop and the inverse Cholesky factor in numpy, for test/bench/kernels.mjs. usage: WHAT INPUTS OUTPUTS

Prints the least seconds of three: on the clock, and of the processor."""

import json
import sys
import time

import numpy as np


def factor(h):
    return np.linalg.cholesky(np.linalg.inv(h)).T


def gptq(w, upper, block=128, group=128):
    """Frantar et al., algorithm 1, blocked as in the paper, on weights [inputs, outputs], int4 symmetric."""
    inputs = w.shape[0]
    codes = np.empty(w.shape, np.uint8)
    for start in range(0, inputs, block):
        end = min(inputs, start + block)
        errors = np.empty((end - start, w.shape[1]), np.float32)
        for j in range(start, end):
            if j % group == 0:
                part = w[j:j + group]
                low, high = part.min(0), part.max(0)
                scale = np.where(-low >= high, low, high) / np.float32(-8)
                inverse = np.float32(1) / scale
            whole = np.clip(np.rint(w[j] * inverse), -8, 7)
            codes[j] = whole + 8
            error = (w[j] - whole * scale) / upper[j, j]
            w[j + 1:end] -= np.outer(upper[j, j + 1:end], error)
            w[j] = whole * scale
            errors[j - start] = error
        w[end:] -= upper[start:end, end:].T @ errors
    return codes


what, inputs, outputs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(1)
a = random.normal(0, 1, (inputs, 32))
h = a @ a.T + 8 * np.eye(inputs)
w = random.normal(0, 1, (inputs, outputs)).astype(np.float32)
upper = factor(h).astype(np.float32) if what == "gptq" else None
clock, processor = [], []
for _ in range(3):
    started, used = time.perf_counter(), time.process_time()
    if what == "gptq":
        gptq(w.copy(), upper)
    else:
        factor(h)
    clock.append(time.perf_counter() - started)
    processor.append(time.process_time() - used)
print(json.dumps({"clock": min(clock), "processor": min(processor)}))
