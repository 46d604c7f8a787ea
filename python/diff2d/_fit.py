"""Numbers of a problem from measured series."""

from __future__ import annotations

import datetime
import os
import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from . import _native
from ._call import Files
from ._errors import ParameterError
from ._html import html
from ._parameters import saver_in_memory, source, toml, with_saved

__all__ = ["Fit", "fit"]

# What parameters call the table in memory.
_TABLE = "/table of data"


class Part(SimpleNamespace):
    """What a fit found of an unknown or a column. Its attributes have all digits, and are shown with six."""

    def __repr__(self) -> str:
        shown = (f"{name}={_shown(value)}" for name, value in vars(self).items())
        return f"<{', '.join(shown)}>"


class Fit(SimpleNamespace):
    """What a fit found. The names are those of `diff2d fit --json`.

    `unknowns` and `columns` are dicts whose values have attributes, such as `fit.unknowns["D"].estimate`; `correlation` is an
    array, its axes in the order of `unknowns`. `t`, `measured`, `fitted` and `residuals` (measured minus fitted) are dicts with an
    array for each column of the data, without its gaps. Of an unknown `fit["D"]` is short for `fit.unknowns["D"]`.
    """

    def __getitem__(self, name: str) -> Part:
        """What was found of an unknown: `fit["k"]`."""
        found: Part = self.unknowns[name]
        return found

    def plot(self, axes: Any = None) -> Any:
        """Draws data, fitted curves and residuals of each column over time.

        With matplotlib they are drawn into `axes`, two of them for each column, or into a new figure, and the axes are returned.
        Without it the program draws, as `diff2d fit --plot` does, with the profiles of the unknowns, and a `Picture` is returned.
        """
        if find_spec("matplotlib") is not None:
            return self._with_matplotlib(axes)
        if axes is not None:
            raise ParameterError("axes are of matplotlib, which is not installed")
        from ._plot import Picture

        return Picture(self._png(), "png")

    def _png(self) -> bytes:
        """What the program draws."""
        with Files() as files:
            path = files.new("fit.png")
            self._drawing.write(path)
            return Path(path).read_bytes()

    def _with_matplotlib(self, axes: Any) -> Any:
        from matplotlib import pyplot

        count = 2 * len(self.columns)
        if axes is None:
            _, axes = pyplot.subplots(count, sharex=True, layout="constrained", figsize=(6.4, 1.2 + 1.8 * count))
        axes = np.ravel(axes)
        if len(axes) != count:
            raise ParameterError(f"axes are {len(axes)}, and the data and the residuals of {len(self.columns)} columns need {count}")
        for name, of_data, of_residuals in zip(self.columns, axes[::2], axes[1::2]):
            t = self.t[name]
            of_data.plot(t, self.measured[name], "o", markersize=3, fillstyle="none", label=f"{name}, measured")
            of_data.plot(t, self.fitted[name], label="fitted")
            of_data.set_ylabel(name)
            of_data.legend()
            of_residuals.axhline(0, color="gray", linewidth=0.8)
            of_residuals.plot(t, self.residuals[name], "o", markersize=3, fillstyle="none")
            of_residuals.set_ylabel("residual")
        axes[-1].set_xlabel(f"t [{self._time_unit}]" if self._time_unit else "t")
        return axes

    def _repr_html_(self) -> str:
        """What a notebook shows: the unknowns with their intervals, and a picture of data, curves and residuals."""
        rows = {name: _in_words(unknown) for name, unknown in self.unknowns.items()}
        for name, column in self.columns.items():
            rows[f"residuals of {name}"] = f"root mean square {column.rms:.4g}, {column.values} values"
        if self.warnings:
            rows["warnings"] = "; ".join(self.warnings)
        return html(rows, self._png(), "data, fitted curves and residuals")

    def __repr__(self) -> str:
        found = []
        for name, unknown in self.unknowns.items():
            low, high = ("?" if end is None else f"{end:.4g}" for end in unknown.interval)
            found.append(f"{name} = {unknown.estimate:.6g} ({low} to {high})")
        return f"<diff2d.Fit {', '.join(found)}>"


