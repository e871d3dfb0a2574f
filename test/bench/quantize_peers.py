"""Quantizes one model with onnxruntime's own tools: METHOD MODEL DATA SAMPLES OUT. Prints seconds and peak bytes as JSON.

A throw-away environment with onnx and onnxruntime from PyPI is all it needs."""

import json
import sys
import time

started = time.time()
import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType
from onnxruntime.quantization import quantize_dynamic, quantize_static

method, path, data, samples, out = sys.argv[1:6]


class Rows(CalibrationDataReader):
    def __init__(self, model):
        known = {tensor.name for tensor in model.graph.initializer}
        names = [value.name for value in model.graph.input if value.name not in known]
        arrays = np.load(data + "/calib.npz")
        meta = json.load(open(data + "/meta.json"))
        element = meta.get("feed") == "element"
        count = len(arrays[names[0]])
        rows = [k * count // min(count, int(samples)) for k in range(min(count, int(samples)))]
        self.feeds = iter([{n: arrays[n][k] if element else arrays[n][k : k + 1] for n in names} for k in rows])

    def get_next(self):
        return next(self.feeds, None)


model = onnx.load(path)
opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
source = path
if opset < 13:
    source = out + ".opset13.onnx"
    model = onnx.version_converter.convert_version(model, 13)
    onnx.save(model, source)
if method.startswith("dynamic"):
    per_channel = method == "dynamic-per-channel"
    quantize_dynamic(source, out, per_channel=per_channel, weight_type=QuantType.QInt8)
else:
    calibrators = {"percentile": CalibrationMethod.Percentile, "entropy": CalibrationMethod.Entropy}
    ops = ["Conv", "MatMul", "Gemm"] if method == "static-products-only" else None
    quantize_static(
        source,
        out,
        Rows(model),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        op_types_to_quantize=ops,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=calibrators.get(method.removeprefix("static-"), CalibrationMethod.MinMax),
    )
status = open("/proc/self/status").read()
peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
print(json.dumps({"seconds": time.time() - started, "peakBytes": peak}))
