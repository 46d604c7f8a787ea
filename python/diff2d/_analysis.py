"""Statistics, windows, formulas, probes, comparisons and checks: the commands of these names, over paths and arrays.

Options have the names of the command line with `_` for `-`. Where the command line takes a list in a text,
a list or tuple does, too: `window=(5, 1, 1)`, `at=[(-1, 150, 150)]`. Axes of cubes may be named:
`window={"t": 1.0}`, `select={"x": (-1, 1)}`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Union, overload

import numpy as np

from ._call import Files, call
from ._cube import Cube
from ._errors import ParameterError
from ._map import Map

__all__ = [
    "Comparison",
    "Probe",
    "Statistics",
    "Trend",
    "check",
    "coarsen",
    "compare",
    "export",
    "flux",
    "info",
    "map",
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
    above: Any = None
    """How many values lie above the limit, if one was given."""
    fraction: Any = None
    """These as a fraction of the values that are not NaN."""
    notes: tuple[str, ...] = field(default=(), repr=False)
    """What the command line would have noted."""


@dataclass(frozen=True)
class Trend:
    """The straight lines `intercept + slope * coordinate` that are nearest to the values along an axis."""

    slope: np.ndarray
    """Change of the values for each unit of the coordinate."""
    intercept: np.ndarray
    """The lines at coordinate 0."""
    notes: tuple[str, ...] = field(default=(), repr=False)
    """What the command line would have noted: the units."""


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


@overload
def stats(
    array: Array,
    *,
    op: Literal["trend"],
    axis: int | str,
    select: Entries | None = None,
    skip_nan: bool = False,
    keep_nan: bool = False,
    memory: int | str = "256MiB",
) -> Trend: ...


@overload
def stats(
    array: Array,
    *,
    axis: int | str | Sequence[int | str] | None = None,
    select: Entries | None = None,
    above: float | None = None,
    quantiles: float | Iterable[float] = (),
    histogram: int | tuple[int, float, float] | None = None,
    skip_nan: bool = False,
    keep_nan: bool = False,
    memory: int | str = "256MiB",
) -> Statistics: ...


def stats(
    array: Array,
    *,
    op: str | None = None,
    axis: int | str | Sequence[int | str] | None = None,
    select: Entries | None = None,
    above: float | None = None,
    quantiles: float | Iterable[float] = (),
    histogram: int | tuple[int, float, float] | None = None,
    skip_nan: bool = False,
    keep_nan: bool = False,
    memory: int | str = "256MiB",
) -> Statistics | Trend:
    """Count, sum, mean, standard deviation, minimum and maximum in one pass of bounded memory.

    Parameters
    ----------
    array
        A `.npy` file, `"FILE.npz:NAME"`, a cube, or an array.
    op
        `"trend"`: instead of the six the straight line that is nearest to the values along one axis by least squares, over
        its coordinates or, without any, its indices.
    axis
        Along these axes only: numbers, or t, y, x of a cube. The results are then arrays.
    select
        A box: a range `"2:8"` or slice for every axis, or by name in units, `{"t": (1, None)}`.
    above
        Also how many values lie above this one, and their fraction; NaN does not count.
    quantiles
        Also these quantiles, exact (NumPy's linear).
    histogram
        Also a histogram of so many bins, or `(bins, low, high)`.
    skip_nan, keep_nan
        Leave NaN out, as masked nodes of cubes are; or take those as NumPy does.
    memory
        Memory to use at most.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Arguments, files, or data that cannot be used.
    """
    wanted = [float(q) for q in np.atleast_1d(np.asarray(quantiles, dtype=float))]
    if op is not None and axis is None:
        raise ParameterError(f"op {op!r} is along an axis: give axis")
    with Files() as files:
        arguments = {
            "files": files.path(array),
            "select": select,
            "op": op,
            "above": above,
            "quantiles": wanted or None,
            "memory": memory,
            "skip_nan": skip_nan,
            "keep_nan": keep_nan,
        }
        if axis is not None:
            if histogram is not None:
                raise ParameterError("histogram is of the whole array or a part: leave axis out")
            arguments |= {"axis": axis, "output": files.new("stats.npy")}
            _, notes = call("stats", arguments, writes=True)
            found = np.load(arguments["output"])
            if op is not None:
                return Trend(*found, notes=notes)
            more = {} if above is None else dict(zip(("above", "fraction"), found[6:8]))
            rest = found[6 + len(more) :]
            return Statistics(*found[:6], **more, quantiles=dict(zip(wanted, rest)), notes=notes)
        if histogram is not None:
            # As a range is: N:LO:HI.
            arguments["histogram"] = [histogram]
        [[told]], notes = call("stats", arguments)
    counted = told.get("histogram")
    return Statistics(
        **{name: told[name] for name in (*_SIX, "nan")},
        above=told.get("above"),
        fraction=told.get("fraction"),
        argmin=_place(told.get("argmin")),
        argmax=_place(told.get("argmax")),
        quantiles={float(q): value for q, value in told.get("quantiles", {}).items()},
        histogram=None if counted is None else (np.asarray(counted["counts"]), np.asarray(counted["edges"])),
        notes=notes,
    )


def _place(index: Sequence[int] | None) -> tuple[int, ...] | None:
    return None if index is None else tuple(index)


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
    keep_nan: bool = False,
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
    skip_nan, keep_nan, min_count
        Leave NaN out, as masked nodes of cubes are, or take those as NumPy does; NaN where a window has fewer other
        elements.
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
    return _reduced(
        "window", array, output, dtype, weights,
        op=op, window=window, stride=stride, sigma=sigma, pad=pad, select=select, skip_nan=skip_nan, keep_nan=keep_nan,
        min_count=min_count, force=force, memory=memory,
    )  # fmt: skip


def coarsen(
    array: Array,
    by: Entries,
    *,
    op: str = "mean",
    select: Entries | None = None,
    skip_nan: bool = False,
    keep_nan: bool = False,
    min_count: int | None = None,
    dtype: Any = None,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
) -> np.ndarray:
    """Reduces blocks of an array to one element each: windows with their own length as stride.

    `by` are the lengths of the blocks. Arguments, results and errors are otherwise those of `window`.
    """
    return _reduced(
        "coarsen", array, output, dtype,
        op=op, by=by, select=select, skip_nan=skip_nan, keep_nan=keep_nan, min_count=min_count, force=force, memory=memory,
    )  # fmt: skip


def map(
    formula: str,
    arrays: Mapping[str, Array] | None = None,
    /,
    *,
    dtype: Any = None,
    keep_bits: int | None = None,
    unit: str | None = None,
    ignore_coordinates: bool = False,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
    **named: Array,
) -> np.ndarray:
    """Computes a formula over arrays that broadcast as in NumPy, in bounded memory.

    >>> import diff2d, numpy
    >>> diff2d.map("2*a - b", a=numpy.arange(3.0), b=numpy.ones(3))
    array([-1.,  1.,  3.])

    Parameters
    ----------
    formula
        What `diff2d map` takes: over the names of the arrays, `i0`, `i1`, …, of cubes `t`, `y`, `x`, with `mean(a, t)` and
        its like, `shift(a, t, 1)` and `gradient(a, x)`.
    arrays, named
        The arrays by their names: `.npy` files, cubes, or arrays. `"FILE.npy[RANGES]"` is a box of a file.
    dtype
        Type of the results; by default NumPy's of the arrays, f8 if they hold integers.
    keep_bits
        Round the results to so many bits of their mantissa.
    unit
        The unit of the results, for pictures.
    ignore_coordinates
        Take arrays whose axes have other coordinates than those of the first.
    output, force, memory
        As for `window`.

    Returns
    -------
    numpy.ndarray
        The result; with `output` a read-only map of the file.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Formulas, arguments, files, or data that cannot be used.
    """
    with Files() as files:
        inputs = {name: files.path(array) for name, array in {**(arrays or {}), **named}.items()}
        arguments = {
            "formula": formula,
            "inputs": inputs,
            "keep_bits": keep_bits,
            "unit": unit,
            "ignore_coordinates": ignore_coordinates,
            "force": force,
            "memory": memory,
        }
        return _made("map", files, output, dtype, arguments)


def _reduced(
    command: str,
    array: Array,
    output: str | os.PathLike[str] | None,
    dtype: Any,
    weights: Array | None = None,
    **arguments: Any,
) -> np.ndarray:
    with Files() as files:
        arguments["file"] = files.path(array)
        if weights is not None:
            arguments["weights"] = files.path(weights)
        return _made(command, files, output, dtype, arguments)


def _made(
    command: str,
    files: Files,
    output: str | os.PathLike[str] | None,
    dtype: Any,
    arguments: Mapping[str, Any],
) -> np.ndarray:
    """The array that a command makes."""
    kind = None if dtype is None else np.dtype(dtype)
    path = files.new("result.npy") if output is None else os.fspath(output)
    word = None if kind is None else f"{kind.kind}{kind.itemsize}"
    call(command, {**arguments, "dtype": word, "output": path}, writes=True)
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
    keep_nan: bool = False,
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
    keep_nan
        Also masked nodes of a cube, whose values are NaN.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Arguments, files, or data that cannot be used.
    """
    is_many = isinstance(at, (list, tuple)) and any(
        isinstance(one, (str, list, tuple, Mapping, np.ndarray)) for one in at
    )
    with Files() as files:
        if isinstance(points, np.ndarray):
            if points.ndim != 2 or points.dtype.kind not in "iu":
                raise ParameterError("points are an array of whole numbers, a row of indices for each")
            csv_file = files.new("points.csv")
            np.savetxt(csv_file, points, fmt="%d", delimiter=",")
            points = csv_file
        arguments = {
            "file": files.path(array),
            "at": at if is_many or at is None else [at],
            "points": points,
            "memory": memory,
            "series": series,
            "keep_nan": keep_nan,
        }
        answers, notes = call("probe", arguments)
    rows = [row for rows in answers for row in rows]
    index = np.asarray([row["index"] for row in rows], dtype=np.int64)
    names = [name for name in (rows[0] if rows else ()) if name not in ("index", "value")]
    coordinates = {name: np.asarray([row[name] for row in rows], dtype=np.float64) for name in names}
    return Probe(_numbers([row["value"] for row in rows]), index, coordinates, notes)


def _numbers(values: list[int] | list[float]) -> np.ndarray:
    if values and isinstance(values[0], int):
        return np.asarray(values, dtype=np.uint64 if max(values) >= 1 << 63 else np.int64)
    return np.asarray(values, dtype=np.float64)


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
    with Files() as files:
        arguments = {
            "a": files.path(a),
            "b": files.path(b),
            "rtol": rtol,
            "atol": atol,
            "equal_nan": equal_nan,
            "common": common,
            "output": output,
            "force": force and output is not None,
        }
        [told], _ = call("compare", arguments, writes=output is not None, may_differ=True)
    return Comparison(told["equal"], told)


def check(
    params: str | os.PathLike[str] | Mapping[str, Any] | Cube | None = None,
    *,
    at: Sequence[tuple[float, float]] = (),
    **set: Any,
) -> dict[str, Any]:
    """Whether the answer is right: what `diff2d check --json` tells.

    Without parameters every method is checked against exact solutions. With them the problem is solved on three
    spacings: observed order, estimated errors of mass, maximum and the values at the points `at`, and the
    balance of mass. A cube stands for its parameters, and parameters may be arrays as those of `solve`.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Parameters, files, or data that cannot be used.
    """
    with Files() as files:
        if params is None and (at or set):
            raise ParameterError("at and parameters belong to a problem: give its parameters first")
        given = {} if params is None else files.params(params, set)
        answers, _ = call("check", {**given, "at": [(float(x), float(y)) for x, y in at]}, may_differ=True)
    return _only(answers)


def plan(
    params: str | os.PathLike[str] | Mapping[str, Any] | Cube, *, ranks: int | None = None, **set: Any
) -> dict[str, Any]:
    """What a run would do, as `diff2d plan --json` tells: grid, steps, snapshots, memory, disk, time.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Parameters or files that cannot be used, or too little memory.
    """
    with Files() as files:
        answers, _ = call("plan", {**files.params(params, set), "ranks": ranks})
    return _only(answers)


def _only(answers: list[dict[str, Any]]) -> dict[str, Any]:
    [answer] = answers
    return answer


def info(array: str | os.PathLike[str] | Cube) -> dict[str, Any]:
    """What `diff2d info --json` tells of a `.npy` file or a cube."""
    answers, _ = call("info", {"file": os.fspath(array)})
    return _only(answers)


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
    if output is not None and os.fspath(output) == "-":
        raise ParameterError("output is the name of a file or a directory")
    arguments = {"cube": os.fspath(array), "to": to, "output": output, "force": force, "memory": memory}
    [path], _ = call("export", arguments, writes=True)
    return Path(path)


def flux(
    cube: str | os.PathLike[str] | Cube, *, snapshots: int | tuple[int | None, int | None] | str | None = None
) -> dict[str, np.ndarray]:
    """What comes in per time through walls, from held nodes and the source, and by decay, at snapshots of a cube.

    The columns of `diff2d flux` as arrays by their names: `snapshot`, `t`, `left_rate` and the others, which are bit for bit
    those of a record, and `unexplained`.

    Parameters
    ----------
    cube
        The cube of a run.
    snapshots
        Which ones, as the command line takes them: `-1`, `(2, 8)`, `"2:8"`; all if None.
    """
    arguments: dict[str, Any] = {"cube": os.fspath(cube)}
    if isinstance(snapshots, tuple):
        snapshots = ":".join("" if end is None else str(end) for end in snapshots)
    if snapshots is not None:
        arguments["snapshots"] = str(snapshots)
    [rows] = call("flux", arguments)[0]
    names: Iterable[str] = rows[0] if rows else ()
    return {name: np.asarray([row[name] for row in rows]) for name in names}


def verify(cube: str | os.PathLike[str] | Cube) -> dict[str, Any]:
    """Recomputes the digest of every committed snapshot: what `diff2d verify --json` tells.

    Damaged snapshots are a result and no error.
    """
    answers, _ = call("verify", {"cube": os.fspath(cube)}, may_differ=True)
    return _only(answers)


def repair(cube: str | os.PathLike[str] | Cube) -> dict[str, Any]:
    """Computes damaged snapshots again, proved by their digests: what `diff2d repair --json` tells."""
    answers, _ = call("repair", {"cube": os.fspath(cube)}, writes=True)
    return _only(answers)
