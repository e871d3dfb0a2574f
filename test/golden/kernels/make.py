"""Golden values of the kernels. usage: python make.py   (numpy 2.4.6, onnxruntime 1.32.0)"""

import base64
import json
from pathlib import Path

import numpy as np
from onnxruntime.capi import _pybind_state as ort

random = np.random.default_rng(20)


def packed(array):
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def halves():
    # Every exponent, both signs, fractions beside each rounding tie, the specials.
    exponents = np.arange(256, dtype=np.uint32) << 23
    fractions = np.array([0, 1, 0xFFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0x3001, 0x7FFFFF, 0x7FF000, 0x7FEFFF], np.uint32)
    bits = (exponents[:, None] | fractions).ravel()
    bits = np.concatenate([bits, bits | np.uint32(0x80000000), random.integers(0, 2**32, 500, np.uint32)])
    x = bits.view(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        half = x.astype(np.float16)
    return {"x": packed(x), "half": packed(half)}


def int8():
    # QuantizeLinear of the ONNX spec: saturate(round_half_even(x / scale) + zero_point), in float32.
    x = random.normal(0, 1, (7, 33)).astype(np.float32)
    x[3, 5] = 40
    scale = (np.abs(x).max(1) / np.float32(127)).astype(np.float32)
    rows = np.clip(np.rint(x / scale[:, None]), -127, 127).astype(np.int8)
    low, high = np.minimum(x.min(0), 0), np.maximum(x.max(0), 0)
    column_scale = ((high - low) / np.float32(255)).astype(np.float32)
    zero = np.clip(np.rint(-low / column_scale), 0, 255).astype(np.int32)
    columns = np.clip(np.rint(x / column_scale) + zero, 0, 255).astype(np.uint8)
    error = lambda q, s: ((q.astype(np.float32) * s).astype(np.float32).astype(np.float64) - x) ** 2
    return {
        "x": packed(x), "shape": x.shape,
        "rowScale": packed(scale), "rowCodes": packed(rows),
        "rowErrors": error(rows, scale[:, None]).sum(1).tolist(),
        "columnMin": packed(x.min(0)), "columnMax": packed(x.max(0)),
        "columnScale": packed(column_scale), "columnZeroPoint": packed(zero), "columnCodes": packed(columns),
        "columnErrors": error(columns.astype(np.int32) - zero, column_scale).sum(0).tolist(),
    }


def histogram():
    x = random.normal(0, 1, 3000).astype(np.float32)
    counts, _ = np.histogram(x.astype(np.float64), 64, (-4, 4))
    return {"x": packed(x), "counts": counts.tolist()}


def magnitude():
    parts = [random.normal(0, s, n).astype(np.float32) for s, n in ((1, 1000), (1e-3, 777), (30, 5))]
    every = np.sort(np.abs(np.concatenate(parts)))
    ks = [1, 2, 500, 777, 1200, every.size]
    return {"parts": [packed(p) for p in parts], "ks": ks, "values": packed(every[np.array(ks) - 1])}


def blocks():
    # onnxruntime's own packer of MatMulNBits.
    K, N, block = 70, 5, 32
    x = random.normal(0, 1, (K, N)).astype(np.float32)
    count = -(-K // block)
    cases = {"inputs": K, "outputs": N, "block": block, "x": packed(x)}
    for bits, pack in ((4, ort.quantize_matmul_4bits), (8, ort.quantize_matmul_8bits)):
        for symmetric in (True, False):
            codes = np.zeros((N, count, block * bits // 8), np.uint8)
            scales = np.zeros(N * count, np.float32)
            zeros = np.zeros(N * -(-count * bits // 8), np.uint8)
            pack(codes, x, scales, zeros, block, N, K, symmetric)
            cases[f"{bits}{'s' if symmetric else 'a'}"] = {
                "codes": packed(codes), "scales": packed(scales), "zeroPoints": packed(zeros)}
    return cases


def n_of_m():
    x = random.normal(0, 1, (6, 16)).astype(np.float32)
    order = np.argsort(-np.abs(x.reshape(6, 4, 4)), axis=2)
    mask = np.zeros((6, 4, 4), np.uint8)
    np.put_along_axis(mask, order[:, :, :2], 1, 2)
    return {"x": packed(x), "mask24": packed(mask)}


def gptq():
    # Frantar et al., algorithm 1, on weights [outputs, inputs] as in the paper, in float64, columns one by one.
    K, N, group = 24, 6, 8
    samples = random.normal(0, 1, (200, K)) @ random.normal(0, 1, (K, K))
    H = 2 * samples.T @ samples
    H += 0.01 * np.mean(np.diag(H)) * np.eye(K)
    U = np.linalg.cholesky(np.linalg.inv(H)).T
    W = random.normal(0, 1, (N, K)).astype(np.float32).astype(np.float64)
    original, codes, scales = W.copy(), np.zeros((N, K)), np.zeros((N, K // group))
    for j in range(K):
        if j % group == 0:
            part = W[:, j:j + group]
            peak = np.take_along_axis(part, np.abs(part).argmax(1)[:, None], 1)[:, 0]
            scales[:, j // group] = peak / -8
        s = scales[:, j // group]
        whole = np.clip(np.rint(W[:, j] / s), -8, 7)
        codes[:, j] = whole + 8
        error = (W[:, j] - whole * s) / U[j, j]
        W[:, j + 1:] -= np.outer(error, U[j, j + 1:])
        W[:, j] = whole * s
    return {"inputs": K, "outputs": N, "group": group, "hessian": packed(H), "upper": packed(U),
            "w": packed(original.T.astype(np.float32)), "codes": packed(codes.T.astype(np.uint8)),
            "scales": packed(scales.T.astype(np.float32))}


out = {name: make() for name, make in
       {"halves": halves, "int8": int8, "histogram": histogram, "magnitude": magnitude,
        "blocks": blocks, "nOfM": n_of_m, "gptq": gptq}.items()}
Path(__file__).with_name("kernels.json").write_text(json.dumps(out))
