"""onnxruntime's own quantizer, static after its own pre-processing (without symbolic shape inference where that fails)."""

import peer
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType
from onnxruntime.quantization import quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


def prepared():
    target = peer.out + ".prepared.onnx"
    try:
        quant_pre_process(peer.source_path(), target)
    except Exception:
        quant_pre_process(peer.source_path(), target, skip_symbolic_shape=True)
    return target


if peer.method.startswith("int4"):
    from onnxruntime.quantization import matmul_nbits_quantizer as nbits

    block = 128 if peer.method == "int4-128" else 32
    if peer.method == "int4-k-quant":
        config = nbits.KQuantWeightOnlyQuantConfig()
    else:
        config = nbits.DefaultWeightOnlyQuantConfig(block_size=block, is_symmetric=False, accuracy_level=4)
    quantizer = nbits.MatMulNBitsQuantizer(
        peer.source(), block_size=block, is_symmetric=False, accuracy_level=4, algo_config=config
    )
    quantizer.process()
    quantizer.model.save_model_to_file(peer.out, use_external_data_format=False)
elif peer.method.startswith("dynamic"):
    per_channel = peer.method == "dynamic-per-channel"
    quantize_dynamic(peer.source_path(), peer.out, per_channel=per_channel, weight_type=QuantType.QInt8)
else:
    calibrators = {"percentile": CalibrationMethod.Percentile, "entropy": CalibrationMethod.Entropy}
    quantize_static(
        prepared(),
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
