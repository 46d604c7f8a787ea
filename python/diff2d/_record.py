"""The record of a run: numbers of more states than there are snapshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Sequence

import numpy as np

from ._errors import ParameterError, ResourceError
from ._opening import rows

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
        """The record beside a cube, up to the last row that the journal proves."""
        try:
            found = rows(cube)
        except ParameterError as error:
            raise _NoRow(*error.args) from None
        if found is None:
            raise ResourceError(f"{cube} has no record: the parameters of its run ask for none")
        about, lines = json.loads(found[0]), found[1]
        names = [column["name"] for column in about["columns"]]
        cells = [line.split(",") for line in lines]
        place = names.index("date") if "date" in names else None
        dates = None if place is None else [row.pop(place) for row in cells]
        names = [name for name in names if name != "date"]
        return cls(about, names, np.asarray(cells, dtype=np.float64).reshape(len(cells), len(names)), dates)

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
