"""What every peer's script shares: its arguments, the calibration rows, a model of opset 13 or more, and its own cost.

A script is called as METHOD MODEL DATA SAMPLES OUT by an interpreter that has the peer, writes OUT, and ends with one line of
JSON: the seconds since it started, imports included, and the peak of its resident memory in bytes."""

import json
import os
import sys
import time

started = time.time()

import numpy as np
import onnx
from onnx import version_converter

method, samples = sys.argv[1], sys.argv[4]
path, data, out = (os.path.abspath(sys.argv[at]) for at in (2, 3, 5))
# Some leave reports in the folder that they run in.
os.chdir(os.path.dirname(out))


def source():
    """The model, raised to opset 13 where it is older: the peers write per-channel scales, which older opsets lack."""
    model = onnx.load(path)
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    return version_converter.convert_version(model, 13) if opset < 13 else model


def source_path():
    """Where a file with that model lies."""
    model = source()
    if model == onnx.load(path):
        return path
    onnx.save(model, out + ".opset13.onnx")
    return out + ".opset13.onnx"


def feeds():
    """Calibration samples as `{input: array}`, evenly spread over calib.npz."""
    graph = onnx.load(path, load_external_data=False).graph
    known = {tensor.name for tensor in graph.initializer}
    names = [value.name for value in graph.input if value.name not in known]
    arrays = np.load(data + "/calib.npz")
    element = json.load(open(data + "/meta.json")).get("feed") == "element"
    count = len(arrays[names[0]])
    wanted = min(count, int(samples))
    rows = [k * count // wanted for k in range(wanted)]
    return [{name: np.asarray(arrays[name][k]) if element else arrays[name][k : k + 1] for name in names} for k in rows]


def reader(base):
    """The samples as a calibration reader of the class that the peer asks for."""

    class Rows(base):
        def __init__(self):
            self.rewind()

        def rewind(self):
            self.left = iter(feeds())

        def get_next(self):
            return next(self.left, None)

    return Rows()


def done():
    """Prints what making the file cost, on a line of its own, whatever a progress bar left."""
    status = open("/proc/self/status").read()
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
    print("\n" + json.dumps({"seconds": time.time() - started, "peakBytes": peak}))
