"""Makes cubes, exports them, and reads them with everything that claims to read them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fsspec
import h5py
import netCDF4
import numcodecs
import numpy as np
import pandas
import vtk
import xarray
import zarr
from vtk.util.numpy_support import vtk_to_numpy

PROGRAM = sys.argv[1]
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "export.md"
SMALL = "D = 1.0\nx1 = -10.0\nx2 = 10.0\ny1 = -4.0\ny2 = 5.0\nruntime = 3.75\ndx = 1.0\nouttime = 1.25\n"


def diff2d(*arguments, code=0):
    told = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert told.returncode == code, f"diff2d {arguments}: exit {told.returncode}\n{told.stderr}"
    return told


# --------------------------------------------------------------------------- what is expected, by NumPy alone


class Expected:
    """An array with dimensions, coordinates and missing snapshots, from the .npy and the journal."""

    def __init__(self, path):
        self.path = path
        self.values = np.load(path)
        self.coordinates = {}
        self.missing = np.zeros(self.values.shape[:-2], bool)
        journal = path.with_suffix(".journal")
        dims = ["scenario", "t", "y", "x"]
        self.dims = dims[4 - self.values.ndim:]
        self.exact_times = None
        if not journal.exists():
            for name, length in zip(self.dims, self.values.shape):
                self.coordinates[name] = np.arange(length)
            return
        lines = [json.loads(line) for line in journal.read_text().splitlines() if line.endswith("}")]
        header, records = lines[0], lines[1:]
        scenarios = self.scenarios(header)
        times = np.full((len(scenarios), self.values.shape[-3]), np.nan)
        self.missing = np.ones(times.shape, bool)
        for number, one in enumerate(scenarios):
            t = 0.0
            for index in range(1 + one["nsteps"] // one["nper"]):
                times[number, index] = t
                for _ in range(one["nper"]):
                    t += one["dt"]
        for record in records:
            place = record.get("scenario", 0), record["index"]
            self.missing[place] = False
            assert times[place] == record["simtime"]
        grids = [(self.nodes(one, "y"), self.nodes(one, "x")) for one in scenarios]
        self.grids, self.exact_times = grids, times
        same = all(np.array_equal(grid[0], grids[0][0]) and np.array_equal(grid[1], grids[0][1]) for grid in grids)
        if "varied" in header:
            self.coordinates["scenario"] = np.arange(len(scenarios))
            self.coordinates["time"] = times
            with np.errstate(all="ignore"):
                agree = all(len(set(column[~np.isnan(column)])) == 1 for column in times.T)
            if agree:
                self.coordinates["t"] = np.nanmax(times, axis=0)
            for key in ["D", "x2"]:
                given = [one["params"].get(key) for one in scenarios]
                if len(set(map(str, given))) > 1:
                    self.coordinates[key] = np.array(given, float)
        else:
            self.missing = self.missing[0]
            self.coordinates["t"] = times[0]
        for name, axis in [("y", 0), ("x", 1)]:
            if all(np.array_equal(grid[axis], grids[0][axis]) for grid in grids):
                self.coordinates[name] = grids[0][axis]
            else:
                self.coordinates[f"{name}_of_node"] = np.array([grid[axis] for grid in grids])
        assert same or "x_of_node" in self.coordinates
        if self.values.dtype.kind == "f":
            self.values = self.values.copy()
            self.values[self.missing] = np.nan

    @staticmethod
    def scenarios(header):
        """What line 1 says of each scenario: of the first, and in `varied` of all what is not the same."""
        if "varied" not in header:
            return [header]
        each = []
        for number in range(header["shape"][0]):
            one = json.loads(json.dumps(header))
            for name, values in header["varied"].items():
                *tables, key = name.split(".")
                table = one
                for inner in tables:
                    table = table.setdefault(inner, {})
                table[key] = values[number]
            each.append(one)
        return each

    @staticmethod
    def nodes(run, axis):
        params, step = run["params"], run["d" + axis]
        low, high = params.get(axis + "1"), params.get(axis + "2")
        if params.get("grid", "slides") == "walls":
            count = int((high - low) / params["d" + axis])
            nodes = low + np.arange(count + 1) * step
            nodes[-1] = high
            return nodes
        count = int((high - low) / params["d" + axis])
        return np.linspace(low - step, high + step, count + 2)

    def frames(self):
        """Every frame that is there, with its scenario, its time and its nodes."""
        for place in np.ndindex(*self.values.shape[:-2]):
            if self.missing[place]:
                continue
            scenario, index = (place if len(place) == 2 else (None, *place)) if place else (None, None)
            at = self.exact_times[scenario or 0, index] if self.exact_times is not None else index or 0.0
            nodes = self.grids[scenario or 0] if self.exact_times is not None else (
                self.coordinates["y"], self.coordinates["x"])
            yield scenario, at, nodes, self.values[place]


class Smaller:
    """What is expected of an export with other chunks, and with fewer bits where they are floats."""

    BITS = 16
    CHUNKS = 3, 5, 7

    def __init__(self, expected):
        self.dims, self.coordinates = expected.dims, expected.coordinates
        values = expected.values
        self.options = ["--compress", "--chunks", ",".join(map(str, self.CHUNKS[-min(values.ndim, 3):]))]
        chunk = [1] * (values.ndim - 3) + [*self.CHUNKS[-min(values.ndim, 3):]]
        self.chunk = tuple(min(pair) for pair in zip(chunk, values.shape))
        if values.dtype.kind == "f":
            self.options += ["--keep-bits", str(self.BITS)]
            values = numcodecs.BitRound(keepbits=self.BITS).encode(values.astype(values.dtype.newbyteorder("=")))
            values = values.view(f"f{values.itemsize}").reshape(expected.values.shape)
            self.error = np.nanmax(np.abs(values.astype(float) - expected.values.astype(float)))
        self.values = values
        # Chunks in which any frame holds data.
        frames = np.zeros(values.shape, bool) | ~expected.missing[..., None, None]
        self.there = {tuple(i // n for i, n in zip(place, self.chunk)) for place in np.argwhere(frames)}

    def check_attributes(self, told, algorithm, what):
        assert told["quantization"] == "quantization_info" and told["quantization_nsb"] == self.BITS, what
        assert told["quantization_maximum_absolute_error"] == self.error, what
        assert algorithm["algorithm"] == "bitround", what


def check_smaller_zarr(smaller, path):
    group = zarr.open_group(path, mode="r")
    array = group["p"]
    assert array.chunks == smaller.chunk
    assert [type(one).__name__ for one in array.metadata.codecs] == ["BytesCodec", "BloscCodec"]
    equal(array[...], smaller.values, path)
    there = {tuple(map(int, file.parts[-smaller.values.ndim:]))
             for file in (Path(path) / "p" / "c").rglob("*") if file.is_file()}
    assert there == smaller.there, f"{path}: chunks of {there}"
    if smaller.values.dtype.kind == "f":
        smaller.check_attributes(array.attrs, group["quantization_info"].attrs, path)
    with xarray.open_zarr(path) as dataset:
        check_xarray(smaller, dataset, path)


def check_smaller_hdf5(smaller, path):
    with h5py.File(path) as file:
        array = file["p"]
        assert array.compression == "gzip" and array.shuffle and array.chunks == smaller.chunk
        equal(array[...], smaller.values, f"{path} by h5py")
        offsets = [array.id.get_chunk_info(i).chunk_offset for i in range(array.id.get_num_chunks())]
        there = {tuple(i // n for i, n in zip(offset, smaller.chunk)) for offset in offsets}
        assert there == smaller.there, f"{path}: chunks of {there}"
    with netCDF4.Dataset(path) as file:
        variable = file["p"]
        equal(np.ma.filled(variable[...], np.nan) if smaller.values.dtype.kind == "f" else variable[...],
              smaller.values, f"{path} by netCDF4")
        if smaller.values.dtype.kind == "f":
            smaller.check_attributes(variable.__dict__, file["quantization_info"].__dict__, path)
    with xarray.open_dataset(path, engine="netcdf4") as dataset:
        check_xarray(smaller, dataset, path)


SMALLER = {"zarr": check_smaller_zarr, "hdf5": check_smaller_hdf5}


def equal(got, wanted, what):
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, not {wanted.shape}"
    is_float = wanted.dtype.kind == "f"
    assert np.array_equal(got, wanted, equal_nan=is_float), f"{what}: values differ"


# ------------------------------------------------------------------------------------------------- the readers


def check_xarray(expected, dataset, what, widened=False):
    variable = dataset["p"]
    assert list(variable.dims) == expected.dims, f"{what}: dimensions {variable.dims}"
    native = expected.values.dtype.newbyteorder("=")
    if not widened:
        assert variable.dtype == native, f"{what}: {variable.dtype}, not {native}"
    equal(variable.values, expected.values, what)
    for name, wanted in expected.coordinates.items():
        assert name in dataset.coords, f"{what}: {name} is no coordinate"
        equal(dataset.coords[name].values, wanted, f"{what}: {name}")


def check_zarr(expected, path):
    group = zarr.open_group(path, mode="r")
    array = group["p"]
    equal(array[...], expected.values, path)
    for name, wanted in expected.coordinates.items():
        equal(group[name][...], wanted, f"{path}: {name}")
    if expected.values.dtype.kind == "f":
        assert np.isnan(array.fill_value)
    chunk = np.prod(array.chunks) * array.dtype.itemsize
    assert chunk <= 4 << 20, f"{path}: chunks of {chunk} bytes"
    # Missing snapshots are missing chunks.
    outer = {tuple(map(int, file.parts[-expected.values.ndim:][:-2]))
             for file in (Path(path) / "p" / "c").rglob("*") if file.is_file()}
    there = {tuple(map(int, place)) for place in np.argwhere(~expected.missing)}
    assert outer == there, f"{path}: chunks of {outer}, not {there}"
    with xarray.open_zarr(path) as dataset:
        check_xarray(expected, dataset, path)


def check_kerchunk(expected, path):
    references = json.loads(Path(path).read_text())["refs"]
    there = {key for key in references if key.startswith("p/") and key[2].isdigit()}
    wanted = {"p/" + ".".join(map(str, [*place, 0, 0])) for place in np.argwhere(~expected.missing)}
    assert there == wanted, f"{path}: references to {there}"
    # From any directory: the references hold the cube's whole path.
    home, path = Path.cwd(), str(Path(path).absolute())
    os.chdir("/")
    try:
        check_kerchunk_references(expected, path)
    finally:
        os.chdir(home)


def check_kerchunk_references(expected, path):
    with xarray.open_dataset(path, engine="kerchunk") as dataset:
        check_xarray(expected, dataset, path, widened=expected.values.dtype.byteorder == ">")
    files = fsspec.filesystem("reference", fo=path, asynchronous=True, remote_protocol="file",
                              remote_options={"asynchronous": True})
    store = zarr.storage.FsspecStore(files, read_only=True)
    equal(zarr.open_group(store, mode="r", zarr_format=2)["p"][...], expected.values, path)


def check_hdf5(expected, path):
    with h5py.File(path) as file:
        array = file["p"]
        assert array.compression == "gzip" and array.shuffle and array.chunks
        equal(array[...], expected.values, f"{path} by h5py")
        for axis, name in enumerate(expected.dims):
            assert file[name].is_scale and array.dims[axis][0] == file[name], f"{path}: scale {name}"
        for name, wanted in expected.coordinates.items():
            equal(file[name][...], wanted, f"{path} by h5py: {name}")
        there = {array.id.get_chunk_info(i).chunk_offset[:-2] for i in range(array.id.get_num_chunks())}
        assert there == {tuple(map(int, place)) for place in np.argwhere(~expected.missing)}, path
    with netCDF4.Dataset(path) as file:
        assert file["p"].dimensions == tuple(expected.dims)
        filled = file["p"][...]
        values = np.ma.filled(filled, np.nan) if expected.values.dtype.kind == "f" else filled
        equal(values, expected.values, f"{path} by netCDF4")
        for name, wanted in expected.coordinates.items():
            equal(np.ma.filled(file[name][...], np.nan) if wanted.dtype.kind == "f" else file[name][...],
                  wanted, f"{path} by netCDF4: {name}")
    with xarray.open_dataset(path, engine="netcdf4") as dataset:
        check_xarray(expected, dataset, path)


def check_csv(expected, path):
    # From version 3 on numbers are always read exactly.
    exact = {"float_precision": "round_trip"} if int(pandas.__version__.split(".")[0]) < 3 else {}
    table = pandas.read_csv(path, **exact)
    assert list(table.columns) == [*expected.dims, "p"], f"{path}: {table.columns}"
    rows = []
    for scenario, at, (y, x), frame in expected.frames():
        count = frame.size
        row = {} if scenario is None else {"scenario": np.full(count, scenario)}
        row |= {"t": np.full(count, at), "y": np.repeat(y, len(x)), "x": np.tile(x, len(y)), "p": frame.ravel()}
        rows.append(pandas.DataFrame({name: row[name] for name in table.columns}))
    wanted = pandas.concat(rows) if rows else table[:0]
    for name in table.columns:
        got = table[name].to_numpy().astype(wanted[name].dtype)
        equal(got, wanted[name].to_numpy(), f"{path}: {name}")


def check_image(image, y, x, frame, what):
    assert image.GetDimensions() == (len(x), len(y), 1), f"{what}: {image.GetDimensions()}"
    array = image.GetPointData().GetArray("p")
    got = vtk_to_numpy(array).reshape(len(y), len(x))
    assert got.dtype.itemsize == frame.dtype.itemsize
    equal(got, frame, what)
    for axis, nodes in [(0, x), (1, y)]:
        if hasattr(image, "GetSpacing"):
            points = image.GetOrigin()[axis] + image.GetSpacing()[axis] * np.arange(len(nodes))
        else:
            points = vtk_to_numpy([image.GetXCoordinates, image.GetYCoordinates][axis]())
        assert np.allclose(points, nodes, rtol=1e-13, atol=1e-13), f"{what}: {points} not {nodes}"


def check_xdmf(expected, path):
    """VTK's own reader of XDMF 2."""
    series = {}
    for scenario, at, nodes, frame in expected.frames():
        series.setdefault(scenario, []).append((at, nodes, frame))
    reader = vtk.vtkXdmfReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    information = reader.GetOutputInformation(0)
    key = vtk.vtkStreamingDemandDrivenPipeline.TIME_STEPS()
    steps = [information.Get(key, i) for i in range(information.Length(key))] if information.Has(key) else []
    wanted_steps = sorted({at for frames in series.values() for at, _, _ in frames})
    if len(wanted_steps) > 1:
        assert sorted(steps) == wanted_steps, f"{path}: times {steps}, not {wanted_steps}"
    for number, (scenario, frames) in enumerate(series.items()):
        for at, (y, x), frame in frames:
            reader.UpdateTimeStep(at)
            output = reader.GetOutputDataObject(0)
            if scenario is not None:
                output = output.GetBlock(number)
            check_image(output, y, x, frame, f"{path}: scenario {scenario} at {at}")


