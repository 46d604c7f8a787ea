"""Arrays to portion out, and what NumPy says of the portions.

    distribute_reference.py DIRECTORY    arrays, and on stdout one JSON object a case
    distribute_reference.py DIRECTORY N  as many large cases only, for processes instead of threads
"""

import hashlib
import json
import sys
from itertools import product
from pathlib import Path

import numpy as np

KINDS = ["<f2", "<f4", "<f8", "|i1", "<u8", "|b1", ">f2", ">f4", ">i8", ">u2"]
SHAPES = [
    [(23,), (1,), (0,)],
    [(5, 17), (13, 2), (0, 3)],
    [(4, 7, 6), (11, 1, 3), (3, 0, 2)],
    [(2, 9, 3, 4), (8, 2, 1, 5)],
]
RANKS = [1, 2, 3, 4, 7, 9]


def write(path, shape, kind, order, version):
    """Random bytes: every bit pattern has to arrive."""
    rng = np.random.default_rng(abs(hash(shape)) + len(path.name))
    count = int(np.prod(shape, dtype=np.int64))
    raw = rng.bytes(count * np.dtype(kind).itemsize)
    values = np.frombuffer(raw, kind) if kind != "|b1" else np.frombuffer(raw, "u1") % 2 == 1
    values = np.asarray(values.reshape(shape), order=order)
    with path.open("wb") as file:
        np.lib.format.write_array(file, values, version=version)
    return values


def tell(path, values, axis, ranks):
    portions = [
        {"shape": part.shape, "sha256": hashlib.sha256(part.tobytes()).hexdigest()}
        for part in np.array_split(values, ranks, axis)
    ]
    print(json.dumps({"file": str(path), "axis": axis, "ranks": ranks, "portions": portions}))


def small(directory):
    for kind, order, dimensions in product(KINDS, "CF", range(len(SHAPES))):
        number = len(list(directory.iterdir()))
        shapes = SHAPES[dimensions]
        shape = shapes[number % len(shapes)]
        path = directory / f"{number}.npy"
        values = write(path, shape, kind, order, ((1, 0), (2, 0), (3, 0))[number % 3])
        for axis, ranks in product(range(values.ndim), RANKS):
            tell(path, values, axis - values.ndim if ranks == 3 else axis, ranks)


def large(directory, count):
    """Portions of several pieces."""
    cases = product("CF", [("<f8", (3, 700, 800)), (">f4", (5_000_003,)), ("<u2", (1999, 2001))])
    for number, (order, (kind, shape)) in enumerate(list(cases)[:count]):
        path = directory / f"large{number}.npy"
        values = write(path, shape, kind, order, (1, 0))
        for ranks in [1, 2, 3, 4, 7]:
            tell(path, values, (number + ranks) % values.ndim, ranks)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        large(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        small(Path(sys.argv[1]))
