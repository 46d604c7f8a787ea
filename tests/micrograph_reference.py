"""The effective diffusivity of two phases in a picture, on its pixels and from the steady state of a run.

    micrograph_reference.py make DIRECTORY           phases.png, 300 rows of 400 pixels of black and white
    micrograph_reference.py ratio DIRECTORY STEM…    of each run: what it finds divided by what the pixels have

Black has D = 1 and white D = 10. The sides left and right are held at 1 and 0, the others insulated. On the pixels each is a cell
of D with the harmonic mean between two and half a cell to the walls; SciPy solves the system.
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from geometry_reference import write_png
from scipy.ndimage import gaussian_filter
from scipy.sparse.linalg import spsolve

SHAPE = (300, 400)
PHASES = [1.0, 10.0]


def phases():
    noise = gaussian_filter(np.random.default_rng(1).standard_normal(SHAPE), 4.0)
    return noise < np.quantile(noise, 0.6)


def harmonic(a, b):
    return 2 * a * b / (a + b)


def on_pixels():
    d = np.where(phases(), *PHASES)
    number = np.arange(d.size).reshape(SHAPE)
    pairs = [(number[:, :-1], number[:, 1:]), (number[:-1], number[1:])]
    a, b = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    between = harmonic(d.flat[a], d.flat[b])
    system = sparse.coo_matrix((-np.tile(between, 2), (np.r_[a, b], np.r_[b, a])), (d.size, d.size)).tocsr()
    diagonal = -np.asarray(system.sum(axis=1)).ravel()
    right = np.zeros(d.size)
    for side, value in ((0, 1.0), (-1, 0.0)):
        diagonal[number[:, side]] += 2 * d[:, side]
        right[number[:, side]] += 2 * d[:, side] * value
    u = spsolve((system + sparse.diags(diagonal)).tocsc(), right).reshape(SHAPE)
    return np.sum(2 * d[:, 0] * (1 - u[:, 0])) * SHAPE[1] / SHAPE[0]


def of_run(directory, stem):
    """From the rate at which the state loses its energy, in which its distance from the steady one counts squared."""
    u = np.load(directory / f"{stem}.npy")[-1]
    d = np.load(directory / f"{stem}.D.npy")[0]
    ny, nx = u.shape
    weight = lambda count: np.r_[0.5, np.ones(count - 2), 0.5]
    along_x = harmonic(d[:, 1:], d[:, :-1]) * np.diff(u) ** 2 * weight(ny)[:, None]
    along_y = harmonic(d[1:], d[:-1]) * np.diff(u, axis=0) ** 2 * weight(nx)
    return (along_x.sum() + along_y.sum()) * (nx - 1) / (ny - 1)


if __name__ == "__main__":
    directory = Path(sys.argv[2])
    if sys.argv[1] == "make":
        write_png(directory / "phases.png", 255 * ~phases())
    else:
        print(json.dumps([of_run(directory, stem) / on_pixels() for stem in sys.argv[3:]]))
