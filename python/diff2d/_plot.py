"""Pictures of cubes, solutions and arrays: the command `plot`, and matplotlib where it is installed."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ._arguments import Array, Entries
from ._call import Files, call
from ._cube import Cube
from ._errors import ParameterError
from ._solve import Solution

__all__ = ["Picture", "animate", "plot"]

Name = "str | os.PathLike[str]"


@dataclass(frozen=True)
class Picture:
    """A picture in memory, which a notebook shows."""

    data: bytes = field(repr=False)
    """The bytes of the file."""
    kind: str
    """`"png"` or `"gif"`."""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file."""
        Path(path).write_bytes(self.data)
        return Path(path)

    def _repr_html_(self) -> str:
        encoded = base64.b64encode(self.data).decode()
        return f'<img src="data:image/{self.kind};base64,{encoded}">'


def plot(
    array: Array | Solution,
    snapshots: int | str | Sequence[int] | None = None,
    *,
    t: float | None = None,
    ax: Any = None,
    output: str | os.PathLike[str] | None = None,
    colormap: str | None = None,
    range: str | tuple[float, float] | None = None,
    log: bool = False,
    contours: int | Iterable[float] | None = None,
    title: str | None = None,
    label: str | None = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    time_unit: str | None = None,
    size: str | tuple[int, int] | None = None,
    dpi: int | None = None,
    sheet: bool | str = False,
    animate: bool = False,
    fps: float | None = None,
    line: str | Mapping[str, float] | Sequence[Any] = (),
    history: str | Mapping[str, float] | Sequence[Any] = (),
    record: str | Sequence[str] = (),
    data: str | os.PathLike[str] | None = None,
    since: str | None = None,
    read: str | Sequence[str] = (),
    html: str | os.PathLike[str] | None = None,
    axes: Entries | None = None,
    raw: str | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
    cmap: str | None = None,
) -> Any:
    """Draws frames of an array, by default the last one.

    With matplotlib, and unless a file or an option is asked for that it does not have, the frame is drawn into `ax` or new axes.
    Otherwise the program draws, as `diff2d plot` does: `output` and `html` name files, and without them the picture is in memory.

    Parameters
    ----------
    array
        A cube, a solution, a `.npy` file, or an array of two or three axes.
    snapshots
        Which frames, as the command line takes them: `3`, `"2:8"`, `"t=2.5"`.
    t
        In place of `snapshots`, the time of a frame: the nearest one is drawn.
    ax
        Axes of matplotlib.
    output
        The directory of the pictures, or the name of a single one.
    colormap, range, log, contours, title, label, xlabel, ylabel, time_unit, size, dpi
        As the options of the command; `range` may be `(lo, hi)`, `contours` a number or values, `size` `(width, height)`.
    sheet, animate, fps
        All frames on a page, or as an animation, and how many of them a second shows.
    line, history
        Curves along `{"y": 0}`, and at `{"x": 0, "y": 0}` over time; or lists of these.
    record, data, since, read
        Columns of the record over time, and measured values beside them.
    html
        A page with all frames.
    axes, raw
        What the axes of an array are, and the type and shape of a file that is no `.npy`, as on the command line.
    force
        Replace files that are there and are no pictures of diff2d.
    memory
        Memory to use at most.
    cmap
        Another name of `colormap`, that of matplotlib.

    Returns
    -------
    matplotlib.collections.QuadMesh, Picture or list[pathlib.Path]
        What was drawn, in memory or in files.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Arguments, files, or data that cannot be used.
    """
    colormap = colormap or cmap
    options: dict[str, Any] = {
        "range": _joined(range, ":"),
        "contours": contours if contours is None or isinstance(contours, (int, str)) else list(contours),
        "time_unit": time_unit,
        "size": _joined(size, "x"),
        "dpi": dpi,
        "sheet": sheet,
        "animate": animate,
        "fps": fps,
        "line": _several(line),
        "history": _several(history),
        "record": [record] if isinstance(record, str) else list(record) or None,
        "data": data,
        "since": since,
        "read": _several(read),
        "axes": axes,
        "raw": raw,
    }
    if t is not None:
        if snapshots is not None:
            raise ParameterError("snapshots and t both say which frame is drawn: give one of them")
        snapshots = f"t={float(t)!r}"
    has_option = any(value not in (None, False) for name, value in options.items() if name != "range")
    is_plain = not has_option and output is None and html is None and not isinstance(range, str)
    if ax is not None and not is_plain:
        raise ParameterError("ax is drawn by matplotlib, which takes colormap, range, log, title, label, xlabel and ylabel alone")
    is_one_frame = t is not None or snapshots is None or isinstance(snapshots, int)
    if is_plain and find_spec("matplotlib") is not None and is_one_frame:
        number = snapshots if isinstance(snapshots, int) else -1
        return _with_matplotlib(array, number, t, ax, colormap, range, log, (title, label, xlabel, ylabel))
    options |= {
        "colormap": colormap,
        "log": log,
        "title": title,
        "label": label,
        "xlabel": xlabel,
        "ylabel": ylabel,
        "html": html,
        "force": force,
        "memory": memory,
    }
    is_of_many = sheet or animate or line or history or record
    if snapshots is None and not is_of_many and output is None and html is None:
        snapshots = "-1:"
    if snapshots is not None:
        numbers = snapshots if isinstance(snapshots, (int, str)) else ",".join(map(str, snapshots))
        options["snapshots"] = str(numbers)
    with Files() as files:
        options["cube"] = files.path(array)
        if output is not None or html is not None:
            options["output"] = output
            return [Path(name) for name in call("plot", options, writes=True)[0]]
        kind = "gif" if animate else "png"
        path = options["output"] = files.new(f"picture.{kind}")
        call("plot", options, writes=True)
        return Picture(Path(path).read_bytes(), kind)


