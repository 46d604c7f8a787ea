"""The effective diffusivity of two phases in a picture, on its pixels and from the steady state of a run.

    micrograph_reference.py make DIRECTORY           phases.png, 300 rows of 400 pixels of black and white
    micrograph_reference.py ratio DIRECTORY STEM…    of each run: what it finds divided by what the pixels have
    micrograph_reference.py pores DIRECTORY          pores0.png … pores4.png, pictures of pores (white) in a solid (black)
    micrograph_reference.py answers DIRECTORY        compares poresK.nodes.json, .centres.json and .faces.json, which
                                                     `diff2d flux --effective --json` has answered, with a direct solver

Black has D = 1 and white D = 10. The sides left and right are held at 1 and 0, the others insulated. On the pixels each is a cell
of D with the harmonic mean between two and half a cell to the walls; SciPy solves the system.
"""

import json
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from geometry_reference import write_png
from scipy.ndimage import gaussian_filter, label
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


PORES = [((30, 41), 1.0, 0.7), ((41, 30), 2.0, 0.75), ((50, 50), 3.0, 0.8), ((24, 80), 1.5, 0.75), ((33, 65), 0.7, 0.85)]


def pores(number):
    """A picture of pores, the solid False; its first row is the lowest one."""
    shape, width, porosity = PORES[number]
    noise = gaussian_filter(np.random.default_rng(number + 10).standard_normal(shape), width)
    return noise < np.quantile(noise, porosity)


def effective_of_pores(is_pore, ends):
    """Of nodes whose faces have the conductance 1 where both are pores, as PoreSpy and taufactor assemble it; at "nodes" faces
    along the insulated edges count half."""
    ny, nx = is_pore.shape
    number = np.arange(ny * nx).reshape(ny, nx)
    share = np.ones(ny)
    if ends == "nodes":
        share[[0, -1]] = 0.5
    pairs = [
        (number[:, :-1], number[:, 1:], np.broadcast_to(share[:, None], (ny, nx - 1))),
        (number[:-1], number[1:], np.ones((ny - 1, nx))),
    ]
    a, b, g = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in range(3))
    g = g * (is_pore.flat[a] & is_pore.flat[b])
    off = sparse.coo_matrix((np.tile(-g, 2), (np.r_[a, b], np.r_[b, a])), (ny * nx, ny * nx)).tocsr()
    degree = -np.asarray(off.sum(axis=1)).ravel()
    flow = np.zeros(ny * nx)
    if ends == "faces":
        for column, value in ((0, 1.0), (-1, 0.0)):
            at = number[is_pore[:, column], column]
            degree[at] += 2.0
            flow[at] += 2.0 * value
        fixed = np.zeros(0, int)
    else:
        fixed = np.r_[number[:, 0], number[:, -1]]
    system = (off + sparse.diags(degree)).tolil()
    alone = np.setdiff1d(np.flatnonzero(closed_nodes(a[g > 0], b[g > 0], is_pore, number)), fixed)
    for at in np.r_[fixed, alone]:
        system.rows[at], system.data[at] = [int(at)], [1.0]
        flow[at] = 1.0 if at % nx == 0 else 0.0
    u = spsolve(system.tocsc(), flow).reshape(ny, nx)
    through = is_pore[:, 0] & is_pore[:, 1]
    rate = np.sum((share * (u[:, 0] - u[:, 1]))[through])
    return rate * (nx if ends == "faces" else nx - 1) / (ny - 1 if ends == "nodes" else ny)


def closed_nodes(a, b, is_pore, number):
    """Nodes that no path of pores joins to the first or the last column."""
    joined = sparse.coo_matrix((np.ones(a.size), (a, b)), (number.size, number.size))
    _, piece = sparse.csgraph.connected_components(joined, directed=False)
    ends = np.r_[number[:, 0], number[:, -1]]
    return ~np.isin(piece, piece[ends[is_pore.flat[ends]]])


def check_answers(directory):
    for number in range(len(PORES)):
        is_pore = pores(number)
        for ends in ("nodes", "centres", "faces"):
            answer = json.loads((directory / f"pores{number}.{ends}.json").read_text())
            share = np.ones(is_pore.shape)
            if ends == "nodes":
                share[[0, -1]] *= 0.5
                share[:, [0, -1]] *= 0.5
            counted = is_pore
            if ends == "centres":
                # PoreSpy takes pores for solid from which no path leads to both walls.
                pieces, _ = label(is_pore)
                counted = np.isin(pieces, np.intersect1d(pieces[:, 0], pieces[:, -1])) & is_pore
            porosity = share[counted].sum() / share.sum()
            effective = 3.0 * effective_of_pores(is_pore, ends)
            right = {
                "effective": effective,
                "porosity": porosity,
                "formation_factor": 3.0 / effective,
                "tortuosity": porosity * 3.0 / effective,
            }
            assert list(answer) == list(right), (number, ends, answer)
            for name, value in right.items():
                assert abs(answer[name] / value - 1) < 1e-7, (number, ends, name, answer[name], value)


if __name__ == "__main__":
    directory = Path(sys.argv[2])
    if sys.argv[1] == "pores":
        for number in range(len(PORES)):
            write_png(directory / f"pores{number}.png", 255 * pores(number)[::-1])
        print(json.dumps([is_pore.shape for is_pore in map(pores, range(len(PORES)))]))
        sys.exit()
    if sys.argv[1] == "answers":
        check_answers(directory)
        sys.exit()
    if sys.argv[1] == "make":
        write_png(directory / "phases.png", 255 * ~phases())
    else:
        print(json.dumps([of_run(directory, stem) / on_pixels() for stem in sys.argv[3:]]))
