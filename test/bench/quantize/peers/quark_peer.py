"""AMD Quark: its U8S8 default (cross-layer equalization included), and per channel with min-max ranges, with AdaRound or without."""

import copy

import peer
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
from quark.onnx import ModelQuantizer
from quark.onnx.quantization.config import Config, get_default_config

settings = copy.deepcopy(get_default_config("U8S8_AAWS_ADAROUND" if peer.method.endswith("adaround") else "U8S8_AAWS"))
if peer.method.startswith("per-channel"):
    settings.per_channel = True
    settings.calibrate_method = CalibrationMethod.MinMax
ModelQuantizer(Config(global_quant_config=settings)).quantize_model(
    peer.source_path(), peer.out, peer.reader(CalibrationDataReader)
)
peer.done()
