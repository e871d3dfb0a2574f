"""onnxruntime's own quantizer."""

import peer
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType
from onnxruntime.quantization import quantize_dynamic, quantize_static

if peer.method.startswith("dynamic"):
    per_channel = peer.method == "dynamic-per-channel"
    quantize_dynamic(peer.source_path(), peer.out, per_channel=per_channel, weight_type=QuantType.QInt8)
else:
    calibrators = {"percentile": CalibrationMethod.Percentile, "entropy": CalibrationMethod.Entropy}
    quantize_static(
        peer.source_path(),
        peer.out,
        peer.reader(CalibrationDataReader),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        op_types_to_quantize=["Conv", "MatMul", "Gemm"] if peer.method == "static-products-only" else None,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=calibrators.get(peer.method.removeprefix("static-"), CalibrationMethod.MinMax),
    )
peer.done()
