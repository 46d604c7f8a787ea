"""Cubes: the array of a run or a sweep with its journal."""

from __future__ import annotations

import os
import warnings
import weakref
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping

import numpy as np

from . import _coordinates
from ._errors import DataError, ParameterError, ResourceError
from ._html import html, last_frame
from ._journal import DATA_OFFSET, Journal, Snapshot, is_of_run, started_over
from ._map import Map
from ._opening import read
from ._record import Record

if TYPE_CHECKING:
    import xarray

__all__ = ["Cube", "open"]


class Cube:
    """The cube of a run or a sweep, as far as it was committed when it was opened, or at the last `refresh`.

    The run may go on meanwhile. Nothing is read before it is needed, and nothing is ever written.
    """

    path: Path
    """The array's file."""
    journal: Journal
    """Header, scenarios and snapshots."""
    report: Mapping[str, Any] | None
    """Of a run just made with `diff2d.run`: its figures, as `diff2d run --report` writes them."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.report = None
        self._directory: Any = None
        self.refresh()

    def refresh(self) -> Cube:
        """Reads the journal again: the run may have committed more. Returns the cube itself.

        Raises
        ------
        ResourceError
            Another run has started the cube over.
        """
        known: Journal | None = self.__dict__.get("journal")
        journal = read(self.path)
        if known is not None and known.run_id != journal.run_id:
            raise started_over(self.path)
        self.journal = journal
        for name in ("array", "t", "y", "x"):
            self.__dict__.pop(name, None)
        return self

    def _keep(self, directory: Any) -> Cube:
        """Keeps a temporary directory for as long as the cube or its array is in use."""
        self._directory = directory
        return self

    @property
    def is_sweep(self) -> bool:
        """Whether the array has an axis of scenarios before the others."""
        return self.journal.is_sweep

    @property
    def is_complete(self) -> bool:
        """Whether every snapshot is committed."""
        return self.journal.is_complete

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole cube, `(snapshots, ny, nx)`; of a sweep `(scenarios, snapshots, ny, nx)`."""
        return self.journal.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """`<f8` or `<f4`."""
        return np.dtype(str(self.journal.header["dtype"]))

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The committed snapshots, in the order of their commits."""
        return self.journal.snapshots

    @property
    def params(self) -> dict[str, Any]:
        """The parameters, defaults filled in, tables as dicts; of a sweep those that all scenarios share."""
        scenarios = self.journal.scenarios
        if not self.is_sweep:
            return dict(scenarios[0].params)
        differing = {key.split(".")[0] for key in self.journal.varied}
        return {key: value for key, value in scenarios[0].params.items() if key not in differing}

    @property
    def scenarios(self) -> list[dict[str, Any]]:
        """The parameters of every scenario of a sweep; of a run those of the one there is."""
        return [dict(one.params) for one in self.journal.scenarios]

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The parameters that tell the scenarios of a sweep apart, a value for each scenario."""
        if not self.is_sweep:
            return {}
        keys = _coordinates.telling(self.journal)
        return {key: _coordinates.parameter(self.journal, key) for key in keys}

    @property
    def results(self) -> dict[str, np.ndarray]:
        """The columns of the table `STEM.csv` of a sweep but for the rates, each with a value for every scenario; of a run one value.

        `scenario`; the parameters that tell scenarios apart; `dt` [time], `nsteps`, `nper`, `snapshots`; and `time`
        [time], `mass` [density·length²], `min`, `max` [density] of the last committed snapshot, NaN where there is none.
        """
        scenarios = self.journal.scenarios
        last: list[Snapshot | None] = [None] * len(scenarios)
        for snapshot in self.snapshots:
            last[snapshot.scenario or 0] = snapshot
        columns = {"scenario": np.arange(len(scenarios)), **self.parameters}
        steps = [one.keys["nper"] for one in scenarios]
        # Steps to given times are lists.
        has_lists = any(isinstance(nper, list) for nper in steps)
        columns["dt"] = np.asarray([one.keys["dt"] for one in scenarios])
        columns["nsteps"] = np.asarray([one.last_step for one in scenarios])
        columns["nper"] = np.asarray([str(nper) for nper in steps] if has_lists else steps)
        columns["snapshots"] = np.asarray([one.snapshots for one in scenarios])
        for name, field in (("time", "simtime"), ("mass", "mass"), ("min", "min"), ("max", "max")):
            columns[name] = np.asarray([np.nan if one is None else getattr(one, field) for one in last])
        return columns

    @property
    def record(self) -> Record | None:
        """The record that `[record]` asks for, its columns as arrays; None of a run without one, whatever lies beside it.

        Raises
        ------
        ParameterError
            The run has committed no row yet.
        """
        return Record.beside(self.path) if self.journal.value(0, "record") else None

    def plot(self, snapshots: Any = None, **options: Any) -> Any:
        """Draws a snapshot, by default the last one, as `diff2d.plot` does."""
        from . import plot

        return plot(self, snapshots, **options)

    def animate(self, **options: Any) -> Any:
        """Draws the snapshots as an animation, as `diff2d.animate` does."""
        from . import animate

        return animate(self, **options)

    @property
    def available(self) -> int:
        """How far along the first axis all is committed: snapshots of a run, scenarios of a sweep."""
        return self.journal.available

    @cached_property
    def array(self) -> np.ndarray:
        """What is committed: a read-only map of the file, shape `(t, y, x)` [density].

        Of a sweep the scenarios that are complete, up to the first one that is not, with NaN behind the last
        snapshot of those that have fewer. If others behind it are complete, that is a warning; `to_xarray` has them.
        """
        shape = (self.available, *self.shape[1:])
        behind = self.journal.complete[self.available :]
        if behind:
            warnings.warn(
                f"{self.path} is read up to scenario {self.available}, which is not complete; {len(behind)} behind it "
                f"are, the first of them {behind[0]}: to_xarray() has them, too",
                stacklevel=3,
            )
        if self.available == 0:
            return np.empty(shape, self.dtype)
        try:
            mapped = Map(self.path, self.dtype, "r", DATA_OFFSET, shape)
        except (OSError, ValueError) as error:
            if not is_of_run(self.path, self.journal.run_id):
                raise started_over(self.path) from error
            if isinstance(error, ValueError):
                raise DataError(f"{self.path} has become shorter since it was opened") from error
            raise ResourceError(f"cannot read {self.path}: {error.strerror or error}") from error
        if not is_of_run(self.path, self.journal.run_id):
            raise started_over(self.path)
        if self._directory is not None:
            weakref.finalize(mapped, _nothing, self._directory)
        return mapped

    @cached_property
    def t(self) -> np.ndarray:
        """Simulated times of `array` [time], shape `(t,)`; of a sweep `(scenario, t)`, NaN where there is no
        snapshot."""
        if not self.is_sweep:
            return np.asarray([one.simtime for one in self.snapshots], dtype=np.float64)
        return _coordinates.times_of_sweep(self.journal)[: self.available]

    @cached_property
    def y(self) -> np.ndarray:
        """Coordinates of the nodes along y [length], shape `(ny,)`; `(scenario, ny)` where scenarios differ."""
        return self._nodes(0)

    @cached_property
    def x(self) -> np.ndarray:
        """Coordinates of the nodes along x [length], shape `(nx,)`; `(scenario, nx)` where scenarios differ."""
        return self._nodes(1)

    def _nodes(self, axis: int) -> np.ndarray:
        both = _coordinates.of_nodes(self.journal)
        if both is None:
            raise DataError(f"the nodes of {self.path} do not follow from its parameters as this version derives them")
        return both[axis] if both[axis].ndim == 1 else both[axis][: self.available]

    def to_xarray(self, *, committed_only: bool = False) -> xarray.Dataset:
        """The cube as a dataset with the variable `p`, read when values are needed.

        Snapshots that are not committed are NaN, or left out with `committed_only`.
        """
        from ._engine import dataset

        made = dataset(self.path, committed_only=committed_only, journal=self.journal)
        if self._directory is not None:
            made.load()
        return made

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False and dtype is not None and np.dtype(dtype) != self.dtype:
            raise ValueError("another dtype needs a copy")
        found = np.asarray(self.array[...], dtype=dtype)
        return found.copy() if copy else found

    def __len__(self) -> int:
        return self.available

    def __getitem__(self, index: Any) -> np.ndarray:
        """Elements of `array`: `cube[-1]` is the last snapshot."""
        return np.asarray(element(self.array, index))

    def sel(self, **coordinates: Any) -> xarray.DataArray:
        """The values at the nearest coordinates, `cube.sel(t=1.0, x=0.5)`, as those of `to_xarray()`."""
        return nearest(self.to_xarray(), coordinates)

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __repr__(self) -> str:
        kind = "sweep" if self.is_sweep else "run"
        whole = sum(one.snapshots for one in self.journal.scenarios)
        committed = len(self.snapshots)
        return (
            f"<diff2d.Cube of a {kind}: {self.path}, {self.dtype} {self.shape}, "
            f"{committed} of {whole} snapshots committed>"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: what the cube holds, and its last snapshot or scenario as a picture."""
        whole = sum(one.snapshots for one in self.journal.scenarios)
        rows = {
            "file": str(self.path),
            "array": f"{' × '.join(map(str, self.shape))} of {self.dtype}",
            "committed": f"{len(self.snapshots)} of {whole} snapshots",
        }
        if self.is_sweep:
            rows["scenarios"] = f"{len(self.journal.scenarios)}, which differ in {', '.join(self.parameters)}"
        elif self.snapshots:
            last = self.snapshots[-1]
            rows["t"] = f"0 to {last.simtime:g}"
            rows["last"] = f"from {last.min:g} to {last.max:g}, mass {last.mass:g}"
        return html(rows, last_frame(self.path) if self.journal.complete else None)


def element(array: np.ndarray, index: Any) -> Any:
    """Elements of an array of a cube or a solution, which has no names."""
    if isinstance(index, str):
        raise ParameterError(f"snapshots are chosen by their number, [0], or by coordinates, sel(t=1.0); {index!r} may be a column of .record")
    return array[index]


def nearest(dataset: xarray.Dataset, coordinates: Mapping[str, Any]) -> xarray.DataArray:
    """The values of a dataset at the nearest coordinates, in ranges where those are slices."""
    slices = {name: value for name, value in coordinates.items() if isinstance(value, slice)}
    values = {name: value for name, value in coordinates.items() if name not in slices}
    return dataset["p"].sel(slices).sel(values, method="nearest" if values else None)


def _nothing(_: Any) -> None:
    """Holds what it is given."""


def open(cube: str | os.PathLike[str]) -> Cube:
    """Opens the cube of a run or a sweep.

    Parameters
    ----------
    cube
        The `.npy` file, with its journal beside it.

    Raises
    ------
    ParameterError
        It has no journal, or nothing was committed yet.
    DataError
        Cube or journal are damaged, or do not belong together.
    ResourceError
        They cannot be read.
    """
    return Cube(cube)
