"""The xarray engine `diff2d`.

>>> xarray.open_dataset("cube.npy", engine="diff2d")     # doctest: +SKIP
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Iterable, Literal, Mapping, Sequence

import numpy as np
import xarray as xr
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from . import _coordinates
from ._errors import DataError, ParameterError, ResourceError
from ._journal import (
    DATA_OFFSET,
    Journal,
    flat,
    is_of_run,
    journal_path,
    open_file,
    started_over,
)
from ._opening import read
from ._record import Record

__all__ = ["Diff2dBackend", "dataset"]

_ABOUT = {
    "t": {"long_name": "t", "comment": "simulated time"},
    "time": {"long_name": "t", "comment": "simulated time of each scenario"},
    "y": {"long_name": "y", "axis": "Y", "comment": "place of the nodes"},
    "x": {"long_name": "x", "axis": "X", "comment": "place of the nodes"},
}


class Diff2dBackend(BackendEntrypoint):
    """Cubes of `diff2d`, and arrays that were made from them."""

    description = "Open cubes of diff2d (.npy with a .journal beside it) and arrays made from them"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", "committed_only")

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        committed_only: bool = False,
    ) -> xr.Dataset:
        """The array as the variable `p`, with coordinates; read when values are needed.

        Snapshots that are not committed are NaN, or left out with `committed_only`.
        """
        if not isinstance(filename_or_obj, (str, os.PathLike)):
            raise ParameterError("the engine diff2d opens files by their names")
        made = dataset(Path(filename_or_obj).expanduser(), committed_only=committed_only)
        dropped = [drop_variables] if isinstance(drop_variables, str) else drop_variables or ()
        kept: xr.Dataset = made.drop_vars(dropped, errors="ignore")
        return kept

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether it is a `.npy` file with a journal of `diff2d` beside it."""
        if not isinstance(filename_or_obj, (str, os.PathLike)):
            return False
        try:
            path = Path(filename_or_obj)
            if path.suffix != ".npy":
                return False
            with open_file(journal_path(path)) as journal:
                return journal.read(10) == b'{"format":'
        except (OSError, ValueError):
            return False


class _Lazy(BackendArray):
    """Elements of a file, read when they are asked for. It can be pickled."""

    def __init__(
        self,
        path: Path,
        dtype: np.dtype[Any],
        shape: tuple[int, ...],
        offset: int,
        order: Literal["C", "F"],
        committed: np.ndarray | None,
        run_id: str | None = None,
    ) -> None:
        self.path = os.path.abspath(path)
        self.dtype = dtype
        self.shape = shape
        self.offset = offset
        self.order = order
        # Committed snapshots of each scenario; None where all is data.
        self.committed = committed
        # Of the run whose array it is; None of another array.
        self.run_id = run_id

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        support = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        if 0 in self.shape:
            nothing = np.empty(self.shape, self.dtype)
            return np.asarray(nothing[_orthogonal(key, self.shape)])
        size = self.offset + int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize
        try:
            # A map of a file that is too short would end the interpreter.
            if os.stat(self.path).st_size < size:
                raise ResourceError(f"{self.path} has become shorter since it was opened")
            mapped = np.memmap(self.path, self.dtype, "r", self.offset, self.shape, self.order)
            if self.run_id is not None and not is_of_run(self.path, self.run_id):
                raise started_over(self.path)
        except ValueError as error:
            raise ResourceError(f"{self.path} has become shorter since it was opened") from error
        except OSError as error:
            if isinstance(error, ResourceError):
                raise
            raise ResourceError(f"cannot read {self.path}: {error.strerror or error}") from error
        found = np.array(mapped[_orthogonal(key, self.shape)])
        if self.committed is not None:
            found = self._without_missing(found, key)
        return found

    def _without_missing(self, found: np.ndarray, key: tuple[Any, ...]) -> np.ndarray:
        """NaN in place of snapshots that are not committed."""
        assert self.committed is not None
        leading = len(self.shape) - 2
        snapshots = np.arange(self.shape[leading - 1])
        is_there = snapshots < (self.committed[:, None] if leading == 2 else self.committed[0])
        chosen = is_there[_orthogonal(key[:leading], self.shape[:leading])]
        if not np.all(chosen):
            trailing = found.ndim - np.ndim(chosen)
            missing = np.reshape(~chosen, np.shape(chosen) + (1,) * trailing)
            found = np.where(missing, self.dtype.type(np.nan), found)
        return found


