"""Problems solved in memory."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Mapping

import numpy as np

from . import _native
from ._coordinates import Labels, axis_of
from ._parameters import npy, source, toml, with_files

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
        included, shape `(y, x)`; of a mask, nodes with a value other than 0 are not part of the domain.

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

    def save(key: str, array: Any) -> str:
        file = io.BytesIO()
        npy(key, array, file)
        files[f"/array {key}"] = file.getvalue()
        return f"/array {key}"

    if params is None:
        params = {}
    elif isinstance(params, Mapping):
        params = with_files(params, save)
    file, text = source(params)
    p, t, (y, x), scenario = _native.solve(file, text, toml(with_files(parameters, save)), files)
    return Solution(p, t, y, x, scenario)
