"""Statistics, windows, probes, comparisons and checks against NumPy."""

import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import diff2d
import numpy as np
import pytest

from conftest import SMALL

pytest.importorskip("diff2d._native")


@pytest.fixture
def cube():
    return diff2d.run(SMALL, output="p.npy", grid="walls", boundary={"left": 2.0})


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(6, 7, 8))


def test_statistics_are_those_of_numpy(values):
    np.save("a.npy", values)
    for array in ("a.npy", Path("a.npy"), values, np.asfortranarray(values), values[::-1, ::2][::-1]):
        expected = np.load(array) if isinstance(array, (str, Path)) else array
        found = diff2d.stats(array, quantiles=[0.1, 0.5], histogram=(5, -1, 1))
        assert found.count == expected.size and found.nan == 0
        assert math.isclose(found.sum, expected.sum(), rel_tol=1e-12, abs_tol=1e-12)
        assert math.isclose(found.std, expected.std(), rel_tol=1e-12)
        assert (found.min, found.max) == (expected.min(), expected.max())
        assert expected[found.argmin] == found.min and expected[found.argmax] == found.max
        assert list(found.quantiles.values()) == pytest.approx(list(np.quantile(expected, [0.1, 0.5])))
        counts, edges = np.histogram(expected, 5, (-1, 1))
        assert np.array_equal(found.histogram[0], counts) and np.allclose(found.histogram[1], edges)


def test_statistics_along_axes(values):
    found = diff2d.stats(values, axis=(0, -1), quantiles=0.25)
    assert np.allclose(found.mean, values.mean((0, 2))) and found.count.shape == (7,)
    assert np.array_equal(found.max, values.max((0, 2)))
    assert np.allclose(found.quantiles[0.25], np.quantile(values, 0.25, (0, 2)))
    assert np.allclose(diff2d.stats(values, axis=1, select="1:3").std, values[1:3].std(1))


def test_trends_and_what_lies_above_a_limit(cube, values):
    found = diff2d.stats(values, op="trend", axis=1)
    line = np.polyfit(np.arange(7), np.moveaxis(values, 1, 0).reshape(7, -1), 1).reshape(2, 6, 8)
    assert np.allclose(found.slope, line[0]) and np.allclose(found.intercept, line[1])
    found = diff2d.stats(cube, op="trend", axis="t", select={"x": (0, None)})
    line = np.polyfit(cube.t, np.asarray(cube.array)[:, :, 10:].reshape(len(cube.t), -1), 1)
    assert np.allclose(found.slope.ravel(), line[0]) and np.allclose(found.intercept.ravel(), line[1])
    above = diff2d.stats(values, above=0.5)
    assert above.above == (values > 0.5).sum() and above.fraction == (values > 0.5).mean()
    above = diff2d.stats(values, above=0.5, axis=(0, 2), quantiles=0.5)
    assert np.array_equal(above.above, (values > 0.5).sum((0, 2)))
    assert np.allclose(above.fraction, (values > 0.5).mean((0, 2)))
    assert np.allclose(above.quantiles[0.5], np.quantile(values, 0.5, (0, 2)))
    with pytest.raises(diff2d.ParameterError, match="along an axis"):
        diff2d.stats(values, op="trend")


def test_statistics_of_cubes_in_units(cube):
    found = diff2d.stats(cube, axis=["y", "x"], select={"t": (1, None)})
    assert list(found.max) == [one.max for one in cube.snapshots[1:]]
    for select in ([slice(None, None, 2), slice(1, None, 3)], {"t": (None, None, 2), "y": slice(cube.y[1], None, 3)}):
        some = diff2d.stats(cube, select=select)
        assert some.count == cube.array[::2, 1::3].size
        assert some.sum == pytest.approx(cube.array[::2, 1::3].sum())
    boxed = diff2d.stats(cube, select=[slice(1, 3), slice(None), slice(-2, None)])
    assert boxed.count == 2 * 21 * 2
    assert boxed.sum == pytest.approx(cube.array[1:3, :, -2:].sum())


