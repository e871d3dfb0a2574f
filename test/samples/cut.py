"""Cuts the bundled samples and the small test data from a built corpus.

usage: python cut.py CORPUS      (numpy 2.x; writes beside itself and into ../models)
"""

import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
# id: (calibration rows, test rows). Calibration of emoji-resnet is cut from its test split: those pictures are all
# Twemoji (CC-BY-4.0), while the training pictures are partly CC-BY-SA.
SMALL = {"emoji-resnet": (32, 64), "glyph-vit": (32, 64), "langid-transformer": (32, 64)}


def save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A deflated .npz with fixed times, so that the same rows give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
    print(path.relative_to(HERE.parent), path.stat().st_size, {k: v.shape for k, v in arrays.items()})


def rows(path: Path, chosen: slice) -> dict[str, np.ndarray]:
    with np.load(path) as archive:
        return {name: archive[name][chosen] for name in archive.files}


def main(corpus: Path) -> None:
    digits = HERE / "digits"
    shutil.copyfile(corpus / "mnist-cnn" / "model.onnx", digits / "model.onnx")
    save(digits / "calib.npz", rows(corpus / "mnist-cnn" / "calib.npz", slice(0, 400)))
    save(digits / "test.npz", rows(corpus / "mnist-cnn" / "test.npz", slice(0, 1600)))
    for name, (calib, test) in SMALL.items():
        source, target = corpus / name, HERE.parent / "models" / name
        target.mkdir(parents=True, exist_ok=True)
        emoji = name == "emoji-resnet"
        save(target / "test.npz", rows(source / "test.npz", slice(0, test)))
        save(target / "calib.npz", rows(source / "test.npz", slice(test, test + calib)) if emoji
             else rows(source / "calib.npz", slice(0, calib)))
        for model in sorted(source.glob("*.onnx")):
            shutil.copyfile(model, target / model.name)
    mnist = HERE.parent / "models" / "mnist-cnn"
    mnist.mkdir(parents=True, exist_ok=True)
    for model in ("model-bn.onnx", "model-qdq.onnx"):
        shutil.copyfile(corpus / "mnist-cnn" / model, mnist / model)


main(Path(sys.argv[1]))
