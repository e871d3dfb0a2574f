"""Archives as numpy itself writes them, for the .npz reader.

  python make.py      (numpy 2.4.6; writes types.npz, stored.npz, versions.npz, fortran.npz beside this file)
"""
import os
import zipfile

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
at = lambda name: os.path.join(here, name)
ramp = np.arange(6).reshape(3, 2)
types = {
    "f2": (ramp / 4).astype("<f2"), "f4": (ramp / 3).astype("<f4"), "f8": (ramp / 3).astype("<f8"),
    "big_f4": (ramp / 3).astype(">f4"), "big_i2": (ramp - 300).astype(">i2"),
    "i1": (ramp - 3).astype("i1"), "i2": (ramp - 3).astype("<i2"), "i4": (ramp - 3).astype("<i4"), "i8": (ramp - 2**40).astype("<i8"),
    "u1": ramp.astype("u1"), "u2": ramp.astype("<u2"), "u4": (ramp + 2**31).astype("<u4"), "u8": (ramp.astype("<u8") + 2**60),
    "b1": ramp % 2 == 0, "U": np.array(["é", "漢字🙂", ""]), "S": np.array([b"ab", b"c", b""]),
    "empty": np.zeros((3, 0, 2), "f4"), "scalars": np.arange(3, dtype="<i8"),
}
np.savez_compressed(at("types.npz"), **types)
np.savez(at("stored.npz"), f4=types["f4"], U=types["U"])
with zipfile.ZipFile(at("versions.npz"), "w", zipfile.ZIP_DEFLATED) as archive:
    for version in ((1, 0), (2, 0), (3, 0)):
        with archive.open(f"v{version[0]}.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array(member, types["f4"], version)
np.savez(at("fortran.npz"), x=np.asfortranarray(types["f4"]))