def test_integers_are_exact_and_nan_and_infinities_arrive():
    whole = np.full(3, 2**62, dtype=np.int64)
    assert diff2d.stats(whole).sum == 3 * 2**62
    found = diff2d.stats(np.array([1.0, np.nan, 3.0]))
    assert math.isnan(found.sum) and math.isnan(found.max) and found.nan == 1
    assert any("skip-nan" in note for note in found.notes)
    assert diff2d.stats(np.array([1.0, np.nan, 3.0]), skip_nan=True).sum == 4.0
    found = diff2d.stats(np.array([-np.inf, 0.0]))
    assert (found.min, found.sum, found.max) == (-np.inf, -np.inf, 0.0)
    empty = diff2d.stats(np.array([]))
    assert empty.count == 0 and empty.argmin is None


@pytest.mark.parametrize("op", ["sum", "mean", "min", "max", "std", "median", "quantile:0.3"])
def test_windows_are_those_of_numpy(values, op):
    view = np.lib.stride_tricks.sliding_window_view(values, (2, 3, 1))[::1, ::2]
    reduce = {"median": np.median}.get(op) or (
        (lambda a, axis: np.quantile(a, 0.3, axis)) if ":" in op else getattr(np, op)
    )
    found = diff2d.window(values, (2, 3, 1), op=op, stride=(1, 2, 1))
    assert isinstance(found, np.ndarray) and found.flags.writeable
    assert np.allclose(found, reduce(view, axis=(-3, -2, -1)))


def test_windows_have_a_rim_weights_and_types(values):
    ndimage = pytest.importorskip("scipy.ndimage")
    found = diff2d.window(values, op="gaussian", sigma=(0, 1, 2), pad="reflect", dtype=np.float32)
    assert found.dtype == np.float32
    expected = ndimage.gaussian_filter(values, (0, 1, 2), mode="reflect")
    assert np.allclose(found, expected, atol=1e-6)
    weights = np.arange(6.0).reshape(1, 2, 3)
    found = diff2d.window(values, op="weights", weights=weights, pad="constant:0")
    assert np.allclose(found, ndimage.correlate(values, weights, mode="constant"))


def test_windows_of_cubes_keep_their_coordinates(cube):
    found = diff2d.window(cube, {"t": 2.5}, op="mean", output="w.npy")
    assert isinstance(found, np.memmap) and not found.flags.writeable and found.shape == (3, 21, 21)
    assert np.allclose(found, (cube.array[1:] + cube.array[:-1]) / 2)
    coarse = diff2d.coarsen(cube, (1, 3, 3), output="c.npy")
    assert coarse.shape == (4, 7, 7)
    xarray = pytest.importorskip("xarray")
    from diff2d._engine import Diff2dBackend

    made = xarray.open_dataset("w.npy", engine=Diff2dBackend)
    assert list(made.t.values) == list((cube.t[1:] + cube.t[:-1]) / 2)
    assert np.array_equal(made.x.values, cube.x)
    made = xarray.open_dataset("c.npy", engine=Diff2dBackend)
    assert list(made.y.values) == list(cube.y[1::3])
    with pytest.raises(diff2d.ParameterError, match="w.npy"):
        diff2d.window(cube, {"t": 2.5}, op="mean", output="w.npy")
    diff2d.window(cube, (1, 1, 1), op="mean", output="w.npy", force=True)
    with pytest.raises(diff2d.ParameterError):
        diff2d.window("w.npy", (1, 1, 1), op="mean", output="p.npy", force=True)


