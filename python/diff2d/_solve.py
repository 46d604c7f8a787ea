"""Problems solved in memory."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Mapping

import numpy as np

from . import _native
from ._coordinates import Labels, axis_of
from ._cube import element, nearest
from ._errors import ParameterError
from ._html import html, last_frame
from ._parameters import saver_in_memory, source, toml, with_saved
from ._record import Record

if TYPE_CHECKING:
    import xarray

__all__ = ["Solution", "solve"]


@dataclass(frozen=True, eq=False)
class Solution:
    """The snapshots of a problem, in memory. As an array it is `p`."""

    p: np.ndarray = field(repr=False)
    """The density at the nodes, shape `(t, y, x)`, float64 or with `precision="f32"` float32; NaN where nodes are
    masked [density]."""
    t: np.ndarray
    """Simulated times of the snapshots, shape `(t,)` [time]."""
    y: np.ndarray = field(repr=False)
    """Coordinates of the nodes along y, shape `(y,)` [length]."""
    x: np.ndarray = field(repr=False)
    """Coordinates of the nodes along x, shape `(x,)` [length]."""
    scenario: Mapping[str, Any] = field(repr=False)
    """What line 1 of a journal would say: `params`, defaults filled in, `dx`, `dy`, `dt`, `nsteps`, `nper`."""
    record: Record | None = field(default=None, repr=False)
    """What `record` asks for, its columns by their names; None without it."""
    _files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    _inputs: Mapping[str, str] = field(default_factory=dict, repr=False)

    def plot(self, snapshots: Any = None, **options: Any) -> Any:
        """Draws a snapshot, by default the last one, as `diff2d.plot` does."""
        from . import plot

        return plot(self, snapshots, **options)

    def animate(self, **options: Any) -> Any:
        """Draws the snapshots as an animation, as `diff2d.animate` does."""
        from . import animate

        return animate(self, **options)

    def __repr__(self) -> str:
        record = "" if self.record is None else f", record of {len(self.record['t'])} rows"
        return f"<diff2d.Solution: p (t, y, x) {self.p.dtype} {self.p.shape}, t from {self.t[0]:g} to {self.t[-1]:g}{record}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: what the solution holds, and its last snapshot as a picture."""
        rows = {
            "array": f"{' × '.join(map(str, self.p.shape))} of {self.p.dtype}",
            "t": f"{self.t[0]:g} to {self.t[-1]:g}",
            "last": f"from {np.nanmin(self.p[-1]):g} to {np.nanmax(self.p[-1]):g}",
        }
        return html(rows, last_frame(self))

    def to_xarray(self) -> xarray.Dataset:
        """A dataset with the variable `p`, its coordinates, and the parameters as attributes."""
        from . import __version__
        from ._engine import of_memory

        axes = {"t": self.t, "y": self.y, "x": self.x}
        return of_memory(self.p, axes, self.scenario, __version__)

    def _labels(self) -> Labels:
        """What commands are told of it."""
        params = self.scenario["params"]
        units = params.get("units", {})
        axes = [axis_of(name, getattr(self, name), units.get(name)) for name in ("t", "y", "x")]
        return Labels(axes, unit=units.get("p"), masked="mask" in params)

    def _flux(self, snapshots: Any) -> dict[str, np.ndarray]:
        """What `flux` tells of it."""
        numbers = np.asarray(_chosen(snapshots, len(self)), dtype=np.int64)
        times, values = self.t[numbers], np.ascontiguousarray(self.p[numbers], dtype=np.float64)
        rates = _native.flux(self.scenario, dict(self._files), dict(self._inputs), times, values)
        return {"snapshot": numbers, "t": times, **{name: np.asarray(rate) for name, rate in rates}}

    def __getitem__(self, index: Any) -> np.ndarray:
        """Elements of `p`: `heat[-1]` is the last snapshot."""
        return np.asarray(element(self.p, index))

    def sel(self, **coordinates: Any) -> xarray.DataArray:
        """The values at the nearest coordinates, `heat.sel(t=1.0, x=0.5)`, as those of `to_xarray()`."""
        return nearest(self.to_xarray(), coordinates)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        found = np.asarray(self.p, dtype=dtype)
        if copy is False and found is not self.p:
            raise ValueError("another dtype needs a copy")
        return found.copy() if copy and found is self.p else found

    def __len__(self) -> int:
        return len(self.p)


def solve(params: str | os.PathLike[str] | Mapping[str, Any] | None = None, /, **parameters: Any) -> Solution:
    """Solves a problem in memory, and writes nothing.

    All threads compute, and other threads of the interpreter go on meanwhile. Ctrl-C ends it.

    Parameters
    ----------
    params
        A parameter file, or a dict of parameters with tables as dicts.
    **parameters
        Parameters, which override those of `params`: `dx=0.1`, `boundary={"left": 20}`. `initial`, `D`, `Dx`, `Dy`,
        `capacity`, `decay`, `source` and `mask` may be arrays with a value for every node of the grid, boundary nodes
        included, shape `(y, x)`; `initial` may also be a number, a formula as a text, or a function of x and y. Nodes at which a mask is not 0 are no part of the domain. The axes of an
        `xarray.DataArray` are told by their names, and may have any order. A dotted key changes its value within a table:
        `**{"function.T_out.points": points}`. With `record` the answer has a `record`, too.

    Returns
    -------
    Solution
        The snapshots, with the bits that `run` gives them.

    Raises
    ------
    ParameterError
        Parameters cannot be used.
    ResourceError
        There is too little memory, a file cannot be read, or the state ceases to be finite.
    DataError
        A file is damaged.

    Examples
    --------
    >>> spot = np.zeros((101, 101))
    >>> spot[40:60, 40:60] = 1.0
    >>> plate = solve(D=1.0, x1=0, x2=1, dx=0.01, runtime=0.01, outtime=0.002, grid="walls", initial=spot)
    >>> plate.p.shape
    (6, 101, 101)
    """
    files: dict[str, bytes] = {}
    params, parameters = with_saved({} if params is None else params, parameters, saver_in_memory(files))
    file, text = source(params)
    p, t, (y, x), scenario, inputs, recorded = _native.solve(file, text, toml(parameters), files)
    record = None if recorded is None else Record(json.loads(recorded[0]), *recorded[1:])
    return Solution(p, t, y, x, scenario, record, files, inputs)


def _chosen(snapshots: Any, count: int) -> list[int]:
    """The numbers of the snapshots that are meant, of so many."""
    if snapshots is None:
        snapshots = (None, None)
    try:
        if isinstance(snapshots, tuple):
            return list(range(count)[slice(*snapshots)])
        parts = str(snapshots).split(":")
        if len(parts) > 1:
            return list(range(count)[slice(*(int(part) if part else None for part in parts))])
        return [range(count)[int(parts[0])]]
    except (IndexError, TypeError, ValueError):
        raise ParameterError(f"snapshots = {snapshots!r}: expected K or START:STOP[:STEP] of the {count} snapshots") from None
