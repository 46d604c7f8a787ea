#!/usr/bin/env python3
"""Checks cubes and journals against the description of their format, with NumPy and Python alone.

    check_cube.py DIRECTORY...

Each directory holds params.py, cube.npy and cube.journal of a finished run, and the output of
`diff2d info --json` as info.json. Prints a line for every directory that is right, and ends at the first
that is not.
"""

import ast
import hashlib
import json
import math
import os
import sys

import numpy as np

import reference

OFFSET = 4096
BLOCK = 4 << 20
HEADER_KEYS = [
    "format", "run_id", "program_version", "shape", "dtype", "data_offset", "params",
    "dx", "dy", "dt", "nsteps", "nper", "inputs", "crc",
]
SNAPSHOT_KEYS = ["index", "step", "simtime", "mass", "min", "max", "sha256", "crc"]


class Wrong(Exception):
    """A difference from the description."""


def equal(what, got, wanted):
    if got != wanted or type(got) is not type(wanted):
        raise Wrong(f"{what}: got {got!r}, wanted {wanted!r}")


def crc32c(data):
    """CRC-32C (Castagnoli), bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def digest(data):
    """The SHA-256 of the SHA-256 of the blocks."""
    blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
    return hashlib.sha256(b"".join(hashlib.sha256(b).digest() for b in blocks)).hexdigest()


def check_header(path, shape, dtype):
    """The header fills one page, is what NumPy writes, and nothing follows the data."""
    with open(path, "rb") as file:
        page = file.read(OFFSET)
    equal("magic and version", page[:8], b"\x93NUMPY\x01\x00")
    equal("bytes of the header", 10 + int.from_bytes(page[8:10], "little"), OFFSET)
    equal("the last byte of the header", page[-1:], b"\n")
    equal("padding", page[10:-1].rstrip(b" ")[-1:], b"}")
    wanted = {"descr": dtype, "fortran_order": False, "shape": shape}
    equal("header", ast.literal_eval(page[10:].decode("ascii")), wanted)
    size = OFFSET + math.prod(shape) * np.dtype(dtype).itemsize
    equal("bytes of the file", os.path.getsize(path), size)


def mass(p, grid, dx):
    """The sum of all nodes, exactly rounded, those on walls counted half."""
    p = p.astype(np.float64)
    if grid == "walls":
        p[0], p[-1], p[:, 0], p[:, -1] = p[0] / 2, p[-1] / 2, p[:, 0] / 2, p[:, -1] / 2
    return math.fsum(p.ravel()) * dx * dx


def check(directory):
    params = reference.read(os.path.join(directory, "params.py"))
    derived = reference.derive(params)
    nodes = derived["nrows"] + (1 if params["grid"] == "walls" else 2)
    shape = (1 + derived["nsteps"] // derived["nper"], nodes, nodes)
    dtype = {"f64": "<f8", "f32": "<f4"}[params["precision"]]

    path = os.path.join(directory, "cube.npy")
    check_header(path, shape, dtype)
    cube = np.load(path, mmap_mode="r")
    equal("mapped", type(cube), np.memmap)
    equal("shape", cube.shape, shape)
    equal("dtype", cube.dtype.str, dtype)

    with open(os.path.join(directory, "cube.journal"), "rb") as file:
        journal = file.read()
    equal("the end of the journal", journal[-1:], b"\n")
    lines = journal[:-1].split(b"\n")
    equal("lines", len(lines), 1 + shape[0])
    entries = [json.loads(line) for line in lines]
    run = entries[0]

    for number, (line, entry) in enumerate(zip(lines, entries)):
        body, seal = line.rsplit(b',"crc"', 1)
        wanted = b':"%08x"}' % crc32c(run["run_id"].encode() + body)
        equal(f"crc of line {number + 1}", seal, wanted)
        # A run that has nothing to warn of has no such key.
        keys = [key for key in entry if key != "warnings" or number]
        equal("keys", keys, SNAPSHOT_KEYS if number else HEADER_KEYS)

    equal("shape in the journal", run["shape"], list(shape))
    equal("dtype in the journal", run["dtype"], dtype)
    equal("offset in the journal", run["data_offset"], OFFSET)
    equal("inputs", run["inputs"], {})
    equal("dy", run["dy"], derived["dx"])
    for key in ("dx", "dt", "nsteps", "nper"):
        equal(key, run[key], derived[key])
    # What the file does not say has its default, or follows from what it says.
    seed = {key: float(params[key]) for key in reference.SEED}
    resolved = {
        **seed, **{key: params[key] for key in ("graphics", "grid", "precision")},
        "times": params.get("times", "exact" if params["grid"] == "walls" else "course"),
        "y1": seed["x1"], "y2": seed["x2"], "dy": seed["dx"], "Dx": seed["D"], "Dy": seed["D"],
        "coordinates": "cartesian", "safety": 1.0, "face": "harmonic", "capacity": 1.0, "decay": 0.0, "source": 0.0, "method": "euler",
        "initial": {"kind": "peaks"},
        "boundary": {side: 0.0 for side in ("left", "right", "bottom", "top")},
    }
    equal("parameters", run["params"], resolved)

    simtime, step = 0.0, 0
    for index, entry in enumerate(entries[1:]):
        while step < index * derived["nper"]:
            simtime += derived["dt"]
            step += 1
        frame = np.array(cube[index])
        equal("index", entry["index"], index)
        equal("step", entry["step"], step)
        equal("simtime", entry["simtime"], simtime)
        equal("min", entry["min"], float(frame.min()))
        equal("max", entry["max"], float(frame.max()))
        equal("sha256", entry["sha256"], digest(frame.tobytes()))
        wanted = mass(frame, params["grid"], derived["dx"])
        # Relative to the sum of the magnitudes: peaks may be negative beyond the domain.
        scale = mass(np.abs(frame), params["grid"], derived["dx"])
        if abs(entry["mass"] - wanted) > 1e-14 * scale:
            raise Wrong(f"mass of snapshot {index}: got {entry['mass']!r}, wanted {wanted!r}")

    with open(os.path.join(directory, "info.json"), encoding="utf-8") as file:
        info = json.load(file)
    equal("shape by info", tuple(info["shape"]), cube.shape)
    equal("dtype by info", info["dtype"], cube.dtype.str)
    equal("order by info", info["fortran_order"], not cube.flags.c_contiguous)
    equal("offset by info", info["data_offset"], cube.offset)
    equal("bytes by info", info["bytes"], os.path.getsize(path))
    equal("committed by info", info["committed"], shape[0])
    equal("complete by info", info["complete"], True)
    for entry in entries:
        del entry["crc"]
    equal("run by info", info["run"], entries[0])
    equal("snapshots by info", info["snapshots"], entries[1:])


def main(directories):
    equal("crc32c of the check string", crc32c(b"123456789"), 0xE3069283)
    for directory in directories:
        try:
            check(directory)
        except Wrong as wrong:
            sys.exit(f"{directory}: {wrong}")
        print("right", directory)


if __name__ == "__main__":
    main(sys.argv[1:])
