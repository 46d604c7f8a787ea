"""Numbers of a problem from measured series."""

from __future__ import annotations

import io
import os
import warnings
from types import SimpleNamespace
from typing import Any, Mapping, Sequence

import numpy as np

from . import _native
from ._errors import ParameterError
from ._parameters import npy, source, toml, with_files

__all__ = ["Fit", "fit"]

# What parameters call the table in memory.
_TABLE = "/table of data"


class Fit(SimpleNamespace):
    """What a fit found. The names are those of `diff2d fit --json`.

    `unknowns` and `columns` are dicts whose values have attributes, such as `fit.unknowns["D"].estimate`; `correlation` is an
    array, its axes in the order of `unknowns`.
    """

    def __repr__(self) -> str:
        found = (f"{name} = {one.estimate:.6g} ± {one.standard_error}" for name, one in self.unknowns.items())
        return f"<diff2d.Fit {', '.join(found)}>"


def fit(
    params: str | os.PathLike[str] | Mapping[str, Any],
    /,
    data: Any = None,
    *,
    time: str | Sequence[float] | None = None,
    columns: Mapping[str, str] | None = None,
    sigma: float | Mapping[str, float] | None = None,
    starts: int = 1,
    threads: int | None = None,
    **parameters: Any,
) -> Fit:
    """Finds numbers of a problem from measured series, with intervals that hold. Nothing is written.

    Parameters
    ----------
    params
        A parameter file, or a dict of parameters, with `[fit]` and `vary` in it.
    data
        A table such as a pandas DataFrame, or a dict of arrays, in place of `[[fit.data]]`; NaN where nothing was measured.
    time
        The column of `data` that has the times, or the times themselves; left out of a steady state.
    columns
        Which column of `data` is which of the record; if left out, all of them by their own names.
    sigma
        The standard deviation of a value, or that of each column by its name; if left out it follows from the residuals.
    starts
        From how many places within the bounds the fit starts.
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

    def save(key: str, array: Any) -> str:
        file = io.BytesIO()
        npy(key, array, file)
        files[f"/array {key}"] = file.getvalue()
        return f"/array {key}"

    if isinstance(params, Mapping):
        params = with_files(params, save)
    given = toml(with_files(parameters, save))
    if data is not None:
        table = {str(name): _numbers(name, data[name]) for name in data}
        if time is not None and not isinstance(time, str):
            table["time"] = _numbers("time", time)
            time = "time"
        if columns is None:
            columns = {name: name for name in table if name != time}
        described: dict[str, Any] = {"file": _TABLE, "columns": dict(columns)}
        if time is not None:
            described["time"] = time
        if sigma is not None:
            described["sigma"] = sigma
        given += toml({"fit.data": [described]})
        files[_TABLE] = _csv(table)
    file, text = source(params)
    answer = _native.fit(file, text, given, files, starts, threads)
    for sentence in answer["warnings"]:
        warnings.warn(sentence, stacklevel=2)
    for name in ("unknowns", "columns"):
        answer[name] = {key: SimpleNamespace(**value) for key, value in answer[name].items()}
    answer["correlation"] = np.asarray(answer["correlation"], dtype=float)
    return Fit(**answer)


def _numbers(name: Any, values: Any) -> np.ndarray:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"the column {name} of data has no numbers: {error}") from error
    if numbers.ndim != 1:
        raise ParameterError(f"the column {name} of data has {numbers.ndim} axes, and may have one")
    return numbers


def _csv(table: Mapping[str, np.ndarray]) -> bytes:
    """The text of a table, in which nothing stands for NaN."""
    lengths = {len(column) for column in table.values()}
    if len(lengths) != 1:
        told = ", ".join(f"{name} {len(column)}" for name, column in table.items())
        raise ParameterError(f"the columns of data have different lengths: {told}")
    rows = zip(*(column.tolist() for column in table.values()))
    lines = [",".join('"' + name.replace('"', '""') + '"' for name in table)]
    lines += [",".join("" if value != value else repr(value) for value in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()
