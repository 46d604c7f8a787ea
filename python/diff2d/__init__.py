"""Two-dimensional diffusion: the same bits on any machine, every snapshot durable in one plain `.npy` file.

>>> import diff2d
>>> cube = diff2d.run({"D": 1.0, "x1": -10, "x2": 10, "dx": 1, "runtime": 3, "outtime": 1, "grid": "walls"})
>>> cube.array.shape
(4, 21, 21)
>>> float(cube.t[-1])
3.0

Reading cubes (`open`, the xarray engine `diff2d`) needs NumPy alone. All that computes needs the compiled part.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ._cube import Cube, open
from ._errors import DataError, Error, ParameterError, ResourceError
from ._journal import Snapshot

if TYPE_CHECKING:
    from ._analysis import Comparison, Probe, coarsen, compare, map, probe, window
    from ._commands import check, export, flux, info, label, plan, repair, verify
    from ._fit import Fit, fit
    from ._gradient import Gradient, gradient, vjp
    from ._plot import Picture, animate, plot
    from ._run import run, sweep
    from ._solve import Solution, solve
    from ._statistics import Statistics, Trend, stats

__version__ = "0.1.0"

__all__ = [
    "Comparison",
    "Cube",
    "DataError",
    "Error",
    "Fit",
    "Gradient",
    "ParameterError",
    "Picture",
    "Probe",
    "ResourceError",
    "Snapshot",
    "Solution",
    "Statistics",
    "Trend",
    "animate",
    "check",
    "coarsen",
    "compare",
    "export",
    "fit",
    "flux",
    "gradient",
    "info",
    "label",
    "map",
    "open",
    "plan",
    "plot",
    "probe",
    "repair",
    "run",
    "solve",
    "stats",
    "sweep",
    "verify",
    "vjp",
    "window",
]

_MODULES = {
    "_analysis": ["Comparison", "Probe", "coarsen", "compare", "map", "probe", "window"],
    "_commands": ["check", "export", "flux", "info", "label", "plan", "repair", "verify"],
    "_fit": ["Fit", "fit"],
    "_gradient": ["Gradient", "gradient", "vjp"],
    "_plot": ["Picture", "animate", "plot"],
    "_run": ["run", "sweep"],
    "_solve": ["Solution", "solve"],
    "_statistics": ["Statistics", "Trend", "stats"],
}


def __getattr__(name: str) -> Any:
    # The compiled part is looked for when it is needed: reading goes without.
    if name not in __all__:
        raise AttributeError(f"module 'diff2d' has no attribute {name!r}")
    if find_spec("diff2d._native") is None:
        raise ImportError(
            f"diff2d.{name} needs the compiled part of diff2d, which is not installed: pip install ./python builds it"
        )
    [module] = [import_module(f"diff2d.{module}") for module, names in _MODULES.items() if name in names]
    found = globals()[name] = getattr(module, name)
    return found


def __dir__() -> list[str]:
    # What this file imports for itself is no part of the package.
    return sorted({"__all__", "__doc__", "__version__", *__all__})
