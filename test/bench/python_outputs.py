"""python_outputs.py LIST: runs models on samples whose outputs are known, and prints as JSON how far its own are from them.

LIST is JSON: [{name, model, samples: [.npz with in/INPUT and out/OUTPUT]}]."""

import json
import sys

import numpy as np
import onnxruntime


def compare(model, samples):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    same, difference = 0, 0.0
    for path in samples:
        arrays = np.load(path)
        feeds = {key[3:]: arrays[key] for key in arrays.files if key.startswith("in/")}
        names = [output.name for output in session.get_outputs()]
        is_same = True
        for name, here in zip(names, session.run(names, feeds)):
            there = arrays["out/" + name]
            if here.shape != there.shape or here.dtype != there.dtype:
                raise ValueError(f"{name}: {here.dtype}{here.shape} here, {there.dtype}{there.shape} there")
            is_same &= here.tobytes() == there.tobytes()
            largest = float(np.abs(there.astype(np.float64)).max(initial=0.0))
            apart = float(np.abs(here.astype(np.float64) - there.astype(np.float64)).max(initial=0.0))
            difference = max(difference, apart / largest if largest > 0 else apart)
        same += is_same
    return {"error": None, "same": same, "difference": difference}


def judged(name, model, samples):
    try:
        return {"name": name, **compare(model, samples)}
    except Exception as thrown:
        return {"name": name, "error": " ".join(str(thrown).split()), "same": 0, "difference": 0.0}


with open(sys.argv[1]) as file:
    print(json.dumps([judged(**made) for made in json.load(file)]))
