"""The record of a run: numbers of more states than there are snapshots. Needs NumPy and nothing compiled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np

from ._errors import DataError, ParameterError, ResourceError
from ._journal import Journal, Snapshot, crc32c, journal_path, open_file, read_journal

if TYPE_CHECKING:
    import pandas
    import xarray

__all__ = ["Record"]


class Record(dict[str, np.ndarray]):
    """The columns of a record by their names; `pandas.DataFrame` takes them as they are.

    `step` has integers, `date` has dates of NumPy, every other column floats.
    """

    about: Mapping[str, Any]
    """What `STEM.record.json` says: columns with their units, and points."""

    def __init__(
        self, about: Mapping[str, Any], names: Sequence[str], numbers: np.ndarray, dates: Sequence[str] | None
    ) -> None:
        """The columns of these names have the numbers, shape `(rows, names)`; the dates stand behind the time."""
        self.about = about
        for number, name in enumerate(names):
            column = numbers[:, number]
            self[name] = column.astype(np.int64) if name == "step" else column
            if name == "t" and dates is not None:
                # NumPy knows no zones; those of dates with a zone are UTC.
                texts = [date.rstrip("Z") for date in dates]
                self["date"] = np.asarray(texts, dtype="datetime64[ms]")

    @classmethod
    def beside(cls, cube: Path) -> Record:
        """The record in the files beside a cube, up to the last row that the journal proves."""
        rows, beside = (cube.with_suffix(f".record.{end}") for end in ("csv", "json"))
        journal = _journal_with_rows(cube, rows)
        try:
            with open_file(beside) as description, open_file(rows) as file:
                about = json.loads(description.read())
                text = _proved(cube, journal, rows, file.read()).decode("utf-8")
        except OSError as error:
            raise ResourceError(f"{cube} has no record beside it: {error}") from error
        except ValueError as error:
            raise DataError(f"{beside} is no description of a record: {error}") from error
        head, *lines = text.splitlines() or [""]
        names = head.split(",")
        cells = [line.split(",") for line in lines]
        try:
            dates = [row.pop(names.index("date")) for row in cells] if "date" in names else None
            table = [[float(one) for one in row] for row in cells]
            names_of_numbers = [name for name in names if name != "date"]
            numbers = np.asarray(table, dtype=np.float64).reshape(len(lines), len(names_of_numbers))
            return cls(about, names_of_numbers, numbers, dates)
        except (ValueError, IndexError) as error:
            raise DataError(f"{rows} is no record: {error}") from error

    def __repr__(self) -> str:
        return f"<diff2d.Record of {len(self['t'])} rows: {', '.join(self)}>"

    def to_pandas(self) -> pandas.DataFrame:
        """The columns as a table, whose index is the time, or the date where there are dates."""
        import pandas

        return pandas.DataFrame(self).set_index("date" if "date" in self else "t")

    def to_xarray(self) -> xarray.Dataset:
        """The columns as variables along `t`, with their units."""
        import xarray

        units = {one["name"]: one for one in self.about["columns"]}
        variables = {
            name: ("t", column, {"long_name": units[name]["what"], "units": units[name]["unit"]})
            for name, column in self.items()
            if name not in ("t", "date")
        }
        coordinates = {"t": ("t", self["t"], {"units": units["t"]["unit"]})}
        if "date" in self:
            # Their units are those of the file that xarray writes.
            dates = self["date"].astype("datetime64[ns]")
            coordinates["date"] = ("t", dates, {"long_name": units["date"]["what"]})
        return xarray.Dataset(variables, coordinates)


class _NoRow(ParameterError, AttributeError):
    """There is no row yet. `hasattr` says so, too."""


def _journal_with_rows(cube: Path, rows: Path) -> Journal | None:
    """The journal beside a cube, which says whether there is a record, whatever lies beside it, and has a row; None without one."""
    if not journal_path(cube).exists():
        return None
    journal = read_journal(cube)
    if not journal.value(0, "record"):
        raise ResourceError(f"{cube} has no record: the parameters of its run ask for none")
    if not any(_marks(snapshot) for snapshot in journal.snapshots):
        raise _NoRow(f"{rows} has no row yet: its run has committed none")
    return journal


def _proved(cube: Path, journal: Journal | None, rows: Path, content: bytes) -> bytes:
    """The bytes of rows up to the last marks of the journal. Beside no journal those that are whole."""
    begin = content.find(b"\n") + 1
    if journal is None:
        return content[: content.rfind(b"\n") + 1]
    marks: dict[int, list[tuple[int, int, int]]] = {}
    for snapshot in journal.snapshots:
        marks.setdefault(snapshot.scenario or 0, []).extend(_marks(snapshot))
    end = begin
    is_sweep = journal.is_sweep
    for scenario in sorted(marks):
        # Of a sweep that goes on, others may have committed more since rows were joined.
        candidates = marks[scenario] if is_sweep else marks[scenario][-1:]
        ends = [end + mark[1] - begin for mark in candidates]
        proved = [
            stop
            for stop, mark in zip(ends, candidates)
            if stop <= len(content) and crc32c(content[end:stop], 0) == mark[2]
        ]
        if not is_sweep and candidates and not proved:
            raise DataError(f"{rows} has other rows than its run has written: `diff2d repair {cube}` computes them again")
        end = max(proved, default=end)
    is_complete = not is_sweep and len(journal.snapshots) == journal.shape[0]
    if (is_sweep or is_complete) and end != len(content):
        raise DataError(f"{rows} has other rows than its run has written: `diff2d repair {cube}` computes them again")
    return content[:end]


def _marks(snapshot: Snapshot) -> list[tuple[int, int, int]]:
    return [mark for name, mark in snapshot.streams.items() if name == "record"]