def _orthogonal(key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """The key for indices that are taken along each axis for itself."""
    lists = [axis for axis, one in enumerate(key) if isinstance(one, np.ndarray)]
    if len(lists) == 0:
        return tuple(key)
    if len(lists) == 1 and not any(isinstance(one, (int, np.integer)) for one in key):
        return tuple(key)
    # Slices and lists become lists; axes with a single index vanish.
    indices = []
    for one, length in zip(key, shape):
        if isinstance(one, slice):
            indices.append(np.arange(length)[one])
        else:
            indices.append(np.asarray(one))
    places = [axis for axis, one in enumerate(indices) if one.ndim]
    shaped = []
    for axis, one in enumerate(indices):
        if one.ndim:
            dimensions = [1] * len(places)
            dimensions[places.index(axis)] = one.size
            one = one.reshape(dimensions)
        shaped.append(one)
    return tuple(shaped)


def dataset(
    path: Path, *, committed_only: bool = False, journal: Journal | None = None
) -> xr.Dataset:
    """The dataset of a cube, or of any other array with what is known of its axes."""
    if journal is None and not journal_path(path).exists():
        return _of_array(path)
    if journal is None:
        try:
            journal = read(path)
        except ParameterError:
            # The journal tells nothing of this array.
            if _is_whole(path):
                return _of_array(path)
            raise
    return _of_cube(path, journal, committed_only)


def _is_whole(path: Path) -> bool:
    try:
        open_file(path).close()
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return False
    return bool(found.size > 0)


def _of_cube(path: Path, journal: Journal, committed_only: bool) -> xr.Dataset:
    shape = journal.shape
    committed = np.asarray(journal.committed)
    places = sum(one.snapshots for one in journal.scenarios)
    # Behind the last snapshot of a shorter scenario the file holds NaN itself, once that is complete.
    is_partial = int(committed.sum()) < places
    lazy = _Lazy(
        path,
        np.dtype(journal.header["dtype"]),
        shape,
        DATA_OFFSET,
        "C",
        committed if is_partial else None,
        journal.run_id,
    )
    names = ("t", "y", "x") if not journal.is_sweep else ("scenario", "t", "y", "x")
    of_times = {"t": xr.Variable("t", _coordinates.times(journal)[0], _ABOUT["t"])} if not journal.is_sweep else _of_sweep(journal)
    coordinates = {**of_times, **_of_nodes(journal)}
    about = {"long_name": "p"}
    values = xr.Variable(names, indexing.LazilyIndexedArray(lazy), about)
    values.encoding = {"source": str(path), "dtype": lazy.dtype}
    made = xr.Dataset({"p": values}, coordinates, _attributes(path, journal))
    _name_units(made, journal.scenarios[0].params.get("units", {}))
    made.encoding = {"source": str(path)}
    if committed_only and is_partial:
        has_gap = len(journal.complete) > journal.available
        made = made.isel({names[0]: list(journal.complete) if has_gap else slice(journal.available)})
    record = _of_record(path)
    return made.assign(record.data_vars) if record.data_vars else made


def _of_record(path: Path) -> xr.Dataset:
    """The columns of the record beside a cube as variables along `record_time`; none where there is none that can be read."""
    try:
        record = Record.beside(path).to_xarray()
    except (DataError, ParameterError, ResourceError):
        return xr.Dataset()
    names = {name: f"record_{name}" for name in record.variables}
    return record.rename({**names, "t": "record_time"})


def _name_units(made: xr.Dataset, units: Any) -> None:
    """The units that are known: of `t`, `y` and `x` of the coordinates that belong to them, too. Numbers have none."""
    for variable, name in (("time", "t"), ("y_of_node", "y"), ("x_of_node", "x"), *((one, one) for one in "tyxp")):
        unit = units.get(name) if isinstance(units, dict) else None
        if not isinstance(unit, str) or variable not in made:
            continue
        if not str(made[variable].attrs.get("long_name", "")).startswith("number of"):
            made[variable].attrs["units"] = unit


def _of_sweep(journal: Journal) -> dict[str, xr.Variable]:
    times = _coordinates.times_of_sweep(journal)
    common, about = _common_times(journal, times)
    number = {"long_name": "number of the scenario"}
    made = {
        "scenario": xr.Variable("scenario", np.arange(len(journal.scenarios)), number),
        "t": xr.Variable("t", common, about),
        "time": xr.Variable(("scenario", "t"), times, _ABOUT["time"]),
    }
    for key in _coordinates.telling(journal):
        if key not in made and key not in ("p", "y", "x"):
            values = _coordinates.parameter(journal, key)
            made[key] = xr.Variable("scenario", values, {"long_name": f"parameter {key}"})
    return made


def _common_times(journal: Journal, times: np.ndarray) -> tuple[np.ndarray, dict[str, str]]:
    """The times along the dimension t: those of the scenarios where all agree, else those that were asked for,
    else numbers."""
    with np.errstate(all="ignore"):
        first = np.asarray([column[~np.isnan(column)][:1] for column in times.T]).reshape(-1)
    if len(first) == times.shape[1] and np.all((times == first) | np.isnan(times)):
        return first, _ABOUT["t"]
    elsewhere = "the coordinate time has the simulated times of each scenario"
    outtimes = {one.params.get("outtime") for one in journal.scenarios}
    numbers = np.arange(times.shape[1])
    if len(outtimes) == 1 and isinstance(outtime := outtimes.pop(), (int, float)):
        return numbers * float(outtime), {
            "long_name": "multiples of outtime",
            "comment": elsewhere,
        }
    return numbers, {"long_name": "number of the snapshot", "comment": elsewhere}


def _of_nodes(journal: Journal) -> dict[str, xr.Variable]:
    made = {}
    both: Sequence[np.ndarray | None] = _coordinates.of_nodes(journal) or (None, None)
    for name, length, places in zip(("y", "x"), journal.shape[-2:], both):
        number = {"long_name": "number of the node"}
        if places is None:
            made[name] = xr.Variable(name, np.arange(length), number)
        elif places.ndim == 1:
            made[name] = xr.Variable(name, places, _ABOUT[name])
        else:
            made[name] = xr.Variable(name, np.arange(length), number)
            about = {key: value for key, value in _ABOUT[name].items() if key != "axis"}
            made[f"{name}_of_node"] = xr.Variable(("scenario", name), places, about)
    return made


def of_memory(
    values: np.ndarray, coordinates: Mapping[str, np.ndarray], scenario: Mapping[str, Any], program: str
) -> xr.Dataset:
    """The dataset of snapshots in memory; `scenario` is what a journal would say of them."""
    params, about = scenario["params"], {"long_name": "p"}
    made = xr.Dataset(
        {"p": xr.Variable(tuple(coordinates), values, about)},
        {name: xr.Variable(name, places, _ABOUT[name]) for name, places in coordinates.items()},
        {
            "Conventions": "CF-1.11",
            "title": "Diffusion in two dimensions",
            "program": f"diff2d {program}",
            **{key: _plain(value) for key, value in flat(params).items()},
            **{name: scenario[name] for name in ("dx", "dy", "dt", "nsteps", "nper")},
        },
    )
    _name_units(made, params.get("units", {}))
    return made


def _plain(value: Any) -> Any:
    """A value of a parameter as every format can hold it."""
    is_plain = isinstance(value, (int, float, str)) and not isinstance(value, bool)
    return value if is_plain else _coordinates.text(value)


def _attributes(path: Path, journal: Journal) -> dict[str, Any]:
    """Numbers and texts, as every format can hold them."""
    header = journal.header
    first = journal.scenarios[0]
    attributes: dict[str, Any] = {
        "Conventions": "CF-1.11",
        "title": "Diffusion in two dimensions",
        "program": f"diff2d {header['program_version']}",
        "cube": path.name,
        "run_id": header["run_id"],
        "snapshots_committed": len(journal.snapshots),
    }
    for key, value in flat(first.params).items():
        if not any(name == key or name.startswith(f"{key}.") for name in journal.varied):
            attributes[key] = _plain(value)
    if not journal.is_sweep:
        # What follows from the parameters: dx is the spacing, not the one wanted.
        attributes |= {name: first.keys[name] for name in ("dx", "dy", "dt", "nsteps", "nper")}
        attributes["nsteps"] = first.last_step
    return attributes


def _with_unit(made: xr.Dataset, axis: _coordinates.Axis) -> xr.Dataset:
    """The dataset whose coordinate along an axis has its unit, or is dates where that counts from a date on."""
    about = {"units": axis.unit} if axis.calendar is None else {"units": axis.unit, "calendar": axis.calendar}
    if " since " not in str(axis.unit):
        if axis.name in made.coords:
            made[axis.name].attrs["units"] = axis.unit
        return made
    known = axis.values if axis.values is not None else np.arange(made.sizes[axis.name], dtype=np.float64)
    times = xr.Variable(axis.name, known, about)
    try:
        decoded = xr.decode_cf(xr.Dataset(coords={axis.name: times}))[axis.name]
    except (ImportError, ValueError, OverflowError):
        # A calendar that this Python does not know.
        return made.assign_coords({axis.name: times})
    return made.assign_coords({axis.name: decoded.variable})


def _of_array(path: Path) -> xr.Dataset:
    """An array that is no cube: what a file beside it tells of its axes."""
    try:
        open_file(path).close()
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: there is no such file") from None
    except (OSError, ValueError, EOFError) as error:
        raise ParameterError(f"{path} is no .npy file of numbers: {error}") from error
    labels = _coordinates.read_labels(path, found.shape)
    given = [axis.name for axis in labels.axes if axis is not None]
    usual = [None] * max(found.ndim - 4, 0) + ["scenario", "t", "y", "x"][-found.ndim or 4 :]
    names: list[str] = []
    coordinates = {}
    for number, axis in enumerate(labels.axes):
        if axis is not None and given.count(axis.name) == 1 and axis.name != "p":
            names.append(axis.name)
            if axis.values is not None:
                coordinates[axis.name] = xr.Variable(axis.name, axis.values, _ABOUT.get(axis.name))
        elif axis is None and usual[number] is not None and usual[number] not in given:
            names.append(str(usual[number]))
        else:
            names.append(f"axis{number}")
    if isinstance(found, np.memmap):
        order: Literal["C", "F"] = "F" if found.flags.f_contiguous and not found.flags.c_contiguous else "C"
        lazy = _Lazy(path, found.dtype, found.shape, found.offset, order, None)
        values = xr.Variable(names, indexing.LazilyIndexedArray(lazy))
    else:
        values = xr.Variable(names, found)
    made = xr.Dataset({"p": values}, coordinates)
    if labels.quantity is not None:
        made.p.attrs["long_name"] = labels.quantity
    _name_units(made, {"p": labels.unit})
    for axis in labels.axes:
        if axis is not None and axis.unit is not None and axis.name in names:
            made = _with_unit(made, axis)
    made.encoding = {"source": str(path)}
    return made
