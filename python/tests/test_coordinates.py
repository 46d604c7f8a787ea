"""Coordinates have the bits of the program."""

import csv
import io

import diff2d
import numpy as np
import pytest

from conftest import SMALL, program
from diff2d import _pure

pytest.importorskip("diff2d._native")


def same_bits(a, b):
    return np.array_equal(np.asarray(a).view(np.int64), np.asarray(b).view(np.int64))


@pytest.mark.parametrize("grid", ["slides", "files", "walls"])
@pytest.mark.parametrize("seed", range(8))
def test_nodes_of_any_grid(grid, seed):
    random = np.random.default_rng(seed)
    x1, y1 = random.uniform(-10, 10, 2)
    width, height = 10 ** random.uniform(-3, 3, 2)
    # Along y the cells are a whole number but for rounding.
    rows = random.integers(2, 60)
    params = {
        **SMALL,
        **{"x1": x1, "x2": x1 + width, "y1": y1, "y2": y1 + height},
        **{"dx": width / random.uniform(2, 60), "dy": height / rows},
        **{"runtime": 0, "outtime": 0, "grid": grid},
    }
    cube = diff2d.run(params, output="p.npy")
    y, x = _pure.nodes(cube.journal.scenarios[0].keys)
    assert same_bits(cube.y, y) and same_bits(cube.x, x)
    assert same_bits(cube.to_xarray().x.values, x)


def test_probe_tells_the_same_coordinates():
    cube = diff2d.run(SMALL, output="p.npy", dx=0.3, y1=0.1, y2=7.7, dy=0.7, grid="files", D=0.37)
    for k, j, i in [(0, 0, 0), (1, 3, 5), (-1, -1, -1), (2, 7, 60)]:
        done = program("probe", "p.npy", f"--at={k},{j},{i}")
        (row,) = csv.DictReader(io.StringIO(done.stdout))
        expected = (cube.t[k], cube.y[j], cube.x[i], cube.array[k, j, i])
        assert same_bits([float(row[name]) for name in ("t", "y", "x", "value")], expected)


@pytest.mark.parametrize(
    "params",
    [
        {"method": "rkl2", "grid": "walls", "dt": 0.31},
        {"method": "exact", "grid": "walls"},
        {"safety": 0.77, "outtime": 0.1},
        {"D": 0.1234567, "outtime": 0.0313},
    ],
)
def test_times_of_snapshots_to_come_are_those_of_the_run(params):
    def stop(snapshot):
        raise KeyboardInterrupt

    # More than a moment's work, so that something is left to come.
    params = {**SMALL, "dx": 0.05, **params}
    with pytest.raises(KeyboardInterrupt):
        diff2d.run(params, output="p.npy", on_commit=stop, threads=1)
    begun = diff2d.open("p.npy").to_xarray()
    cube = diff2d.run(params, output="p.npy", resume=True)
    assert same_bits(begun.t.values, cube.t)
    [planned] = _pure.times([(cube.journal.scenarios[0].keys, [], len(cube.t))])
    assert same_bits(planned, cube.t)
