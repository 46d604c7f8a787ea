"""Where the indices of an array lie in time, space and parameters: with the bits of the program."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from ._journal import Journal, Scenario, open_file

__all__ = [
    "Axis",
    "Labels",
    "axis_of",
    "nodes",
    "of_nodes",
    "parameter",
    "read_labels",
    "telling",
    "times",
    "times_of_sweep",
    "write_labels",
]

MAX_NODES = 2**31 - 1
MOST_STEPS = 1 << 30
"""More steps than this are multiplied and not added up, to be done at once."""


@dataclass(frozen=True)
class Axis:
    """What is known of an axis of an array."""

    name: str
    values: np.ndarray | None = None
    """A coordinate for each index, or a label."""
    spacing: float | None = None
    unit: str | None = None
    calendar: str | None = None
    """By which times from a date on are counted, if it is not the usual one."""


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


def _axis(layout: str, lower: float, upper: float, wanted: float) -> tuple[float, np.ndarray] | None:
    """Spacing and coordinates of the nodes along one direction, in the order of operations of the program."""
    length = upper - lower
    if not (math.isfinite(length) and wanted > 0):
        return None
    ratio = length / wanted
    cells = float(math.trunc(ratio)) if math.isfinite(ratio) else math.inf
    if layout == "walls" and math.isfinite(ratio) and abs(ratio - round(ratio)) <= 1e-9 * round(ratio):
        # A whole number of cells but for rounding, such as 0.3 by 0.05.
        cells = float(round(ratio))
    beyond, least = {"slides": (2, 1), "files": (2, 1), "walls": (1, 2)}[layout]
    if not least <= cells <= MAX_NODES - beyond:
        return None
    count = int(cells) + beyond
    spacing = length / cells
    i = np.arange(count, dtype=np.float64)
    if layout == "slides":
        start, stop = lower - spacing, upper + spacing
        places = i * ((stop - start) / float(count - 1)) + start
        places[-1] = stop
    elif layout == "files":
        places = lower + ((i - 1.0) * (upper - lower)) / cells
    else:
        places = lower + i * spacing
        places[-1] = upper
    return spacing, places


def nodes(run: Scenario, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray] | None:
    """Coordinates of the nodes along y and x [length], if they follow from the parameters of the run.

    `shape` is `(ny, nx)`.
    """
    params = run.params
    try:
        x1, x2, dx = (float(params[key]) for key in ("x1", "x2", "dx"))
        y1, y2 = float(params.get("y1", x1)), float(params.get("y2", x2))
        dy = float(params.get("dy", dx))
        layout = params.get("grid", "slides")
        # A grid of another size must not be allocated first.
        for lower, upper, wanted, length in ((y1, y2, dy, shape[0]), (x1, x2, dx, shape[1])):
            if not abs((upper - lower) / wanted - length) < 4:
                return None
        along_y, along_x = _axis(layout, y1, y2, dy), _axis(layout, x1, x2, dx)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if along_y is None or along_x is None:
        return None
    if (along_y[0], along_x[0]) != (run.dy, run.dx):
        return None
    if (len(along_y[1]), len(along_x[1])) != tuple(shape):
        return None
    return along_y[1], along_x[1]


def times(run: Scenario, known: Sequence[float], steps: list[int] | None = None) -> np.ndarray:
    """Simulated times of all snapshots of a scenario, of which the first ones are known.

    The others follow as in the run itself: of exact times they are multiples of the interval, of the course's
    dt is added once a step. `steps` counts the steps that were added up so far; beyond `MOST_STEPS` they are
    multiplied.
    """
    if run.outtimes is not None:
        planned = [run.start, *run.outtimes]
        return np.asarray([*known, *planned[len(known) :]][: run.snapshots], dtype=np.float64)
    if run.interval is not None:
        rest = np.arange(min(len(known), run.snapshots), run.snapshots, dtype=np.float64)
        rest = run.start + rest * run.interval
        return np.concatenate([np.asarray(known[: run.snapshots], dtype=np.float64), rest])
    steps = steps if steps is not None else [0]
    all_times = list(known)[: run.snapshots]
    steps[0] += (run.snapshots - len(all_times)) * run.nper
    if steps[0] > MOST_STEPS:
        rest = np.arange(len(all_times), run.snapshots, dtype=np.float64)
        rest = run.start + rest * run.nper * run.dt
        return np.concatenate([np.asarray(all_times, dtype=np.float64), rest])
    if not all_times:
        all_times = [run.start]
    while len(all_times) < run.snapshots:
        all_times.append(_tick(all_times[-1], run.nper, run.dt))
    return np.asarray(all_times, dtype=np.float64)


def _tick(time: float, steps: int, dt: float) -> float:
    """`dt` added so many times, one after the other."""
    few, at_once = 32, 1 << 20
    if steps <= few:
        for _ in range(steps):
            time += dt
        return time
    while steps > 0:
        some = min(steps, at_once)
        summands = np.full(some + 1, dt)
        summands[0] = time
        # Unlike sum, which goes pairwise, this has the order of a loop.
        time = float(np.add.accumulate(summands)[-1])
        steps -= some
    return time


def times_of_sweep(journal: Journal) -> np.ndarray:
    """The time of every place for a snapshot, shape `(scenario, t)`; NaN where a scenario has none."""
    known: list[list[float]] = [[] for _ in journal.scenarios]
    for snapshot in journal.snapshots:
        known[snapshot.scenario or 0].append(snapshot.simtime)
    found = np.full(journal.shape[:2], np.nan)
    steps = [0]
    for number, (scenario, some) in enumerate(zip(journal.scenarios, known)):
        planned = times(scenario, some, steps)
        found[number, : len(planned)] = planned
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


def of_nodes(journal: Journal) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Coordinates along y and x; with an axis of scenarios where these differ; None if they are not known."""
    shape = journal.shape[-2:]
    deciding = {"x1", "x2", "y1", "y2", "dx", "dy", "grid"}
    scenarios = journal.scenarios
    if not journal.is_sweep or not deciding & set(journal.varied):
        scenarios = scenarios[:1]
    each = [nodes(one, shape) for one in scenarios]
    both: list[np.ndarray | None] = []
    for axis in (0, 1):
        along = [one[axis] for one in each if one is not None]
        if len(along) < len(each):
            both.append(None)
        elif all(np.array_equal(along[0], one) for one in along[1:]):
            both.append(along[0])
        else:
            both.append(np.stack(along))
    return both[0], both[1]


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
    nothing = Labels([None] * len(shape))
    try:
        with open_file(_beside(array)) as file:
            told = json.loads(file.read())
        mark = _mark_of(array)
        if told.get("replaces") and told.get("id") != mark:
            # A command was killed while it replaced the array.
            told = told["replaces"]["before"] or {}
        if told.get("id") not in (None, mark):
            # It was left behind where another array was moved away.
            return nothing
        if told["format"] != 1 or told["shape"] != list(shape) or len(told["axes"]) != len(shape):
            return nothing
        axes = zip(told["axes"], shape)
        found = [None if axis is None else _told(axis, length) for axis, length in axes]
        return Labels(found, told.get("quantity"), told.get("unit"), told.get("masked", False))
    except (OSError, AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return nothing


def _mark_of(array: str | os.PathLike[str]) -> int | None:
    """The mark that `diff2d` writes in blanks and tabs, a bit each, before the end of the header of an array of which it knows
    something; `NAME.axes.json` has it as `id`."""
    with open_file(Path(array)) as file:
        header = file.read(4096)
    bits = header[4063:4095]
    if header[:8] != b"\x93NUMPY\x01\x00" or header[-1:] != b"\n" or bits.strip(b" \t"):
        return None
    mark = sum(1 << place for place, letter in enumerate(bits) if letter == ord("\t"))
    return mark or None


def write_labels(array: str | os.PathLike[str], shape: Sequence[int], labels: Labels) -> None:
    """Writes `NAME.axes.json` beside an array."""

    def told(axis: Axis) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": axis.name}
        if axis.unit is not None:
            entry["unit"] = axis.unit
        if axis.calendar is not None:
            entry["calendar"] = axis.calendar
        if axis.spacing is not None and axis.values is not None:
            entry |= {"spacing": axis.spacing, "coordinates": axis.values.tolist()}
        elif axis.values is not None:
            entry["labels"] = axis.values.tolist()
        return entry

    axes = [None if axis is None else told(axis) for axis in labels.axes]
    known = {"quantity": labels.quantity, "unit": labels.unit, "masked": labels.masked or None}
    given = {name: value for name, value in known.items() if value is not None}
    text = json.dumps({"format": 1, "shape": list(shape), "axes": axes, **given})
    _beside(array).write_text(text, encoding="utf-8")


def _beside(array: str | os.PathLike[str]) -> Path:
    return Path(array).with_suffix(".axes.json")


def axis_of(name: str, values: Any, unit: Any = None, calendar: Any = None) -> Axis:
    """An axis in memory. Its coordinates are numbers or dates that all increase or all decrease; words, other numbers and other dates are
    words, by which nothing is computed."""
    values, unit = np.asarray(values), unit if isinstance(unit, str) else None
    calendar = calendar if isinstance(calendar, str) else None
    if values.ndim != 1:
        return Axis(name, unit=unit, calendar=calendar)
    dates = _times_of(values)
    if dates is not None:
        places, unit, calendar = dates
        return Axis(name, places, float(np.mean(np.diff(places))) if len(places) > 1 else 1.0, unit, calendar)
    if values.dtype.kind in "iuf":
        places = values.astype(np.float64)
        steps = np.diff(places)
        if np.all(np.isfinite(places)) and _are_in_order(places):
            return Axis(name, places, float(np.mean(steps)) if len(steps) else 1.0, unit, calendar)
    return Axis(name, np.asarray([str(value) for value in values]), unit=unit)


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


def _told(axis: Mapping[str, Any], length: int) -> Axis:
    name, unit = axis["name"], axis.get("unit")
    if not (isinstance(name, str) and isinstance(unit, (str, type(None)))):
        raise ValueError("a name is a text, and so is a unit")
    if axis.get("labels") is not None:
        labels = axis["labels"]
        if len(labels) != length or not all(isinstance(label, str) for label in labels):
            raise ValueError("labels do not fit")
        return Axis(name, np.asarray(labels, dtype=str))
    if axis.get("coordinates") is None:
        return Axis(name, unit=unit, calendar=axis.get("calendar"))
    places = np.asarray(axis["coordinates"], dtype=np.float64)
    if places.shape != (length,) or not _are_in_order(places):
        raise ValueError("coordinates neither all increase nor all decrease")
    return Axis(name, places, float(axis["spacing"]), unit, axis.get("calendar"))