# ---------------------------------------------------------------------------------------------------- the cases


def kill(command, params, cube, *options, snapshots):
    """Starts a run or a sweep, which is held after so many snapshots of 10,000 steps, and kills it once its journal lists them."""
    journal = Path(cube).with_suffix(".journal")
    arguments = [PROGRAM, command, params, "-o", cube, *options]
    environment = {**os.environ, "DIFF2D_HOLD_AFTER": str(10_000 * snapshots + 5_000)}
    with subprocess.Popen(
        arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        while not journal.exists() or journal.read_bytes().count(b"\n") <= snapshots:
            assert run.poll() is None, f"{arguments}: ended with {run.returncode}"
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)


def make(home):
    """The arrays: names without their endings."""
    os.chdir(home)
    Path("p.toml").write_text(SMALL)
    Path("s.toml").write_text('params = "p.toml"\nD = [0.5, 1.0, 2.0]\n')
    Path("g.toml").write_text('params = "p.toml"\ncombine = "zip"\nx2 = [10.0, 30.0]\ndx = [1.0, 2.0]\ndy = [1.0, 1.0]\n')
    long = ["--set", "runtime=1000000", "--set", "outtime=2500"]
    diff2d("run", "p.toml", "-o", "complete.npy")
    diff2d("run", "p.toml", "-o", "single.npy", "--set", "precision=f32", "--set", "grid=walls")
    # 6.6 MB a snapshot: several chunks, which do not fill its ends.
    large = ["--set", "dx=0.0247", "--set", "dy=0.0091", "--set", "runtime=0.0002", "--set", "outtime=0.0001"]
    diff2d("run", "p.toml", "-o", "large.npy", *large)
    kill("run", "p.toml", "killed.npy", *long, snapshots=5)
    kill("run", "p.toml", "killed-single.npy", *long, "--set", "precision=f32", snapshots=3)
    diff2d("sweep", "s.toml", "-o", "sweep.npy")
    diff2d("sweep", "g.toml", "-o", "grids.npy")
    kill("sweep", "s.toml", "killed-sweep.npy", *long, "--set", "precision=f32", snapshots=4)
    random = np.random.default_rng(1)
    np.save("integers.npy", random.integers(-9, 9, (3, 4, 5), dtype=np.int16))
    np.save("matrix.npy", random.random((4, 5)))
    np.save("fortran.npy", np.asfortranarray(random.random((3, 4, 5), dtype=np.float32)))
    np.save("big.npy", random.random((2, 4, 5)).astype(">f8"))
    return sorted(path.stem for path in Path().glob("*.npy"))


