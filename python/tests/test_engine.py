"""The xarray engine, which needs no compiled part."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

xarray = pytest.importorskip("xarray")

from diff2d import _engine  # noqa: E402
from diff2d._engine import Diff2dBackend  # noqa: E402

from conftest import FIXTURES  # noqa: E402


def opened(path, **options):
    return xarray.open_dataset(path, engine=Diff2dBackend, **options)


def test_a_cube_has_coordinates_units_and_attributes():
    found = opened(FIXTURES / "finished.npy")
    values = np.load(FIXTURES / "finished.npy")
    assert found.p.dims == ("t", "y", "x") and found.p.dtype == values.dtype
    assert np.array_equal(found.p.values, values)
    assert list(found.t.values[:3]) == [0.0, 12.5, 25.0]
    # Units that nobody gave are not known.
    assert found.p.long_name == "p"
    assert not any("units" in found[name].attrs for name in ("t", "y", "x", "p"))
    assert found.attrs["D"] == 1.0 and found.attrs["nper"] == 8 and found.attrs["dx"] == 2.5
    assert found.attrs["grid"] == "slides" and found.attrs["graphics"] == "false"
    assert found.sel(t=25.0, method="nearest").p.shape == (10, 10)


def test_snapshots_that_are_not_committed_are_missing():
    found = opened(FIXTURES / "half.npy")
    values = np.load(FIXTURES / "half.npy")
    assert found.p.shape == values.shape == (9, 10, 10)
    assert np.array_equal(found.p.values[:6], values[:6])
    assert np.isnan(found.p.values[6:]).all()
    # Their times follow from the parameters.
    assert list(found.t.values) == [12.5 * k for k in range(9)]
    assert opened(FIXTURES / "half.npy", committed_only=True).p.shape == (6, 10, 10)
    single = opened(FIXTURES / "half-f32.npy")
    assert single.p.dtype == np.float32 and int(np.isnan(single.p).sum()) == 5 * 81


def test_the_scenarios_of_a_sweep_have_their_parameters():
    found = opened(FIXTURES / "half-sweep.npy")
    assert found.p.dims == ("scenario", "t", "y", "x")
    assert list(found.D.values) == [0.5, 0.5, 1.0, 1.0, 2.0, 2.0]
    assert list(found.outtime.values) == [12.5, 25.0] * 3
    assert found.time.dims == ("scenario", "t")
    assert list(found.time.values[1, :5]) == [0.0, 25.0, 50.0, 75.0, 100.0]
    assert np.isnan(found.time.values[1, 5:]).all()
    whole = np.load(FIXTURES / "half-sweep.npy")
    assert np.array_equal(found.p.values[:2], whole[:2], equal_nan=True)
    assert np.isnan(found.p.values[2:]).all()
    only = opened(FIXTURES / "half-sweep.npy", committed_only=True)
    assert list(only.D.values) == [0.5, 0.5]
    # Complete scenarios need not be the first ones.
    shutil.copy(FIXTURES / "half-sweep.npy", "s.npy")
    lines = (FIXTURES / "half-sweep.journal").read_bytes().splitlines(keepends=True)
    Path("s.journal").write_bytes(b"".join(line for line in lines if b'"scenario":0,' not in line))
    only = opened("s.npy", committed_only=True)
    assert list(only.outtime.values) == [25.0] and only.time.shape == (1, 9)
    assert np.array_equal(only.p.values, whole[1:2], equal_nan=True)
    assert np.array_equal(only.p[0, 1:3, 2].values, whole[1, 1:3, 2])
    where = found.p.where((found.D == 0.5) & (found.outtime == 25.0), drop=True)
    assert where.sizes["scenario"] == 1


def test_nothing_is_read_before_it_is_needed(monkeypatch):
    reads = []
    read = _engine._Lazy._read

    def counted(self, key):
        found = read(self, key)
        reads.append(found.size)
        return found

    monkeypatch.setattr(_engine._Lazy, "_read", counted)
    found = opened(FIXTURES / "half.npy")
    corner = found.p.isel(t=2, y=slice(0, 3))
    assert reads == []
    assert corner.values.shape == (3, 10)
    assert reads == [30]


@pytest.mark.parametrize("name", ["half", "half-f32", "half-sweep", "finished"])
def test_any_indices_give_what_numpy_gives(name):
    random = np.random.default_rng(1)
    whole = opened(FIXTURES / f"{name}.npy").p.values
    for _ in range(60):
        lazy = opened(FIXTURES / f"{name}.npy").p
        key = {}
        expected = whole
        for axis, dimension in reversed(list(enumerate(lazy.dims))):
            length = whole.shape[axis]
            start, stop = sorted(random.integers(-length, length + 1, 2))
            step = int(random.choice([1, 2, -1, 3]))
            choices = [
                int(random.integers(-length, length)),
                slice(int(start), int(stop), 1),
                slice(None, None, step),
                random.integers(0, length, 3),
                np.array([length - 1]),
                slice(None),
                np.array([], dtype=int),
            ]
            choice = choices[random.integers(len(choices))]
            key[dimension] = choice
            if isinstance(choice, int):
                expected = expected.take(choice, axis)
            elif isinstance(choice, slice):
                expected = expected[(slice(None),) * axis + (choice,)]
            else:
                expected = expected.take(choice, axis)
        assert np.array_equal(lazy.isel(key).values, expected, equal_nan=True), key


def test_points_along_a_dimension_of_their_own():
    found = opened(FIXTURES / "half.npy").p
    places = {"t": xarray.DataArray([1, 2, 8], dims="n"), "y": xarray.DataArray([4, 5, 6], dims="n")}
    expected = np.load(FIXTURES / "half.npy")[[1, 2, 8], [4, 5, 6]]
    expected[2] = np.nan
    assert np.array_equal(found.isel(places).values, expected, equal_nan=True)


def test_datasets_can_be_pickled_and_chunked():
    found = opened(FIXTURES / "half.npy")
    again = pickle.loads(pickle.dumps(found))
    assert found.identical(again)
    pytest.importorskip("dask")
    chunked = opened(FIXTURES / "half.npy", chunks={"t": 2})
    assert chunked.p.chunks[0] == (2, 2, 2, 2, 1)
    assert np.allclose(chunked.p.mean("t"), found.p.mean("t"), rtol=1e-14)


def test_processes_of_dask_compute_what_one_does():
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    workers = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**workers) as cluster, distributed.Client(cluster):
        for name in ("half", "half-sweep"):
            lazy = opened(FIXTURES / f"{name}.npy", chunks={"t": 2}).p
            assert lazy.identical(pickle.loads(pickle.dumps(lazy)))
            found = lazy.rolling(t=3).mean().compute()
            xarray.testing.assert_allclose(found, opened(FIXTURES / f"{name}.npy").p.rolling(t=3).mean())


def test_only_cubes_with_a_journal_are_guessed():
    engine = Diff2dBackend()
    assert engine.guess_can_open(str(FIXTURES / "half.npy"))
    assert engine.guess_can_open(FIXTURES / "half-sweep.npy")
    np.save("plain.npy", np.zeros(3))
    assert not engine.guess_can_open("plain.npy")
    Path("plain.journal").write_text("a diary")
    assert not engine.guess_can_open("plain.npy")
    assert not engine.guess_can_open(str(FIXTURES / "half.journal"))
    assert not engine.guess_can_open("nowhere.npy") and not engine.guess_can_open(b"bytes")
    assert not engine.guess_can_open("a\0b.npy")


def test_arrays_made_from_cubes_have_their_axes():
    np.save("made.npy", np.arange(12.0).reshape(3, 2, 2))
    Path("made.axes.json").write_text(
        '{"format":1,"shape":[3,2,2],"axes":['
        '{"name":"statistic","labels":["count","sum","mean"]},'
        '{"name":"t","spacing":1.25,"coordinates":[0.0,1.25]},null]}'
    )
    found = opened("made.npy")
    assert found.p.dims == ("statistic", "t", "x")
    assert list(found.t.values) == [0.0, 1.25] and "units" not in found.t.attrs
    assert list(found.sel(statistic="mean", t=1.25).p.values) == [10.0, 11.0]
    # Latitudes go from north to south.
    Path("made.axes.json").write_text(
        '{"format":1,"shape":[3,2,2],"axes":['
        '{"name":"lat","spacing":-10.0,"coordinates":[60.0,50.0,40.0]},null,null]}'
    )
    found = opened("made.npy")
    assert list(found.lat.values) == [60.0, 50.0, 40.0]
    # Of another shape, they are those of another array.
    np.save("made.npy", np.asfortranarray(np.arange(6.0).reshape(3, 2)))
    found = opened("made.npy")
    assert found.p.dims == ("y", "x") and not found.coords
    assert np.array_equal(found.p.values, np.arange(6.0).reshape(3, 2))


def test_arrays_of_any_shape_open():
    for shape in [(), (0, 3), (1,), (2, 1, 2, 1, 2)]:
        values = np.ones(shape, dtype=">f4")
        np.save("any.npy", values)
        found = opened("any.npy")
        assert found.p.shape == shape and np.array_equal(found.p.values, values)
    Path("bad.npy").write_bytes(b"no array")
    with pytest.raises(ValueError, match="no .npy file"):
        opened("bad.npy")
    with pytest.raises(FileNotFoundError):
        opened("nowhere.npy")


def test_a_file_that_becomes_shorter_is_an_error_and_no_signal():
    for end in (".npy", ".journal"):
        shutil.copy(FIXTURES / f"half{end}", f"cube{end}")
    found = opened("cube.npy")
    Path("cube.npy").write_bytes(b"")
    with pytest.raises(OSError, match="shorter"):
        found.p.isel(t=1).values


def test_the_compiled_part_may_be_absent(pure, python):
    text = f"""
import sys; sys.path.insert(0, {str(pure)!r})
import diff2d, xarray
assert diff2d.__file__.startswith({str(pure)!r})
from diff2d._engine import Diff2dBackend
found = xarray.open_dataset({str(FIXTURES / 'half.npy')!r}, engine=Diff2dBackend)
print(found.p.isel(t=slice(0, 6)).shape, len(diff2d.open({str(FIXTURES / 'half-sweep.npy')!r}).array))
try:
    diff2d.run
except ImportError as error:
    print(error)
"""
    shape, missing = python(text, PYTHONPATH="").splitlines()
    assert shape == "(6, 10, 10) 2"
    assert missing.startswith("diff2d.run needs the compiled part")
