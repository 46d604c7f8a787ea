"""Windows, formulas, probes and comparisons: the commands of these names, over paths and arrays.

Options have the names of the command line with `_` for `-`. Where the command line takes a list in a text,
a list or tuple does, too: `window=(5, 1, 1)`, `at=[(-1, 150, 150)]`. Axes of cubes may be named:
`window={"t": 1.0}`, `select={"x": (-1, 1)}`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._arguments import Array, Entries
from ._call import Files, call
from ._errors import ParameterError
from ._map import Map

__all__ = ["Comparison", "Probe", "coarsen", "compare", "map", "probe", "window"]


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

    def __repr__(self) -> str:
        told = (f"{name}={value!r}" for name, value in self.told.items() if isinstance(value, (bool, int, float, str)))
        return f"Comparison({', '.join(told)})"


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
    axes: Entries | None = None,
    raw: str | None = None,
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
        Length along every axis, or along some by their numbers, `{0: 3}`; of a cube also by name in its units, `{"t": 1.0}`.
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
        A part of the array, as for `stats`: an index or a value drops its axis.
    skip_nan, keep_nan, min_count
        Leave NaN out, as masked nodes of cubes are, or take those as NumPy does; NaN where a window has fewer other
        elements.
    dtype
        Type of the results: f2, f4 or f8.
    axes, raw
        What the axes of an array are, `"t:h,lat,lon"`, and the type and shape of a file that is no `.npy`, `"f8:31x201x201"`, as on
        the command line.
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
    window, stride = _by_number(array, window), _by_number(array, stride)
    return _reduced(
        "window", array, output, dtype, weights,
        op=op, window=window, stride=stride, sigma=sigma, pad=pad, select=select, skip_nan=skip_nan, keep_nan=keep_nan,
        min_count=min_count, axes=axes, raw=raw, force=force, memory=memory,
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
    axes: Entries | None = None,
    raw: str | None = None,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
) -> np.ndarray:
    """Reduces blocks of an array to one element each: windows with their own length as stride.

    `by` are the lengths of the blocks. Arguments, results and errors are otherwise those of `window`.
    """
    return _reduced(
        "coarsen", array, output, dtype,
        op=op, by=by, select=select, skip_nan=skip_nan, keep_nan=keep_nan, min_count=min_count, axes=axes, raw=raw,
        force=force, memory=memory,
    )  # fmt: skip


def map(
    formula: str,
    arrays: Mapping[str, Array] | Array | None = None,
    /,
    *,
    dtype: Any = None,
    keep_bits: int | None = None,
    unit: str | None = None,
    repeat: int | str | None = None,
    ignore_coordinates: bool = False,
    axes: Entries | None = None,
    raw: str | None = None,
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
        The arrays by their names, or the array `a`: `.npy` files, cubes, or arrays. `"FILE.npy[RANGES]"` is a box of a file.
    dtype
        Type of the results; by default NumPy's of the arrays, f8 if they hold integers.
    keep_bits
        Round the results to so many bits of their mantissa.
    unit
        The unit of the results, for pictures.
    repeat
        The axis along which shorter arrays are repeated, what `stats` gives by `every` or `by`.
    ignore_coordinates
        Take arrays whose axes have other coordinates than those of the first.
    axes, raw, output, force, memory
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
    if arrays is not None and not isinstance(arrays, Mapping):
        arrays = {"a": arrays}
    with Files() as files:
        inputs = {name: files.path(array) for name, array in {**(arrays or {}), **named}.items()}
        arguments = {
            "formula": formula,
            "inputs": inputs,
            "keep_bits": keep_bits,
            "unit": unit,
            "repeat": None if repeat is None else str(repeat),
            "ignore_coordinates": ignore_coordinates,
            "axes": axes,
            "raw": raw,
            "force": force,
            "memory": memory,
        }
        return made("map", files, output, {**arguments, "dtype": _word(dtype)})


def _by_number(array: Array, lengths: Any) -> Any:
    """A length for every axis in place of those of some axes by their numbers; others are 1."""
    if not isinstance(lengths, Mapping) or not lengths or not all(isinstance(axis, int) for axis in lengths):
        return lengths
    named = np.load(array, mmap_mode="r") if isinstance(array, (str, os.PathLike)) and not hasattr(array, "shape") else array
    count = len(np.shape(named))
    for axis in lengths:
        if not -count <= axis < count:
            raise ParameterError(f"an array of {count} axes has no axis {axis}")
    by_axis = {axis % count: length for axis, length in lengths.items()}
    return [by_axis.get(axis, 1) for axis in range(count)]


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
        return made(command, files, output, {**arguments, "dtype": _word(dtype)})


def _word(dtype: Any) -> str | None:
    """The word of a command for a number type."""
    kind = None if dtype is None else np.dtype(dtype)
    return None if kind is None else f"{kind.kind}{kind.itemsize}"


def made(command: str, files: Files, output: str | os.PathLike[str] | None, arguments: Mapping[str, Any]) -> np.ndarray:
    """The array that a command makes."""
    path = files.new("result.npy") if output is None else os.fspath(output)
    call(command, {**arguments, "output": path}, writes=True)
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
    read: str | Sequence[str] = (),
    axes: Entries | None = None,
    raw: str | None = None,
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
    read
        How a file of points is read: `"skip=2"`, or a list of such.
    axes, raw, memory
        As for `window`.

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
            "read": [read] if isinstance(read, str) else list(read) or None,
            "axes": axes,
            "raw": raw,
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
    axes: Entries | None = None,
    raw: str | None = None,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
) -> Comparison:
    """Whether two arrays have equal bits or, with `rtol` or `atol`, close values as in `numpy.isclose`.

    With a tolerance dtypes and, of cubes, grids may differ: common nodes and times are compared; NaN is close to
    NaN with `equal_nan`. A snapshot that
    the other cube does not have is a difference, unless only `common` ones are asked for. `output` is a file for
    the differences a - b; `axes` and `raw` are those of `window`. That they differ is a result and no error.

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
            "axes": axes,
            "raw": raw,
            "output": output,
            "force": force and output is not None,
        }
        [told], _ = call("compare", arguments, writes=output is not None, may_differ=True)
    return Comparison(told["equal"], told)