def animate(array: Array | Solution, *, fps: float | None = None, output: str | os.PathLike[str] | None = None, **options: Any) -> Any:
    """Draws all frames of an array as an animation, a GIF: in memory, or in the file `output`.

    The options are those of `plot`. A notebook shows what is returned.
    """
    return plot(array, animate=True, fps=fps, output=output, **options)


def _joined(pair: Any, between: str) -> Any:
    return pair if pair is None or isinstance(pair, str) else between.join(map(str, pair))


def _several(values: Any) -> list[Any] | None:
    """A list of what one or several values are."""
    is_one = isinstance(values, (str, Mapping))
    return [values] if is_one else list(values) or None


def _with_matplotlib(
    array: Any,
    number: int,
    time: float | None,
    ax: Any,
    colormap: str | None,
    limits: tuple[float, float] | None,
    log: bool,
    words: tuple[str | None, str | None, str | None, str | None],
) -> Any:
    """The frame with a number, or the one nearest to a time, drawn over its domain by matplotlib."""
    from matplotlib import colors, pyplot

    values, places, units, own_title = _frame(array, number, time)
    if ax is None:
        _, ax = pyplot.subplots()
    low, high = limits or (None, None)
    norm = (colors.LogNorm if log else colors.Normalize)(low, high)
    (y, x), (title, label, xlabel, ylabel) = places, words
    mesh = ax.pcolormesh(x, y, np.ma.masked_invalid(values), cmap=colormap or "viridis", norm=norm)
    ax.set_aspect("equal" if len(values) > 1 and np.shape(values)[1] > 1 else "auto")
    ax.set_title(own_title if title is None else title)
    ax.set_xlabel(f"x{units[0]}" if xlabel is None else xlabel)
    ax.set_ylabel(f"y{units[1]}" if ylabel is None else ylabel)
    ax.figure.colorbar(mesh, ax=ax, label=f"p{units[2]}" if label is None else label)
    return mesh


def _frame(array: Any, number: int, time: float | None) -> tuple[np.ndarray, list[np.ndarray], list[str], str]:
    """The values of a frame, the edges of its cells along y and x, the units of x, y and p, and its title.

    The frame has a number, or is the one nearest to a time.
    """
    if isinstance(array, (str, os.PathLike)):
        path = Path(array)
        array = Cube(path) if path.with_suffix(".journal").exists() else np.load(path, mmap_mode="r")
    params: Mapping[str, Any] = {}
    nodes: list[np.ndarray | None] = [None, None]
    title = ""
    if isinstance(array, Solution):
        params, values, times = array.scenario["params"], array.p, array.t
    elif isinstance(array, Cube):
        if array.is_sweep:
            raise ParameterError("the frames of a sweep are scenarios: choose one, cube.array[k, -1]")
        params, values, times = array.params, array.array, array.t
    else:
        values, times = np.asanyarray(array), None
    if time is not None:
        number = _nearest(time, times)
    if values.ndim == 3:
        try:
            frame = values[number]
        except IndexError:
            raise ParameterError(f"snapshots = {number}: there are {len(values)}") from None
        if times is not None:
            nodes, title = [array.y, array.x], f"t = {times[number]:g}"
    else:
        frame = values
    if frame.ndim != 2:
        raise ParameterError(f"an array of {np.ndim(values)} axes has no frames: expected 2 or 3")
    units = params.get("units", {})
    shown = [f" [{units[name]}]" if name in units else "" for name in ("x", "y", "p")]
    if title and "t" in units:
        title += f" {units['t']}"
    ends_at_nodes = params.get("grid") == "walls"
    places = [_edges(one, length, ends_at_nodes) for one, length in zip(nodes, frame.shape)]
    return np.asarray(frame), places, shown, title


def _nearest(time: float, times: np.ndarray | None) -> int:
    """The number of the frame nearest to a time, which lies at most half an interval beyond the first and the last one."""
    if times is None:
        raise ParameterError(f"t = {time:g}: nothing says when the frames of this array were taken; snapshots=… takes the number of one")
    reach = np.max(np.diff(times), initial=0.0) / 2
    if not times[0] - reach <= time <= times[-1] + reach:
        raise ParameterError(f"t = {time:g} is outside of the array, whose times go from {times[0]:g} to {times[-1]:g}")
    return int(np.argmin(np.abs(times - time)))


def _edges(nodes: np.ndarray | None, count: int, ends_at_nodes: bool) -> np.ndarray:
    """The edges of cells around nodes. Where nodes lie on the ends of the domain, so do the outermost edges."""
    if nodes is None or count < 2:
        return np.arange(count + 1) - 0.5
    middles = (nodes[1:] + nodes[:-1]) / 2
    if ends_at_nodes:
        return np.concatenate([nodes[:1], middles, nodes[-1:]])
    return np.concatenate([[2 * nodes[0] - middles[0]], middles, [2 * nodes[-1] - middles[-1]]])