def test_formulas_over_arrays_are_those_of_numpy(cube, values):
    found = diff2d.map("a - mean(a, 0) + b", a=values, b=np.float32([[2]]))
    assert found.flags.writeable and np.allclose(found, values - values.mean(0) + 2, rtol=0, atol=1e-15)
    found = diff2d.map("t*a", {"a": cube}, output="m.npy", dtype="f4", unit="K s")
    assert isinstance(found, np.memmap) and found.dtype == np.float32
    assert np.array_equal(found, (cube.array * cube.t[:, None, None]).astype(np.float32))
    assert np.array_equal(diff2d.map("2*a", a="m.npy[1:2]"), 2 * found[1:2])
    whole = diff2d.map("where(a > 0.5, 1, 0)", a=values, dtype=np.int16)
    assert whole.dtype == np.int16 and np.array_equal(whole, values > 0.5)
    with pytest.raises(diff2d.ParameterError, match="m.npy"):
        diff2d.map("a", a=cube, output="m.npy")


def test_probes(cube, values):
    found = diff2d.probe(cube, {"t": 1.25, "y": 0, "x": 0.4})
    assert found.index.tolist() == [[1, 10, 10]] and found.values == cube.array[1, 10, 10]
    assert found.coordinates["x"] == 0.0 and "node 10" in found.notes[0]
    found = diff2d.probe(values, [(0, 1, 2), (-1, -1, -1)])
    assert np.array_equal(found.values, [values[0, 1, 2], values[-1, -1, -1]])
    history = diff2d.probe(cube, (10, 10), series=True)
    assert np.array_equal(history.values, cube.array[:, 10, 10])
    assert np.array_equal(history.coordinates["t"], cube.t)
    many = np.argwhere(values > 1)
    assert np.array_equal(diff2d.probe(values, points=many).values, values[values > 1])
    large = np.array([2**63 + 1, 0], dtype=np.uint64)
    assert diff2d.probe(large, [(0,), (1,)]).values.tolist() == [2**63 + 1, 0]
    assert np.isnan(diff2d.probe(np.array([np.nan]), (0,)).values).all()


def test_comparisons(cube):
    assert diff2d.compare(cube, cube.array)
    close = cube.array * (1 + 1e-12)
    found = diff2d.compare(cube, close)
    assert not found and found.told["largest"]["ulps"] > 0
    assert diff2d.compare(cube, close, rtol=1e-9)
    assert not diff2d.compare(cube, cube.array[:2])
    diff2d.compare(cube, close, output="d.npy")
    assert np.array_equal(np.load("d.npy"), cube.array - close)


def test_checks_and_plans():
    problem = {**SMALL, "grid": "walls"}
    found = diff2d.check(problem, at=[(0, 0)], boundary={"left": 1.0})
    assert len(found["levels"]) == 3 and found["points"]
    assert diff2d.plan(problem, dx=0.5)["params"]["dx"] == 0.5
    np.save("D.npy", np.ones((21, 21)))
    assert diff2d.plan(problem, D={"file": "D.npy"})
    with pytest.raises(diff2d.ParameterError):
        diff2d.check(at=[(0, 0)])
    with pytest.raises(diff2d.ParameterError, match="outside of the domain"):
        diff2d.check(problem, at=[(99, 0)])


