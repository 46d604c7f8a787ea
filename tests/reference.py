#!/usr/bin/env python3
"""The reference program in NumPy, written from the algorithm.

    reference.py DIRECTORY...

reads DIRECTORY/params.py, which holds Python assignments; writes the cube of all snapshots to
DIRECTORY/reference.npy, and the simulated times that `python diff2d.py > output.txt` prints to
DIRECTORY/reference.txt.
"""

import os
import sys

import numpy as np

SEED = ("D", "x1", "x2", "runtime", "dx", "outtime")


def read(path):
    """The parameters of a file of Python assignments."""
    params = {"graphics": False, "grid": "slides", "precision": "f64"}
    with open(path, encoding="utf-8") as file:
        exec(file.read(), {}, params)
    return params


def derive(params):
    """All that follows from the parameters, in the order of operations of the reference programs."""
    D, x1, x2, runtime, dx, outtime = (float(params[key]) for key in SEED)
    nrows = int((x2 - x1) / dx)
    dx = (x2 - x1) / nrows
    dt = 0.25 * dx * dx / D
    nsteps = int(runtime / dt)
    nper = int(outtime / dt)
    if nper == 0:
        nper = 1
    r = (D / (dx * dx)) * dt
    return {"nrows": nrows, "dx": dx, "dt": dt, "nsteps": nsteps, "nper": nper, "r": r}


def nodes(grid, x1, x2, nrows, dx):
    """The coordinates of the nodes, boundary included."""
    if grid == "slides":
        return np.linspace(x1 - dx, x2 + dx, nrows + 2)
    if grid == "files":
        return np.array([x1 + ((i - 1) * (x2 - x1)) / nrows for i in range(nrows + 2)])
    if grid == "walls":
        x = np.array([x1 + i * dx for i in range(nrows + 1)])
        x[nrows] = x2
        return x
    raise ValueError(grid)


def simulate(params):
    """Yields the simulated time and the field of every snapshot."""
    x1, x2 = float(params["x1"]), float(params["x2"])
    derived = derive(params)
    dtype = {"f64": np.float64, "f32": np.float32}[params["precision"]]

    x = nodes(params["grid"], x1, x2, derived["nrows"], derived["dx"])
    xm = (x1 + x2) / 2
    a = 1 - np.abs(1 - 4 * np.abs((x - xm) / (x2 - x1)))
    start = np.zeros((len(x), len(x)))
    start[1:-1, 1:-1] = np.outer(a, a)[1:-1, 1:-1]

    p = start.astype(dtype)
    r = dtype(derived["r"])
    simtime = 0
    yield simtime, p
    for step in range(1, derived["nsteps"] + 1):
        lapl = p[2:, 1:-1] + p[:-2, 1:-1]
        lapl += p[1:-1, 2:]
        lapl += p[1:-1, :-2]
        lapl -= 4 * p[1:-1, 1:-1]
        lapl *= r
        p[1:-1, 1:-1] += lapl
        simtime += derived["dt"]
        if step % derived["nper"] == 0:
            yield simtime, p


def main(directories):
    for directory in directories:
        params = read(os.path.join(directory, "params.py"))
        cube = []
        with open(os.path.join(directory, "reference.txt"), "w", encoding="utf-8") as times:
            for simtime, p in simulate(params):
                print(simtime, file=times)
                cube.append(p.copy())
        np.save(os.path.join(directory, "reference.npy"), np.array(cube))


if __name__ == "__main__":
    main(sys.argv[1:])