def _in_words(unknown: Part) -> str:
    low, high = ("?" if end is None else f"{end:.6g}" for end in unknown.interval)
    error = "at a bound" if unknown.standard_error is None else f"± {unknown.standard_error:.2g}"
    return f"{unknown.estimate:.6g} {error}, 95 % interval {low} to {high}"


def _named_sigma(name: str, sigma: Any, table: dict[str, Any]) -> Any:
    """A number or the name of a column as it is; an array becomes a column of the table, whose name is returned."""
    if isinstance(sigma, str) or np.ndim(sigma) == 0:
        return sigma
    column = f"sigma of {name}"
    table[column] = sigma
    return column


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)


def fit(
    params: str | os.PathLike[str] | Mapping[str, Any],
    /,
    data: Any = None,
    *,
    time: str | Sequence[Any] | None = None,
    columns: Mapping[str, str] | None = None,
    sigma: Any = None,
    since: Any = None,
    starts: int | None = None,
    threads: int | None = None,
    **parameters: Any,
) -> Fit:
    """Finds numbers of a problem from measured series, with intervals that hold. Nothing is written.

    Parameters
    ----------
    params
        A parameter file, or a dict of parameters, with `[fit]` and `vary` in it.
    data
        A table such as a pandas DataFrame, a Series, or a dict of arrays, in place of `[[fit.data]]`; NaN where nothing was measured.
    time
        The column of `data` that has the times, or the times themselves; left out of a steady state, and where the index of `data`
        has dates or durations. Numbers are in the unit of the run. Dates of NumPy, pandas or Python, and texts, count as those of a
        file: t = 0 is the first one, or `since`; durations are converted to `units.t`.
    columns
        Which column of `data` is which of the record; if left out, all of them by their own names.
    sigma
        The standard deviation of a value, an array or the name of a column of `data` with one for each value, or these for each
        column by its name; if left out it follows from the residuals.
    since
        The date at which t = 0, where `time` has dates.
    starts
        From how many places within the bounds the fit starts; by default from the values of the problem, and from a few more places
        as long as the model does not fit.
    threads
        Threads that compute, by default all.
    **parameters
        Parameters, which override those of `params`.

    Returns
    -------
    Fit
        What `diff2d fit --json` prints.

    Raises
    ------
    ParameterError
        Parameters cannot be used, or the data cannot tell the unknowns.
    ResourceError
        There is too little memory, or a run fails.

    Examples
    --------
    >>> t = np.arange(1, 11) / 10
    >>> decays = dict(D=1.0, x1=0, x2=1, dx=0.5, runtime=1, outtime=1, grid="walls", boundary="insulated", method="exact",
    ...     initial={"kind": "constant", "value": 1.0}, decay="k", constants={"k": 1.0},
    ...     record={"every": 1.0, "points": {"p": [0.5, 0.5]}}, fit={"vary": {"k": [0.1, 10.0]}})
    >>> found = fit(decays, {"t": t, "p": np.exp(-2 * t)}, time="t")
    >>> round(found.unknowns["k"].estimate, 6)
    2.0
    """
    files: dict[str, bytes] = {}
    params, parameters = with_saved(params, parameters, saver_in_memory(files))
    given = toml(parameters)
    if data is None and since is not None:
        raise ParameterError("since says when t = 0 in data, which are not given: in [[fit.data]] it is a key")
    if data is not None:
        table = _columns_of(data)
        index = getattr(data, "index", None)
        if time is None and getattr(getattr(index, "dtype", None), "kind", "") in ("m", "M"):
            # The index of pandas that has dates or durations.
            time = index
        elif isinstance(time, str) and time not in table and getattr(index, "name", None) == time:
            time = index
        if time is not None and not isinstance(time, str):
            table["time"] = time
            time = "time"
        if sigma is not None:
            sigma = {name: _named_sigma(name, of_column, table) for name, of_column in sigma.items()} if isinstance(
                sigma, Mapping) else _named_sigma("values", sigma, table)
        if columns is None:
            columns_of_sigma = sigma.values() if isinstance(sigma, Mapping) else [sigma]
            columns = {name: name for name in table if name != time and name not in columns_of_sigma}
        cells = {name: _numbers(name, values) for name, values in table.items() if name != time}
        described: dict[str, Any] = {"file": _TABLE, "columns": dict(columns)}
        if time is not None:
            described["time"] = time
            if time in table:
                heading, times = _times(time, table[time])
                cells[heading] = times
        if since is not None:
            described["since"] = _date(since)
        if sigma is not None:
            described["sigma"] = sigma
        given += toml({"fit.data": [described]})
        files[_TABLE] = _csv(cells)
    file, text = source(params)
    answer, rows, time_unit, drawing = _native.fit(file, text, given, files, starts, threads)
    for sentence in answer["warnings"]:
        warnings.warn(sentence, stacklevel=2)
    for place, name in enumerate(("t", "measured", "fitted")):
        answer[name] = {column: numbers[place] for column, numbers in rows.items()}
    answer["residuals"] = {column: numbers[1] - numbers[2] for column, numbers in rows.items()}
    for name in ("unknowns", "columns"):
        answer[name] = {key: Part(**value) for key, value in answer[name].items()}
    answer["correlation"] = np.asarray(answer["correlation"], dtype=float)
    return Fit(**answer, _time_unit=time_unit, _drawing=drawing)


