"""NNCF's post-training quantization, as its documentation calls it: mixed preset, with its fast or its accurate bias correction."""

import nncf
import onnx
import peer

quantized = nncf.quantize(
    peer.source(),
    nncf.Dataset(peer.feeds()),
    preset=nncf.QuantizationPreset.MIXED if peer.method.startswith("mixed") else nncf.QuantizationPreset.PERFORMANCE,
    subset_size=int(peer.samples),
    fast_bias_correction=not peer.method.endswith("accurate"),
    model_type=nncf.ModelType.TRANSFORMER if "transformer" in peer.method else None,
)
onnx.save(quantized, peer.out)
peer.done()