FORMATS = {
    "zarr": (check_zarr, ".zarr"), "kerchunk": (check_kerchunk, ".kerchunk.json"), "hdf5": (check_hdf5, ".h5"),
    "csv": (check_csv, ".csv"), "xdmf": (check_xdmf, ".xdmf"),
}


# ParaView's readers. They want the whole path: Xdmf3 finds no cube beside a file without one.
PARAVIEW = {"xdmf": ["XDMFReader", "Xdmf3ReaderS", "Xdmf3ReaderT"]}


def cases_for_paraview(word, name, output):
    """What `in_paraview.py` reads of an export."""
    return [
        {"reader": reader, "file": str(Path(output).absolute()), "frames": f"{name}.frames.npz"}
        for reader in PARAVIEW.get(word, [])
    ]


def frames_for_paraview(expected, name):
    """The frames of an array in a file, for `in_paraview.py`."""
    frames = list(expected.frames())
    named = {"t": [at for _, at, _, _ in frames]}
    for number, (_, _, (y, x), frame) in enumerate(frames):
        named |= {f"y{number}": y, f"x{number}": x, f"p{number}": frame}
    np.savez(f"{name}.frames", **named)


def check_in_paraview(cases):
    """ParaView has an interpreter of its own."""
    pvpython = shutil.which("pvpython")
    if pvpython is None:
        print("interop: ParaView skipped, there is no pvpython")
        return
    Path("cases.json").write_text(json.dumps(cases))
    script = Path(__file__).resolve().parent / "in_paraview.py"
    subprocess.run([pvpython, script, "cases.json"], check=True)


