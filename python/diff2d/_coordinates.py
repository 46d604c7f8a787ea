"""Where the indices of an array lie in time, space and parameters."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from . import _opening
from ._journal import Journal

__all__ = [
    "Axis",
    "Labels",
    "axis_of",
    "of_nodes",
    "parameter",
    "read_labels",
    "telling",
    "times",
    "times_of_sweep",
    "write_labels",
]


@dataclass(frozen=True)
class Axis:
    """What is known of an axis of an array."""

    name: str
    coordinates: Sequence[float] | np.ndarray | None = None
    """One for each index, all increasing or all decreasing, a usual `spacing` apart."""
    spacing: float | None = None
    labels: Sequence[str] | None = None
    """One for each index, where there are no coordinates."""
    unit: str | None = None
    calendar: str | None = None
    """By which times from a date on are counted, if it is not the usual one."""

    @property
    def values(self) -> np.ndarray | None:
        """The coordinates or the labels."""
        known = self.labels if self.coordinates is None else self.coordinates
        return None if known is None else np.asarray(known)


@dataclass(frozen=True)
class Labels:
    """What is known of an array beside its elements."""

    axes: Sequence[Axis | None]
    quantity: str | None = None
    """What the values are: `"difference"`."""
    unit: str | None = None
    """In what they are."""
    masked: bool = False
    """Whether NaN stands for nodes that are not part of the domain."""


def times(journal: Journal) -> list[np.ndarray]:
    """The times of all snapshots of each scenario, those to come included."""
    known: list[list[float]] = [[] for _ in journal.scenarios]
    for snapshot in journal.snapshots:
        known[snapshot.scenario or 0].append(snapshot.simtime)
    return _opening.times([(one.keys, some, one.snapshots) for one, some in zip(journal.scenarios, known)])


def times_of_sweep(journal: Journal) -> np.ndarray:
    """The time of every place for a snapshot, shape `(scenario, t)`; NaN where a scenario has none."""
    found = np.full(journal.shape[:2], np.nan)
    for row, planned in zip(found, times(journal)):
        row[: len(planned)] = planned
    return found


def telling(journal: Journal) -> list[str]:
    """The names of the parameters that tell the scenarios of a sweep apart: those of the sweep file, or in journals of earlier
    versions the keys that differ, where D stands for Dx and Dy."""
    if swept := journal.header.get("swept"):
        return list(swept[:100])
    keys = journal.varied
    names = {key.split(".")[0] for key in keys}
    if "D" in names:
        keys = [key for key in keys if key.split(".")[0] not in ("Dx", "Dy")]
    return keys


def of_nodes(journal: Journal) -> list[np.ndarray] | None:
    """Coordinates along y and x; with an axis of scenarios where these differ; None if they are not known."""
    deciding = {"x1", "x2", "y1", "y2", "dx", "dy", "grid"}
    differ = deciding & set(journal.varied)
    each = [_opening.nodes(one.keys) for one in (journal.scenarios if differ else journal.scenarios[:1])]
    if any(one is None for one in each):
        return None
    both = zip(*(one for one in each if one is not None))
    return [along[0] if all(np.array_equal(along[0], one) for one in along) else np.stack(along) for along in both]


def parameter(journal: Journal, key: str) -> np.ndarray:
    """A parameter of every scenario: int64, float64 (NaN where there is none) or text."""
    values = [journal.value(number, key) for number in range(len(journal.scenarios))]
    given = [value for value in values if value is not None]

    def is_number(value: Any) -> bool:
        return isinstance(value, (int, float)) and not isinstance(value, bool)

    if all(isinstance(value, int) and is_number(value) and abs(value) < 2**63 for value in values):
        return np.asarray(values, dtype=np.int64)
    if all(map(is_number, given)):
        return np.asarray([math.nan if value is None else float(value) for value in values])
    return np.asarray(
        [
            "" if value is None else value if isinstance(value, str) else text(value)
            for value in values
        ]
    )


def text(value: Any) -> str:
    """A value as JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def read_labels(array: str | os.PathLike[str], shape: Sequence[int]) -> Labels:
    """What `NAME.axes.json` beside an array tells of it; nothing where it is not believed."""
    told = json.loads(_opening.labels(array, shape))
    axes = [None if axis is None else Axis(**axis) for axis in told.get("axes", [None] * len(shape))]
    return Labels(axes, told.get("quantity"), told.get("unit"))


def write_labels(array: str | os.PathLike[str], shape: Sequence[int], labels: Labels) -> None:
    """Writes `NAME.axes.json` beside an array."""

    def told(known: Any) -> dict[str, Any]:
        return {name: value for name, value in vars(known).items() if value is not None}

    axes = [None if axis is None else told(axis) for axis in labels.axes]
    about = {"format": 1, "shape": shape, **told(labels), "axes": axes}
    text = json.dumps(about, default=np.ndarray.tolist)
    Path(array).with_suffix(".axes.json").write_text(text, encoding="utf-8")


def axis_of(name: str, values: Any, unit: Any = None, calendar: Any = None) -> Axis:
    """An axis in memory. Its coordinates are numbers or dates that all increase or all decrease; words, other numbers and other dates are
    words, by which nothing is computed."""
    values, unit = np.asarray(values), unit if isinstance(unit, str) else None
    calendar = calendar if isinstance(calendar, str) else None
    if values.ndim != 1:
        return Axis(name, unit=unit, calendar=calendar)
    dates = _times_of(values)
    if dates is not None:
        values, unit, calendar = dates
    if values.dtype.kind in "iuf":
        places = values.astype(np.float64)
        steps = np.diff(places)
        if np.all(np.isfinite(places)) and _are_in_order(places):
            return Axis(name, places, float(np.mean(steps)) if len(steps) else 1.0, unit=unit, calendar=calendar)
    return Axis(name, labels=[str(value) for value in values], unit=unit)


_UNITS = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


def _times_of(values: np.ndarray) -> tuple[np.ndarray, str, str | None] | None:
    """Dates of NumPy or of cftime as times in the largest unit that no two of them are closer than, with that unit and the calendar;
    None for other values, and for dates that neither all increase nor all decrease."""
    if values.dtype.kind == "M" and len(values) and not np.any(np.isnat(values)):
        dates = values.astype("datetime64[us]")
        seconds = (dates - dates[0]).astype(np.int64) / 1e6
        first, calendar = str(dates[0]).replace("T", " "), None
    elif values.dtype.kind == "O" and len(values) and all(hasattr(value, "calendar") for value in values):
        seconds = np.asarray([(value - values[0]).total_seconds() for value in values])
        first, calendar = values[0].isoformat().replace("T", " "), str(values[0].calendar)
    else:
        return None
    if len(seconds) > 1 and not _are_in_order(seconds):
        return None
    shortest = float(np.min(np.abs(np.diff(seconds)))) if len(seconds) > 1 else 1.0
    word, length = next((pair for pair in _UNITS if pair[1] <= shortest), _UNITS[-1])
    first = first.removesuffix(".000000").removesuffix(":00")
    return seconds / length, f"{word} since {first}", calendar


def _are_in_order(places: np.ndarray) -> bool:
    """Whether coordinates all increase or all decrease."""
    steps = np.diff(places)
    return bool(np.all(steps > 0) or np.all(steps < 0))
