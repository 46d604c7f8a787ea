"""Statistics, windows, probes, comparisons and checks: the commands of these names, over paths and arrays.

Options have the names of the command line with `_` for `-`. Where the command line takes a list in a text,
a list or tuple does, too: `window=(5, 1, 1)`, `at=[(-1, 150, 150)]`. Axes of cubes may be named:
`window={"t": 1.0}`, `select={"x": (-1, 1)}`.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union

import numpy as np

from . import _native
from ._cube import Cube
from ._errors import ParameterError
from ._journal import flat
from ._map import Map
from ._parameters import source, toml

__all__ = [
    "Comparison",
    "Probe",
    "Statistics",
    "check",
    "coarsen",
    "compare",
    "export",
    "info",
    "plan",
    "probe",
    "repair",
    "stats",
    "verify",
    "window",
]

Array = Union[str, "os.PathLike[str]", np.ndarray, Cube]
Entries = Union[str, int, float, Sequence[Any], Mapping[str, Any]]

_SIX = ("count", "sum", "mean", "std", "min", "max")


@dataclass(frozen=True)
class Statistics:
    """Statistics of an array or a part of it.

    Numbers where the whole was asked for: integers are exact. Arrays of f8 along the axes that are left where
    `axis` was given.
    """

    count: Any
    sum: Any
    mean: Any
    std: Any
    min: Any
    max: Any
    nan: int | None = None
    """Number of NaN; None along axes."""
    argmin: tuple[int, ...] | None = None
    """Where the minimum is; None along axes, or where there is none."""
    argmax: tuple[int, ...] | None = None
    """Where the maximum is."""
    quantiles: dict[float, Any] = field(default_factory=dict)
    """The quantiles that were asked for."""
    histogram: tuple[np.ndarray, np.ndarray] | None = None
    """Counts and edges, as `numpy.histogram` returns them."""
    notes: tuple[str, ...] = field(default=(), repr=False)
    """What the command line would have noted."""


@dataclass(frozen=True)
class Probe:
    """Elements of an array."""

    values: np.ndarray
    """A value for each point; of series one after the other. int64 or float64."""
    index: np.ndarray
    """Indices of the elements, shape `(points, axes)`."""
    coordinates: dict[str, np.ndarray]
    """Of arrays with coordinates: `t`, `y`, `x` of each."""
    notes: tuple[str, ...] = field(default=(), repr=False)
    """Which nodes were taken for coordinates."""


@dataclass(frozen=True)
class Comparison:
    """Whether two arrays are equal, and if not, how far apart. True if they are."""

    equal: bool
    told: dict[str, Any]
    """What `diff2d compare --json` tells."""

    def __bool__(self) -> bool:
        return self.equal


def stats(
    array: Array,
    *,
    axis: int | str | Sequence[int | str] | None = None,
    select: Entries | None = None,
    quantiles: float | Iterable[float] = (),
    histogram: int | tuple[int, float, float] | None = None,
    skip_nan: bool = False,
    memory: int | str = "256MiB",
) -> Statistics:
    """Count, sum, mean, standard deviation, minimum and maximum in one pass of bounded memory.

    Parameters
    ----------
    array
        A `.npy` file, `"FILE.npz:NAME"`, a cube, or an array.
    axis
        Along these axes only: numbers, or t, y, x of a cube. The results are then arrays.
    select
        A box: a range `"2:8"` or slice for every axis, or by name in units, `{"t": (1, None)}`.
    quantiles
        Also these quantiles, exact (NumPy's linear).
    histogram
        Also a histogram of so many bins, or `(bins, low, high)`.
    skip_nan
        Leave NaN out.
    memory
        Memory to use at most.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Arguments, files, or data that cannot be used.
    """
    wanted = [float(q) for q in np.atleast_1d(np.asarray(quantiles, dtype=float))]
    arguments: list[str] = []
    _option(arguments, "--select", _entries(select, is_range=True))
    _option(arguments, "--quantiles", ",".join(map(repr, wanted)))
    _option(arguments, "--memory", memory)
    if skip_nan:
        arguments.append("--skip-nan")
    with _Files() as files:
        if axis is not None:
            if histogram is not None:
                raise ParameterError("histogram is of the whole array or a part: leave axis out")
            axes = axis if isinstance(axis, (list, tuple)) else [axis]
            _option(arguments, "--axis", ",".join(map(str, axes)))
            output = files.new("stats.npy")
            _, notes = files.call("stats", [array], [*arguments, "-o", output], writes=True)
            found = np.load(output)
            six, rest = found[:6], found[6:]
            pairs = dict(zip(wanted, rest))
            numbers = dict(zip(_SIX, six))
            return Statistics(**numbers, quantiles=pairs, notes=notes)
        if histogram is not None:
            bins = histogram if isinstance(histogram, tuple) else (histogram,)
            _option(arguments, "--histogram", ":".join(map(str, bins)))
        text, notes = files.call("stats", [array], [*arguments, "--json"])
    told = _json(text)
    counted = told.get("histogram")
    return Statistics(
        **{name: _number(told[name]) for name in (*_SIX, "nan")},
        argmin=_place(told.get("argmin")),
        argmax=_place(told.get("argmax")),
        quantiles={q: _number(told["quantiles"][_decimal(q, told["quantiles"])]) for q in wanted},
        histogram=None if counted is None else (np.asarray(counted["counts"]), np.asarray(counted["edges"])),
        notes=notes,
    )


def _json(text: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(text)
    return told


def _number(told: Any) -> Any:
    """A number that JSON tells: NaN is null there, and infinities are texts."""
    return float("nan" if told is None else told) if told is None or isinstance(told, str) else told


def _place(index: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if index is None else tuple(index)


def _decimal(q: float, told: Mapping[str, Any]) -> str:
    """The key of a quantile, which is its shortest decimal."""
    return next(key for key in told if float(key) == q)


def window(
    array: Array,
    window: Entries | None = None,
    *,
    op: str,
    stride: Entries | None = None,
    sigma: Entries | None = None,
    weights: Array | None = None,
    pad: str | None = None,
    select: Entries | None = None,
    skip_nan: bool = False,
    min_count: int | None = None,
    dtype: Any = None,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
) -> np.ndarray:
    """Reduces sliding windows over any axes, in bounded memory.

    `op` of `numpy.lib.stride_tricks.sliding_window_view(a, window)[::s0, ::s1, …]` along the window's axes.

    Parameters
    ----------
    array
        A `.npy` file, a cube, or an array.
    window
        Length along every axis; of a cube also by name in its units, `{"t": 1.0}`.
    op
        sum, mean, min, max, std, var, ptp, median, `"quantile:0.9"`, gaussian (with `sigma`) or weights.
    stride
        From one window to the next along every axis.
    sigma
        Standard deviations of gaussian, cut off at four.
    weights
        The weights of the elements of a window, an array or a file.
    pad
        Results for every element: `"reflect"`, `"nearest"`, `"mirror"`, `"wrap"` or `"constant:0"`, as in
        `scipy.ndimage`.
    select
        A box of the array, as for `stats`.
    skip_nan, min_count
        Leave NaN out; NaN where a window has fewer other elements.
    dtype
        Type of the results: f2, f4 or f8.
    output
        The file of the result, with `NAME.axes.json` for its coordinates. Without it the result is in memory.
    force
        Replace the file.
    memory
        Memory to use at most, the result in memory not counted.

    Returns
    -------
    numpy.ndarray
        The result; with `output` a read-only map of the file.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Arguments, files, or data that cannot be used.
    """
    arguments = ["--op", op]
    _option(arguments, "--window", _entries(window))
    _option(arguments, "--stride", _entries(stride))
    _option(arguments, "--sigma", _entries(sigma))
    _option(arguments, "--pad", pad)
    with _Files() as files:
        if weights is not None:
            _option(arguments, "--weights", files.path(weights))
        return _reduced(
            files, "window", array, arguments, select, skip_nan, min_count, dtype, output, force, memory
        )


def coarsen(
    array: Array,
    by: Entries,
    *,
    op: str = "mean",
    select: Entries | None = None,
    skip_nan: bool = False,
    min_count: int | None = None,
    dtype: Any = None,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
) -> np.ndarray:
    """Reduces blocks of an array to one element each: windows with their own length as stride.

    `by` are the lengths of the blocks. Arguments, results and errors are otherwise those of `window`.
    """
    arguments = ["--op", op]
    _option(arguments, "--by", _entries(by))
    with _Files() as files:
        return _reduced(
            files, "coarsen", array, arguments, select, skip_nan, min_count, dtype, output, force, memory
        )


def _reduced(
    files: _Files,
    command: str,
    array: Array,
    arguments: list[str],
    select: Entries | None,
    skip_nan: bool,
    min_count: int | None,
    dtype: Any,
    output: str | os.PathLike[str] | None,
    force: bool,
    memory: int | str,
) -> np.ndarray:
    _option(arguments, "--select", _entries(select, is_range=True))
    _option(arguments, "--min-count", min_count)
    _option(arguments, "--memory", memory)
    if dtype is not None:
        kind = np.dtype(dtype)
        _option(arguments, "--dtype", f"{kind.kind}{kind.itemsize}")
    if skip_nan:
        arguments.append("--skip-nan")
    if force:
        arguments.append("--force")
    path = files.new("result.npy") if output is None else os.fspath(output)
    files.call(command, [array], [*arguments, f"--output={path}"], writes=True)
    if output is None:
        return np.asarray(np.load(path))
    found = np.load(path, mmap_mode="r")
    # What has no elements is no map.
    return found.view(Map) if isinstance(found, np.memmap) else np.asarray(found)


def probe(
    array: Array,
    at: Entries | Sequence[Entries] | None = None,
    *,
    points: str | os.PathLike[str] | np.ndarray | None = None,
    series: bool = False,
    memory: int | str = "256MiB",
) -> Probe:
    """Elements of an array, or their history along its first axis. Reads the pages that hold them.

    Parameters
    ----------
    array
        A `.npy` file, a cube, or an array.
    at
        A point or a list of points: indices `(k, j, i)`, negative from the end, or by name in units
        `{"t": 1, "y": 0, "x": 0}`, of a sweep also by its parameters.
    points
        Many points: an array of indices, shape `(points, axes)`, or a CSV file.
    series
        Whole histories; the first index may be left out.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Arguments, files, or data that cannot be used.
    """
    arguments: list[str] = []
    listed: list[Entries] = []
    if at is not None:
        is_many = isinstance(at, (list, tuple)) and any(
            isinstance(one, (str, list, tuple, Mapping, np.ndarray)) for one in at
        )
        listed = list(at) if is_many else [at]  # type: ignore[arg-type]
    for one in listed:
        _option(arguments, "--at", _entries(one))
    _option(arguments, "--memory", memory)
    if series:
        arguments.append("--series")
    with _Files() as files:
        if isinstance(points, np.ndarray):
            if points.ndim != 2 or points.dtype.kind not in "iu":
                raise ParameterError("points are an array of whole numbers, a row of indices for each")
            csv_file = files.new("points.csv")
            np.savetxt(csv_file, points, fmt="%d", delimiter=",")
            points = csv_file
        if points is not None:
            _option(arguments, "--points", os.fspath(points))
        text, notes = files.call("probe", [array], [*arguments, "--csv"])
    rows = csv.reader(text.splitlines())
    names = next(rows, [])
    columns: list[tuple[str, ...]] = list(zip(*rows)) or [()] * len(names)
    axes = sum(name[:1] == "i" and name[1:].isdigit() for name in names)
    index = np.asarray(columns[:axes], dtype=np.int64).T.reshape(-1, axes)
    coordinates = {
        name: np.asarray(column, dtype=np.float64)
        for name, column in zip(names[axes:-1], columns[axes:-1])
    }
    return Probe(_numbers(columns[-1]), index, coordinates, notes)


def _numbers(texts: Sequence[str]) -> np.ndarray:
    if texts and all(text.lstrip("-").isdigit() for text in texts):
        whole = list(map(int, texts))
        return np.asarray(whole, dtype=np.uint64 if max(whole) >= 1 << 63 else np.int64)
    return np.asarray(texts, dtype=np.float64)


def compare(
    a: Array,
    b: Array,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    common: bool = False,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> Comparison:
    """Whether two arrays have equal bits or, with `rtol` or `atol`, close values as in `numpy.isclose`.

    With a tolerance dtypes and, of cubes, grids may differ: common nodes and times are compared; NaN is close to
    NaN with `equal_nan`. A snapshot that
    the other cube does not have is a difference, unless only `common` ones are asked for. `output` is a file for
    the differences a - b. That they differ is a result and no error.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Arguments, files, or data that cannot be used.
    """
    arguments = ["--json"]
    _option(arguments, "--rtol", rtol)
    _option(arguments, "--atol", atol)
    if equal_nan:
        arguments.append("--equal-nan")
    if common:
        arguments.append("--common")
    if output is not None:
        arguments.append(f"--output={os.fspath(output)}")
        if force:
            arguments.append("--force")
    with _Files() as files:
        writes = output is not None
        text, _ = files.call("compare", [a, b], arguments, writes=writes, may_differ=True)
    told = _json(text)
    return Comparison(told["equal"], told)


def check(
    params: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    at: Sequence[tuple[float, float]] = (),
    **set: Any,
) -> dict[str, Any]:
    """Whether the answer is right: what `diff2d check --json` tells.

    Without parameters every method is checked against exact solutions. With them the problem is solved on three
    spacings: observed order, estimated errors of mass, maximum and the values at the points `at`, and the
    balance of mass.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Parameters, files, or data that cannot be used.
    """
    with _Files() as files:
        arguments = ["--json"]
        inputs: list[str] = []
        if params is None and (at or set):
            raise ParameterError("at and parameters belong to a problem: give its parameters first")
        if params is not None:
            inputs, more = files.params(params, set)
            arguments += more
        for x, y in at:
            arguments.append(f"--at={float(x)!r},{float(y)!r}")
        text, _ = files.call("check", inputs, arguments, may_differ=True)
    return _json(text)


def plan(
    params: str | os.PathLike[str] | Mapping[str, Any], *, ranks: int | None = None, **set: Any
) -> dict[str, Any]:
    """What a run would do, as `diff2d plan --json` tells: grid, steps, snapshots, memory, disk, time.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Parameters or files that cannot be used, or too little memory.
    """
    with _Files() as files:
        inputs, arguments = files.params(params, set)
        _option(arguments, "--ranks", ranks)
        text, _ = files.call("plan", inputs, [*arguments, "--json"])
    return _json(text)


def info(array: str | os.PathLike[str] | Cube) -> dict[str, Any]:
    """What `diff2d info --json` tells of a `.npy` file or a cube."""
    with _Files() as files:
        text, _ = files.call("info", [array], ["--json"])
    return _json(text)


def export(
    array: str | os.PathLike[str] | Cube,
    to: str,
    *,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
) -> Path:
    """Exports a cube to the format of other programs. Returns the new file or directory.

    Parameters
    ----------
    array
        A cube or another `.npy` file.
    to
        `"xdmf"` or `"kerchunk"`, which point into the cube and copy nothing; `"zarr"`, `"hdf5"`, `"vti"`, `"csv"`.
    output
        The new file or directory; beside the cube if None.
    force
        Replace an export that is there.
    memory
        Memory to use at most.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Arguments, files, or data that cannot be used; a format that this build does not have.
    """
    arguments = [f"--to={to}"]
    _option(arguments, "--memory", memory)
    if output is not None:
        if os.fspath(output) == "-":
            raise ParameterError("output is the name of a file or a directory")
        arguments.append(f"--output={os.fspath(output)}")
    if force:
        arguments.append("--force")
    with _Files() as files:
        text, _ = files.call("export", [array], arguments, writes=True)
    return Path(text.removesuffix("\n"))


def verify(cube: str | os.PathLike[str] | Cube) -> dict[str, Any]:
    """Recomputes the digest of every committed snapshot: what `diff2d verify --json` tells.

    Damaged snapshots are a result and no error.
    """
    with _Files() as files:
        text, _ = files.call("verify", [cube], ["--json"], may_differ=True)
    return _json(text)


def repair(cube: str | os.PathLike[str] | Cube) -> dict[str, Any]:
    """Computes damaged snapshots again, proved by their digests: what `diff2d repair --json` tells."""
    with _Files() as files:
        text, _ = files.call("repair", [cube], ["--json"], writes=True)
    return _json(text)


class _Files:
    """The files of a call: those that were named, and temporary ones for what is in memory."""

    def __init__(self) -> None:
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *_: object) -> None:
        if self._directory is not None:
            self._directory.cleanup()

    def new(self, name: str) -> str:
        """A name for a temporary file."""
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(
                prefix="diff2d-", ignore_cleanup_errors=True
            )
        self._count += 1
        return str(Path(self._directory.name) / f"{self._count}-{name}")

    def path(self, array: Array) -> str:
        """The file of an array. What is in memory is saved, piece by piece."""
        if isinstance(array, (str, os.PathLike)):
            return os.fspath(array)
        values = np.asanyarray(array)
        if values.dtype.hasobject:
            raise ParameterError(
                f"the array has the type {values.dtype}, and only numbers can be analysed"
            )
        path = self.new("array.npy")
        if np.ma.is_masked(values):
            # Integers have no NaN.
            kind = values.dtype if values.dtype.kind == "f" else np.float64
            values = np.ma.filled(values.astype(kind), np.nan)
        np.save(path, values if isinstance(values, Map) else np.asarray(values))
        return path

    def params(self, params: Any, given: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """The file of parameters, and the options that override them."""
        file, _ = source(params)
        if file is None:
            file = self.new("parameters.toml")
            Path(file).touch()
            given = {**flat(params), **flat(given)}
        lines = toml(flat(given)).rstrip("\n").split("\n")
        return [file], [f"--set={line}" for line in lines if line]

    def call(
        self,
        command: str,
        arrays: Sequence[Array],
        arguments: Sequence[str],
        *,
        writes: bool = False,
        may_differ: bool = False,
    ) -> tuple[str, tuple[str, ...]]:
        """Carries out a command: what it prints, and its notes."""
        # Names may begin with a dash.
        inputs = ["--", *map(self.path, arrays)] if arrays else []
        text, notes = _native.call([command, *arguments, *inputs], writes, may_differ)
        return text, tuple(notes)


def _option(arguments: list[str], name: str, value: Any) -> None:
    """Adds an option, unless its value is None or empty. Values may begin with a dash."""
    if value is not None and value != "":
        arguments.append(f"{name}={value}")


def _entries(given: Entries | None, *, is_range: bool = False) -> str | None:
    """Entries for axes as the command line takes them: in order, or by name."""
    if given is None or isinstance(given, str):
        return given
    if isinstance(given, Mapping):
        return ",".join(f"{name}={_entry(one, is_range)}" for name, one in given.items())
    if isinstance(given, (list, tuple, np.ndarray)):
        return ",".join(_entry(one, is_range) for one in given)
    return _entry(given, is_range)


def _entry(one: Any, is_range: bool) -> str:
    if isinstance(one, str):
        return one
    if isinstance(one, slice):
        if one.step not in (None, 1):
            raise ParameterError(f"{one}: ranges have no step here")
        one = (one.start, one.stop)
    if is_range and isinstance(one, (tuple, list)) and len(one) == 2:
        return ":".join("" if end is None else _entry(end, False) for end in one)
    if is_range and (one is None or one is Ellipsis):
        return ":"
    if isinstance(one, (bool, np.bool_)) or not isinstance(one, (int, float, np.number)):
        raise ParameterError(f"{one!r} is no entry for an axis; expected a number, a range or a text")
    return repr(one.item() if isinstance(one, np.number) else one)