def check_document(has_hdf5):
    """The Python of docs/export.md, but for pictures, and for HDF5 where the program has none."""
    diff2d("run", "p.toml", "-o", "diff2dparams.npy")
    for word in ["zarr", "kerchunk", "csv"] + ["hdf5"] * has_hdf5:
        diff2d("export", "diff2dparams.npy", "--to", word)
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.S)
    assert len(blocks) == 2
    for block in blocks:
        lines = [line for line in block.splitlines() if ".plot(" not in line and (has_hdf5 or ".h5" not in line)]
        exec(compile("\n".join(lines), DOCUMENT, "exec"), {})


def main():
    started = time.monotonic()
    features = diff2d("--version").stdout.split()
    with tempfile.TemporaryDirectory() as home:
        names = make(Path(home))
        checked = 0
        in_paraview = []
        for name in names:
            path = Path(name + ".npy")
            expected = Expected(path)
            before = path.read_bytes()
            if name.startswith("killed"):
                assert expected.missing.any() and not expected.missing.all(), f"{name}: nothing is missing"
            for word, (check, ending) in FORMATS.items():
                if word == "hdf5" and "hdf5" not in features:
                    continue
                if name == "fortran" and word in ("kerchunk", "xdmf"):
                    diff2d("export", path, "--to", word, code=2)
                    continue
                if name == "large" and word == "csv":
                    continue
                output = name + ending
                if "sweep" in name or name == "grids":
                    output = output.replace(".csv", "-values.csv")
                told = diff2d("export", path, "--to", word)
                assert told.stdout == output + "\n", told.stdout
                try:
                    check(expected, output)
                except Exception as error:
                    raise AssertionError(f"{name} as {word}: {error}") from error
                checked += 1
                if word in SMALLER and name != "large":
                    smaller = Smaller(expected)
                    told = diff2d("export", path, "--to", word, "-o", "smaller" + ending, "--force", *smaller.options)
                    SMALLER[word](smaller, "smaller" + ending)
                    checked += 1
                in_paraview += cases_for_paraview(word, name, output)
            frames_for_paraview(expected, name)
            assert path.read_bytes() == before
        check_in_paraview(in_paraview)
        check_document("hdf5" in features)
    if "hdf5" not in features:
        print("interop: HDF5 skipped, the program was built without it")
    print(f"interop: {checked} exports of {len(names)} arrays read back in {time.monotonic() - started:.0f} s")


main()
