"""Names of all operators of ai.onnx that are not deprecated: python make.py > onnx.json, with onnx 1.23.2."""

import json

import onnx
from onnx import defs

schemas = [schema for schema in defs.get_all_schemas() if schema.domain == "" and not schema.deprecated]
json.dump({"onnx": onnx.__version__, "names": sorted(schema.name for schema in schemas)}, __import__("sys").stdout, indent=0)
