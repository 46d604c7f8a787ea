"""Statistics and trends: the command `stats`, over paths and arrays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, overload

import numpy as np

from ._arguments import Array, Entries
from ._call import Files, call
from ._errors import ParameterError
from ._html import described

__all__ = ["Statistics", "Trend", "stats"]

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

    def __repr__(self) -> str:
        return described(self)


@dataclass(frozen=True)
class Trend:
    """The straight lines `intercept + slope * coordinate` that are nearest to the values along an axis."""

    slope: np.ndarray
    """Change of the values for each unit of the coordinate."""
    intercept: np.ndarray
    """The lines at coordinate 0."""
    notes: tuple[str, ...] = field(default=(), repr=False)
    """What the command line would have noted: the units."""

    def __repr__(self) -> str:
        return described(self)


@overload
def stats(
    array: Array,
    *,
    op: Literal["trend"],
    axis: int | str,
    select: Entries | None = None,
    skip_nan: bool = False,
    keep_nan: bool = False,
    axes: Entries | None = None,
    raw: str | None = None,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
) -> Trend: ...


@overload
def stats(
    array: Array,
    *,
    axis: int | str | Sequence[int | str] | None = None,
    every: int | None = None,
    by: str | None = None,
    select: Entries | None = None,
    above: float | None = None,
    quantiles: float | Iterable[float] = (),
    histogram: int | tuple[int, float, float] | None = None,
    skip_nan: bool = False,
    keep_nan: bool = False,
    axes: Entries | None = None,
    raw: str | None = None,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
) -> Statistics: ...


def stats(
    array: Array,
    *,
    op: str | None = None,
    axis: int | str | Sequence[int | str] | None = None,
    every: int | None = None,
    by: str | None = None,
    select: Entries | None = None,
    above: float | None = None,
    quantiles: float | Iterable[float] = (),
    histogram: int | tuple[int, float, float] | None = None,
    skip_nan: bool = False,
    keep_nan: bool = False,
    axes: Entries | None = None,
    raw: str | None = None,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
) -> Statistics | Trend:
    """Count, sum, mean, standard deviation, minimum and maximum in one pass of bounded memory.

    Parameters
    ----------
    array
        A `.npy` file, a cube, or an array.
    op
        `"trend"`: instead of the six the straight line that is nearest to the values along one axis by least squares, over
        its coordinates or, without any, its indices.
    axis
        Along these axes only: numbers, or t, y, x of a cube. The results are then arrays.
    every
        With `axis`: a result for each place in a period of so many indices along the axis, over all whole periods.
    by
        With `axis`, of an axis with dates: a result for each `"year"`, `"season"`, `"month"`, `"day"` or `"hour"` that there is.
    select
        A box: a range `"2:8"` or slice for every axis, or by name in units, `{"t": (1, None)}`; a step counts indices,
        `{"t": (None, None, 24)}`. An index or a value, `{"t": 2.0}`, drops its axis.
    above
        Also how many values lie above this one, and their fraction; NaN does not count.
    quantiles
        Also these quantiles, exact (NumPy's linear).
    histogram
        Also a histogram of so many bins, or `(bins, low, high)`.
    skip_nan, keep_nan
        Leave NaN out, as masked nodes of cubes are; or take those as NumPy does.
    axes, raw
        What the axes of an array are, `"t:h,lat,lon"`, and the type and shape of a file that is no `.npy`, as on the command line.
    output, force
        With `axis`: the file of the results, with a leading axis, and whether it may replace one.
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
    if axis is None and (every is not None or by is not None or output is not None):
        raise ParameterError("every, by and output are of results along an axis: give axis")
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
            "every": every,
            "by": by,
            "axes": axes,
            "raw": raw,
        }
        if axis is not None:
            if histogram is not None:
                raise ParameterError("histogram is of the whole array or a part: leave axis out")
            path = files.new("stats.npy") if output is None else os.fspath(output)
            arguments |= {"axis": axis, "output": path, "force": force}
            _, notes = call("stats", arguments, writes=True)
            found = np.load(path)
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
