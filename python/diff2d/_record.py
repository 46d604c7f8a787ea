"""The record of a run: numbers of more states than there are snapshots. Needs NumPy and nothing compiled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Mapping

import numpy as np

from ._errors import DataError, ResourceError

if TYPE_CHECKING:
    import xarray

__all__ = ["Record"]


class Record(Mapping[str, np.ndarray]):
    """The columns of `STEM.record.csv` by their names, as far as their rows are whole.

    `step` has integers, every other column floats.
    """

    about: Mapping[str, Any]
    """What `STEM.record.json` says: columns with their units, and points."""

    def __init__(self, cube: Path) -> None:
        rows, beside = (cube.with_suffix(f".record.{end}") for end in ("csv", "json"))
        try:
            self.about = json.loads(beside.read_text(encoding="utf-8"))
            text = rows.read_text(encoding="utf-8")
        except OSError as error:
            raise ResourceError(f"{cube} has no record beside it: {error}") from error
        except ValueError as error:
            raise DataError(f"{beside} is no description of a record: {error}") from error
        # A row that is being written has no end yet.
        head, *lines = text[: text.rfind("\n") + 1].splitlines() or [""]
        names = head.split(",")
        try:
            table = [[float(one) for one in line.split(",")] for line in lines]
            columns = np.asarray(table, dtype=np.float64).reshape(len(lines), len(names))
        except ValueError as error:
            raise DataError(f"{rows} is no record: {error}") from error
        self._columns = {name: columns[:, number] for number, name in enumerate(names)}
        if "step" in self._columns:
            self._columns["step"] = self._columns["step"].astype(np.int64)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        return f"<diff2d.Record of {len(self['t'])} rows: {', '.join(self)}>"

    def to_xarray(self) -> xarray.Dataset:
        """The columns as variables along `t`, with their units."""
        import xarray

        units = {one["name"]: one for one in self.about["columns"]}
        variables = {
            name: ("t", column, {"long_name": units[name]["what"], "units": units[name]["unit"]})
            for name, column in self.items()
            if name != "t"
        }
        return xarray.Dataset(variables, {"t": ("t", self["t"], {"units": units["t"]["unit"]})})
