"""onnx-neural-compressor: static per channel, with SmoothQuant or without."""

import peer
from onnx_neural_compressor import data_reader
from onnx_neural_compressor.quantization import QuantFormat, QuantType, config, quantize

extra = {"SmoothQuant": True} if peer.method == "smoothquant" else {}
settings = config.StaticQuantConfig(
    calibration_data_reader=peer.reader(data_reader.CalibrationDataReader),
    quant_format=QuantFormat.QDQ,
    activation_type=QuantType.QUInt8,
    weight_type=QuantType.QInt8,
    per_channel=True,
    calibration_sampling_size=int(peer.samples),
    extra_options=extra,
)
quantize(peer.source_path(), peer.out, settings)
peer.done()
