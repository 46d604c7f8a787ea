"""What there is to know of parameters and cubes, and to do with them: the commands of these names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._analysis import made
from ._arguments import Array, Entries, range_of
from ._call import Files, call
from ._cube import Cube
from ._errors import ParameterError
from ._solve import Solution

__all__ = ["check", "export", "flux", "info", "label", "plan", "repair", "verify"]


def check(
    params: str | os.PathLike[str] | Mapping[str, Any] | Cube | None = None,
    *,
    at: Sequence[tuple[float, float]] = (),
    **set: Any,
) -> dict[str, Any]:
    """Whether the answer is right: what `diff2d check --json` tells.

    Without parameters every method is checked against exact solutions. With them the problem is solved on three
    spacings: observed order, estimated errors of mass, maximum and the values at the points `at`, and the
    balance of mass. A cube stands for its parameters, and parameters may be arrays as those of `solve`.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Parameters, files, or data that cannot be used.
    """
    with Files() as files:
        if params is None and (at or set):
            raise ParameterError("at and parameters belong to a problem: give its parameters first")
        given = {} if params is None else files.params(params, set)
        return _answer("check", {**given, "at": [(float(x), float(y)) for x, y in at]}, may_differ=True)


def plan(
    params: str | os.PathLike[str] | Mapping[str, Any] | Cube,
    *,
    ranks: int | None = None,
    threads: int | None = None,
    **set: Any,
) -> dict[str, Any]:
    """What a run would do, as `diff2d plan --json` tells: grid, steps, snapshots, memory, disk, time.

    `memory` is a parameter: the most that the run may take.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Parameters or files that cannot be used, or too little memory.
    """
    with Files() as files:
        return _answer("plan", {**files.params(params, set), "ranks": ranks, "threads": threads})


def _answer(command: str, arguments: Mapping[str, Any], **options: bool) -> dict[str, Any]:
    """The only answer of a command."""
    [answer], _ = call(command, arguments, **options)
    found: dict[str, Any] = answer
    return found


def info(array: str | os.PathLike[str] | Cube) -> dict[str, Any]:
    """What `diff2d info --json` tells of a `.npy` file or a cube."""
    return _answer("info", {"file": os.fspath(array)})


def export(
    array: Array | Solution,
    to: str,
    *,
    output: str | os.PathLike[str] | None = None,
    keep_bits: int | None = None,
    max_error: float | None = None,
    compress: bool = False,
    chunks: Iterable[int] | None = None,
    name: str = "p",
    axes: Entries | None = None,
    raw: str | None = None,
    force: bool = False,
    memory: int | str = "256MiB",
) -> Path:
    """Exports a cube to the format of other programs. Returns the new file or directory.

    Parameters
    ----------
    array
        A cube or another `.npy` file; a solution or an array in memory goes to a format that copies, with the name of an `output`.
    to
        `"xdmf"` or `"kerchunk"`, which point into the cube and copy nothing; `"zarr"`, `"hdf5"`, `"csv"`.
    output
        The new file or directory; beside the cube if None.
    keep_bits
        Round to so many bits of the mantissa.
    max_error
        Round to as few bits as it takes for no value to change by more than this.
    compress
        Compress Zarr; HDF5 always is.
    chunks
        Shape of the chunks of Zarr and HDF5; fewer lengths are those of the last axes.
    name
        The name of the array in the export.
    axes, raw
        What the axes of an array are, and the type and shape of a file that is no `.npy`, as on the command line.
    force
        Replace an export that is there.
    memory
        Memory to use at most.

    Raises
    ------
    ParameterError, ResourceError, DataError
        Arguments, files, or data that cannot be used; a format that this build does not have.
    """
    if output is not None and os.fspath(output) == "-":
        raise ParameterError("output is the name of a file or a directory")
    if not isinstance(array, (str, os.PathLike)) and (output is None or to in ("xdmf", "kerchunk")):
        raise ParameterError("an array in memory is exported to zarr, hdf5 or csv, which copy it, and output is their name")
    arguments = {
        "to": to,
        "output": output,
        "keep_bits": keep_bits,
        "max_error": max_error,
        "compress": compress,
        "chunks": None if chunks is None else ",".join(map(str, chunks)),
        "name": name,
        "axes": axes,
        "raw": raw,
        "force": force,
        "memory": memory,
    }
    with Files() as files:
        [path], _ = call("export", {"cube": files.path(array), **arguments}, writes=True)
    return Path(path)


def flux(
    cube: str | os.PathLike[str] | Cube | Solution,
    *,
    snapshots: int | tuple[int | None, int | None] | str | None = None,
    effective: bool = False,
    pixels: bool | str = False,
    field: bool = False,
    output: str | os.PathLike[str] | None = None,
    force: bool = False,
    **set: Any,
) -> Any:
    """Computes what comes in per time through walls, from held nodes and the source, and by decay, at snapshots.

    The columns of `diff2d flux` as arrays by their names: `snapshot`, `t`, `left_rate` and the others, which are bit for bit
    those of a record, and `unexplained`.

    Parameters
    ----------
    cube
        The cube of a run, or what `solve` gives.
    snapshots
        Which ones, as the command line takes them: `-1`, `(2, 8)`, `"2:8"`; all if None.
    effective
        Instead the effective diffusivity of a steady state between two fixed walls, `effective`, and with a mask `porosity`,
        `formation_factor` and `tortuosity`: numbers of a run, and arrays of a sweep.
    pixels
        With `effective`: count every node as a whole pixel; `"centres"` or True, or `"faces"`.
    field
        Instead the flux at the nodes, an array `(snapshot, component, y, x)`: what passes along x and along y per time and length.
    output, force
        With `field`: the file of the array, and whether it replaces one that is there; in memory if None.
    **set
        The new places of files that have moved since the run: `**{"function.T.file": "T.csv"}`.
    """
    if isinstance(cube, Solution):
        if effective or pixels or field or set:
            raise ParameterError("effective and field are of a cube: diff2d.run writes one, also to a temporary file without output=…")
        return cube._flux(snapshots)
    arguments: dict[str, Any] = {
        "cube": os.fspath(cube),
        "effective": effective,
        "pixels": pixels,
        "snapshots": range_of(snapshots),
        "moved": [f"{key}={value}" for key, value in set.items()] or None,
    }
    if field:
        with Files() as files:
            return made("flux", files, output, {**arguments, "field": True, "force": force})
    [rows] = call("flux", arguments)[0]
    if effective and isinstance(rows, dict):
        return rows
    names: Iterable[str] = rows[0] if rows else ()
    return {name: np.asarray([row[name] for row in rows]) for name in names}


def label(array: str | os.PathLike[str], axes: Entries, *, force: bool = False) -> None:
    """Writes what the axes of a `.npy` file of another program are beside it, where every command reads it.

    Parameters
    ----------
    array
        The file, which stays as it is.
    axes
        Names, units, dates and files of coordinates, as on the command line: `"t:h:since=2023-01-01,lat=lat.npy,lon"`.
    force
        Replace what is known of the axes.
    """
    call("label", {"array": os.fspath(array), "axes": axes, "force": force}, writes=True)


def verify(cube: str | os.PathLike[str] | Cube) -> dict[str, Any]:
    """Recomputes the digest of every committed snapshot: what `diff2d verify --json` tells.

    Damaged snapshots are a result and no error.
    """
    return _answer("verify", {"cube": os.fspath(cube)}, may_differ=True)


def repair(
    cube: str | os.PathLike[str] | Cube, *, memory: int | str | None = None, lock: bool = True, **set: Any
) -> dict[str, Any]:
    """Computes damaged snapshots again, proved by their digests: what `diff2d repair --json` tells.

    `memory` is the most that it may take, `lock` whether to lock the cube, and `**set` are the new places of files that have moved.
    """
    moved = [f"{key}={value}" for key, value in set.items()] or None
    arguments = {"cube": os.fspath(cube), "memory": memory, "no_lock": not lock, "moved": moved}
    return _answer("repair", arguments, writes=True)