def test_damage_is_found_and_repaired(cube):
    content = bytearray(Path("p.npy").read_bytes())
    content[4096 + 2 * 21 * 21 * 8 + 100] ^= 1
    Path("p.npy").write_bytes(content)
    assert diff2d.verify("p.npy")["damaged"] == [2]
    assert diff2d.repair("p.npy")["repaired"] == [2]
    assert diff2d.verify("p.npy")["damaged"] == []
    assert diff2d.info("p.npy")["shape"] == [4, 21, 21]


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda: diff2d.stats("nowhere.npy"), diff2d.ResourceError, "nowhere.npy"),
        (lambda: diff2d.stats("--help"), diff2d.ResourceError, "--help"),
        (lambda: diff2d.stats(np.array(["a"])), diff2d.ParameterError, "U1"),
        (lambda: diff2d.stats(np.array([object()])), diff2d.ParameterError, "object"),
        (lambda: diff2d.stats(np.zeros(3), axis=5), diff2d.ParameterError, "axis"),
        (lambda: diff2d.stats(np.zeros(3), quantiles=2), diff2d.ParameterError, "from 0 to 1"),
        (lambda: diff2d.stats(np.zeros(3), memory="x"), diff2d.ParameterError, "expected a size"),
        (lambda: diff2d.stats(np.zeros(3), axis=0, histogram=3), diff2d.ParameterError, "axis"),
        (lambda: diff2d.stats(np.zeros(3), select=[slice(0, 3, -1)]), diff2d.ParameterError, "step of at least 1"),
        (lambda: diff2d.window(np.zeros(3), (5,), op="mean"), diff2d.ParameterError, "window"),
        (lambda: diff2d.window(np.zeros(3), (2,), op="mode"), diff2d.ParameterError, "mode"),
        (lambda: diff2d.window(np.zeros(3), [None], op="sum"), diff2d.ParameterError, "':' is no length"),
        (lambda: diff2d.window(np.zeros(3), op="sum"), diff2d.ParameterError, "window="),
        (lambda: diff2d.map("a + b", a=np.zeros(3)), diff2d.ParameterError, "b"),
        (lambda: diff2d.map("a + b", a=np.zeros(3), b=np.zeros(2)), diff2d.ParameterError, "broadcast"),
        (lambda: diff2d.probe(np.zeros(3), (3,)), diff2d.ParameterError, "3"),
        (lambda: diff2d.probe(np.zeros(3)), diff2d.ParameterError, "at="),
        (lambda: diff2d.probe(np.zeros(3), points=np.zeros(3)), diff2d.ParameterError, "indices"),
        (lambda: diff2d.compare(np.zeros(3), "nowhere.npy"), diff2d.ResourceError, "nowhere"),
        (lambda: diff2d.verify("nowhere.npy"), diff2d.ResourceError, "nowhere"),
    ],
)
def test_what_cannot_be_done_is_an_exception(call, kind, sentence):
    with pytest.raises(kind) as error:
        call()
    assert sentence in str(error.value)


def test_damaged_arrays_are_data_errors():
    np.save("a.npy", np.zeros(100))
    Path("a.npy").write_bytes(Path("a.npy").read_bytes()[:-1])
    with pytest.raises(diff2d.DataError) as error:
        diff2d.stats("a.npy")
    assert error.value.exit_code == 3


INTERRUPTED = """
import diff2d, time, os, signal, threading
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
began = time.monotonic()
try:
    diff2d.window("a.npy", (31, 31), op="median", pad="reflect", output="w.npy")
    print("done")
except KeyboardInterrupt:
    print("stopped", os.path.exists("w.npy"), os.path.exists("w.npy.partial"))
print(diff2d.stats("a.npy", select="0:10").count)
"""


def test_ctrl_c_ends_an_analysis_and_leaves_no_file(python):
    np.save("a.npy", np.random.default_rng(0).normal(size=(4000, 4000)))
    assert python(INTERRUPTED).splitlines() == ["stopped False False", "40000"]


def test_memory_is_bounded(python):
    text = """
import resource, numpy as np, diff2d
diff2d.stats(np.zeros(10)); diff2d.window(np.zeros(10), (2,), op="mean", output="small.npy")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
diff2d.stats("a.npy", memory="8MiB")
diff2d.window("a.npy", (5, 1), op="mean", memory="8MiB", output="w.npy")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    np.save("a.npy", np.zeros((2500, 10_000)))
    assert int(python(text)) < 64 << 10


CHECKED = """
import diff2d, os, signal, threading
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
problem = {"D": 1.0, "x1": 0, "x2": 1, "dx": 0.01, "runtime": 1.0, "outtime": 1.0, "grid": "walls"}
try:
    diff2d.check(problem)
    print("done")
except KeyboardInterrupt:
    print("stopped")
