"""GPTQ of one layer in PyTorch, as its authors' code does it: INPUTS OUTPUTS THREADS. For test/bench/low-bit.ts.

Frantar et al., arXiv:2210.17323: Cholesky factor, inverse, upper factor of the inverse, then columns in blocks of 128 with
groups of 32, int4 with integer zero points. Prints the least seconds of three runs on the clock."""

import json
import sys
import time

import torch

inputs, outputs, threads = map(int, sys.argv[1:4])
torch.set_num_threads(threads)
torch.manual_seed(1)


def factor(hessian):
    lower = torch.linalg.cholesky(hessian)
    return torch.linalg.cholesky(torch.cholesky_inverse(lower), upper=True)


def gptq(weights, hessian, group=32, block=128, most=15):
    """weights [outputs, inputs]"""
    upper = factor(hessian)
    w = weights.clone()
    codes = torch.empty_like(w, dtype=torch.uint8)
    for start in range(0, inputs, block):
        end = min(inputs, start + block)
        part = w[:, start:end].clone()
        errors = torch.zeros_like(part)
        inner = upper[start:end, start:end]
        for i in range(end - start):
            if (start + i) % group == 0:
                now = part[:, i : i + group]
                low = now.amin(1).clamp(max=0)
                high = now.amax(1).clamp(min=0)
                scale = (high - low) / most
                scale[scale == 0] = 1
                zero = torch.round(-low / scale)
            column = part[:, i]
            code = torch.clamp(torch.round(column / scale) + zero, 0, most)
            error = (column - scale * (code - zero)) / inner[i, i]
            part[:, i:] -= error.unsqueeze(1) * inner[i, i:].unsqueeze(0)
            errors[:, i] = error
            codes[:, start + i] = code.to(torch.uint8)
        w[:, end:] -= errors @ upper[start:end, end:]
    return codes


a = torch.randn(inputs, 2 * inputs)
hessian = a @ a.T
hessian += 0.01 * hessian.diagonal().mean() * torch.eye(inputs)
weights = torch.randn(outputs, inputs)
clock = []
for _ in range(3):
    started = time.perf_counter()
    gptq(weights, hessian)
    clock.append(time.perf_counter() - started)
print(json.dumps({"seconds": min(clock), "version": torch.__version__}))