def _columns_of(data: Any) -> dict[str, Any]:
    """The columns of a table, a dict, or a Series of pandas, by their names."""
    if hasattr(data, "to_frame") and hasattr(data, "index"):
        if data.name is None:
            raise ParameterError("the Series data has no name: data.rename(\"sill\") gives it that of a column of the record")
        return {str(data.name): data}
    names = getattr(getattr(data, "dtype", None), "names", None) or (data if hasattr(data, "keys") else None)
    if names is None:
        raise ParameterError(
            f"data are of type {type(data).__name__}; expected a table such as a DataFrame of pandas, or a dict of arrays"
        )
    return {str(name): data[name] for name in names}


def _line(name: Any, values: Any) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1:
        raise ParameterError(f"the column {name} of data has {array.ndim} axes, and may have one")
    return array


def _numbers(name: Any, values: Any) -> list[str]:
    """The cells of a column of numbers, with nothing for NaN."""
    array = _line(name, values)
    if array.dtype.kind in "mM":
        raise ParameterError(f"the column {name} of data has dates or durations where numbers are needed")
    try:
        numbers = array.astype(np.float64).tolist()
    except (TypeError, ValueError) as error:
        raise ParameterError(f"the column {name} of data has no numbers: {error}") from error
    return ["" if value != value else repr(value) for value in numbers]


def _times(name: str, values: Any) -> tuple[str, list[str]]:
    """The heading and the cells of the column of times: numbers, durations in seconds, or dates."""
    array = _line(name, values)
    if array.dtype.kind == "O" and any(isinstance(value, datetime.timedelta) for value in array):
        array = array.astype("timedelta64[ns]")
    if array.dtype.kind == "m":
        nanoseconds = array.astype("timedelta64[ns]").astype(np.int64).tolist()
        seconds = ["" if missing else repr(value / 1e9) for value, missing in zip(nanoseconds, np.isnat(array))]
        return f"{name} [s]", seconds
    is_of_dates = array.dtype.kind in "MUS" or (
        array.dtype.kind == "O" and any(isinstance(value, (str, datetime.date)) for value in array)
    )
    return (name, [_date(value) for value in array]) if is_of_dates else (name, _numbers(name, array))


def _date(value: Any) -> str:
    """The text of a date, as a file has it."""
    if isinstance(value, np.datetime64):
        text = str(np.datetime_as_string(value, unit="ns"))
    elif isinstance(value, datetime.date):
        text = value.isoformat()
    else:
        text = str(value)
    return "" if text == "NaT" else text


def _csv(table: Mapping[str, Sequence[str]]) -> bytes:
    """The text of a table of cells."""
    lengths = {len(column) for column in table.values()}
    if len(lengths) != 1:
        told = ", ".join(f"{name} {len(column)}" for name, column in table.items())
        raise ParameterError(f"the columns of data have different lengths: {told}")
    lines = [",".join('"' + name.replace('"', '""') + '"' for name in table)]
    lines += [",".join(row) for row in zip(*table.values())]
    return ("\n".join(lines) + "\n").encode()