print(diff2d.stats([1.0, 2.0]).sum)
"""


def test_ctrl_c_ends_a_check(python):
    assert python(CHECKED).splitlines() == ["stopped", "3.0"]


def test_exports_are_those_of_the_program(cube):
    assert diff2d.export(cube, "csv", output="p.csv") == Path("p.csv")
    with open("p.csv") as file:
        assert sum(1 for _ in file) == 1 + cube.array.size
    with pytest.raises(diff2d.ParameterError, match="p.csv"):
        diff2d.export(cube, "csv", output="p.csv")
    assert diff2d.export(cube, "xdmf").exists()
    with pytest.raises(diff2d.ParameterError, match="docx"):
        diff2d.export(cube, "docx")
    rounded = diff2d.export(cube, "zarr", keep_bits=9, compress=True, chunks=(2, 5, 7))
    kept = json.loads((rounded / "p" / "zarr.json").read_text())
    assert kept["chunk_grid"]["configuration"]["chunk_shape"] == [2, 5, 7]
    assert kept["attributes"]["quantization_nsb"] == 9
    with pytest.raises(diff2d.ParameterError, match="max_error"):
        diff2d.export(cube, "zarr", output="q.zarr", max_error=-1.0)


@pytest.mark.parametrize("dtype", ["i4", "u1", "f4", "b1"])
def test_masked_elements_are_nan_whatever_the_type(dtype):
    values = np.ma.array(np.asarray([1, 0, 1], dtype), mask=[0, 1, 0])
    found = diff2d.stats(values, skip_nan=True)
    assert (found.count, found.sum) == (2, 2.0)


def test_what_is_known_of_arrays_in_memory_reaches_the_commands():
    xarray = pytest.importorskip("xarray")

    def opened(path):
        return xarray.open_dataset(path, engine="diff2d")

    units = {"t": "s", "x": "m", "p": "K"}
    plate = diff2d.solve({**SMALL, "grid": "walls", "mask": {"where": "x < -9.5"}, "units": units})
    last = diff2d.stats(plate, select={"t": plate.t[-1], "x": (0, None)})
    assert last.max == plate.p[-1, :, plate.x >= 0].max() and last.count == 21 * 11
    assert diff2d.stats(plate).nan == 4 * 21 and diff2d.stats(plate).max == np.nanmax(plate.p)
    labelled = plate.to_xarray().p
    assert diff2d.stats(labelled, select={"t": plate.t[-1], "x": (0, None)}).max == last.max
    masked = np.ma.masked_invalid(plate.p)
    assert diff2d.stats(masked).max == masked.max()
    for array in (plate, labelled):
        diff2d.coarsen(array, {"t": 2.5}, op="max", output="coarse.npy", force=True)
        found = opened("coarse.npy")
        assert found.p.dims == ("t", "y", "x") and found.p.attrs["units"] == "K"
        assert list(found.t.values) == [0.625, 3.125] and found.t.attrs["units"] == "s"
        assert np.array_equal(found.x.values, plate.x) and found.x.attrs["units"] == "m"
    # Of a sweep the names are known.
    diff2d.sweep({"params": SMALL, "D": [0.5, 1.0]}, output="sweep.npy")
    diff2d.window("sweep.npy", (1, 2, 1, 1), op="mean", output="means.npy")
    assert opened("means.npy").p.dims == ("scenario", "t", "y", "x")


def test_rates_of_a_cube_are_those_of_its_record():
    record = {"every": 1.0, "totals": True}
    cube = diff2d.run(SMALL, output="f.npy", grid="walls", boundary={"left": 2.0}, record=record)
    found = diff2d.flux(cube)
    assert found["t"].tolist() == [snapshot.simtime for snapshot in cube.snapshots]
    for row in (0, -1):
        assert found["left_rate"][row] == cube.record["left_rate"][row]
    assert diff2d.flux(cube, snapshots=(-1, None))["t"].tolist() == found["t"][-1:].tolist()
