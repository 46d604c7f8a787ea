"""Runs and sweeps."""

from __future__ import annotations

import datetime
import operator
import os
import tempfile
from pathlib import Path
from typing import Any, Callable, Mapping

from . import _native
from ._arguments import range_of
from ._array_files import ArrayFiles
from ._cube import Cube
from ._errors import Error, ParameterError, ResourceError
from ._journal import Snapshot
from ._parameters import source, toml, with_saved

__all__ = ["run", "sweep"]

OnCommit = Callable[[Snapshot], object]


def run(
    params: str | os.PathLike[str] | Mapping[str, Any],
    output: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    force: bool = False,
    extend: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    max_walltime: float | str | datetime.timedelta | None = None,
    checkpoint_every: float | str | datetime.timedelta | None = None,
    io: str = "auto",
    lock: bool = True,
    tile: str | None = None,
    scratch: str | os.PathLike[str] | None = None,
    on_commit: OnCommit | None = None,
    on_note: Callable[[str], object] | None = None,
    **set: Any,
) -> Cube:
    """Solves a problem, and returns the cube of its snapshots.

    All other threads of the interpreter go on meanwhile. Ctrl-C stops the run: once its state is durable,
    KeyboardInterrupt is raised, and the same call with `resume=True` continues it.

    Parameters
    ----------
    params
        A parameter file, or a dict of parameters with tables as dicts, with arrays and a function of x and y where `solve` takes
        them. Files that a parameter file names are beside it, others are looked for from the current directory. Each array is kept
        beside the cube, as `STEM.KEY.DIGEST.npy`, for as long as the journal names it: the same call with `resume=True` needs the
        same array.
    output
        The cube to write, in a directory that is there. Without it the cube is in a temporary directory, which
        is removed when the cube is no longer in use.
    resume
        Continue an unfinished cube; start if there is none; do nothing if it is complete.
    force
        Start a cube of diff2d over, whatever it holds.
    extend
        With `resume`: take over the snapshots of this cube, which may have another `runtime` and `until`.
    threads
        Threads that compute; all processors if None. The result does not depend on it.
    max_walltime
        Stop, resumable, within this time: seconds, `"55min"`, `"03:55:00"`, or `"auto"` for the end of the Slurm
        job. The cube that is returned is then not `is_complete`.
    checkpoint_every
        Write the state aside this often between snapshots.
    io
        How snapshots reach the file: `"auto"`, `"map"`, `"write"` or `"single"`.
    lock
        Whether to lock the cube, which some filesystems cannot.
    tile, scratch
        Tiles of so many rows, columns and steps, `"512x384x32"`; and the directory for a state that is larger than the parameter
        `memory`.
    on_commit
        Is called with the `Snapshot` once it is durable, in this thread. An exception that it raises stops the
        run, resumable, and is raised here.
    on_note
        Is called with sentences on what the run decides.
    **set
        Parameters that override those of `params`: `dx=0.1`, `boundary={"left": 20}`. In the tables `initial` and
        `boundary` these are the keys that are given. A key with the name of an argument above stands in `params`.

    Returns
    -------
    Cube
        Its `report` has the figures of the run.

    Raises
    ------
    ParameterError
        Parameters or arguments cannot be used, or the cube is there already.
    ResourceError
        Input or output, memory, disk, a lock; or `max_walltime` ended before the run came any further.
    DataError
        A cube or an input is damaged or does not match.
    """
    _refuse_habits(set)
    start = _Start(
        output,
        resume=resume,
        force=force,
        threads=threads,
        max_walltime=max_walltime,
        io=io,
        lock=lock,
        on_commit=on_commit,
        on_note=on_note,
        tile=tile,
        scratch=scratch,
        checkpoint_every=checkpoint_every,
        extend=extend,
    )
    files = ArrayFiles(start.output, force)
    try:
        params, set = with_saved(params, set, files.save)
        file, text = source(params)
        report, outcome = _native.run(file, text, toml(set), start.options)
    except KeyboardInterrupt:
        raise start.interrupted() from None
    finally:
        files.remove_unnamed()
    return start.made(outcome, report)


def sweep(
    params: str | os.PathLike[str] | Mapping[str, Any],
    output: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    force: bool = False,
    threads: int | None = None,
    max_walltime: float | str | datetime.timedelta | None = None,
    io: str = "auto",
    lock: bool = True,
    scenarios: str | int | tuple[int | None, int | None] | None = None,
    on_commit: OnCommit | None = None,
    on_note: Callable[[str], object] | None = None,
    **set: Any,
) -> Cube:
    """Solves many problems into one cube `(scenarios, snapshots, ny, nx)`, one on each thread.

    Each scenario has the bits that `run` gives with its parameters. The other arguments are those of `run`.

    Parameters
    ----------
    params
        A sweep file; or a dict of its keys, whose `params` is a parameter file or a dict of parameters:
        `{"params": "quick.toml", "D": [0.5, 1, 2], "combine": "product"}`. Ranges are
        `{"from": 0.1, "to": 10, "count": 50, "scale": "log"}`.
    scenarios
        Only these, while other processes may compute others into the same cube: `"5:10"` or `(5, 10)`.
    **set
        Keys of the sweep that override those of `params`, lists included.

    Raises
    ------
    ParameterError, ResourceError, DataError
        As `run`.
    """
    _refuse_habits(set)
    base = None
    if isinstance(params, Mapping) and "params" not in params and {"x1", "x2", "dx"} <= params.keys():
        raise ParameterError('a sweep names what it varies beside the parameters: sweep({"params": body, "D": [0.5, 1.0, 2.0]})')
    if isinstance(params, Mapping) and isinstance(params.get("params"), Mapping):
        base = toml(params["params"])
        params = {key: value for key, value in params.items() if key != "params"}
    file, text = source(params)
    given = toml(set)
    start = _Start(
        output,
        resume=resume,
        force=force,
        threads=threads,
        max_walltime=max_walltime,
        io=io,
        lock=lock,
        on_commit=on_commit,
        on_note=on_note,
        scenarios=scenarios,
    )
    try:
        outcome = _native.sweep(file, text, base, given, start.options)
    except KeyboardInterrupt:
        raise start.interrupted() from None
    return start.made(outcome, {})


class _Start:
    """What runs and sweeps have in common: where the cube goes, the options of the compiled part, and how
    it ends."""

    def __init__(
        self,
        output: str | os.PathLike[str] | None,
        *,
        resume: bool,
        force: bool,
        threads: int | None,
        max_walltime: Any,
        io: str,
        lock: bool,
        on_commit: OnCommit | None,
        on_note: Callable[[str], object] | None,
        checkpoint_every: Any = None,
        extend: str | os.PathLike[str] | None = None,
        tile: str | None = None,
        scratch: str | os.PathLike[str] | None = None,
        scenarios: Any = None,
    ) -> None:
        if resume and force:
            raise ParameterError("resume continues a cube and force starts it over: give one of the two")
        if extend is not None and not resume:
            raise ParameterError("extend continues a shorter run: it needs resume=True")
        if output is None and (resume or force):
            raise ParameterError("resume and force need the name of the cube: output=…")
        self.temporary = None
        if output is None:
            self.temporary = tempfile.TemporaryDirectory(prefix="diff2d-", ignore_cleanup_errors=True)
            output = Path(self.temporary.name) / "cube.npy"
        self.output = Path(output)
        self.commits = 0
        self.on_commit = on_commit
        self.options = {
            "output": os.fspath(self.output),
            "resume": bool(resume),
            "force": bool(force),
            "lock": bool(lock),
            "io": io,
            "threads": _count("threads", threads),
            "max_walltime": _time("max_walltime", max_walltime),
            "checkpoint_every": _time("checkpoint_every", checkpoint_every),
            "extend": None if extend is None else os.fspath(extend),
            "tile": tile,
            "scratch": None if scratch is None else os.fspath(scratch),
            "scenarios": range_of(scenarios),
            "on_commit": self._committed,
            "on_note": on_note,
        }

    def _committed(self, record: dict[str, Any]) -> None:
        self.commits += 1
        if self.on_commit is not None:
            self.on_commit(Snapshot(**record))

    def interrupted(self) -> KeyboardInterrupt:
        """What Ctrl-C raises, once the state is durable."""
        if self.temporary is not None:
            return KeyboardInterrupt("the run was stopped, and nothing is left of it")
        try:
            cube = Cube(self.output)
        except Error:
            return KeyboardInterrupt("the run was stopped before anything was committed")
        whole = sum(one.snapshots for one in cube.journal.scenarios)
        return KeyboardInterrupt(
            f"the run was stopped with {len(cube.snapshots)} of {whole} snapshots committed in {self.output}: "
            "the same call with resume=True continues it"
        )

    def made(self, outcome: str, report: Mapping[str, Any]) -> Cube:
        """The cube of a run that has ended."""
        if outcome == "out of time" and self.commits == 0 and not report.get("updates"):
            raise ResourceError(
                "max_walltime ended before the run came any further, and would again: allow more time"
            )
        cube = Cube(self.output)
        cube.report = {**report, "outcome": outcome}
        return cube._keep(self.temporary)


_HABITS = {
    "overwrite": "force=True starts a cube over",
    "out": "output is the cube to write",
    "outfile": "output is the cube to write",
    "filename": "output is the cube to write",
    "path": "output is the cube to write",
    "n_jobs": "threads is the number of threads",
    "nthreads": "threads is the number of threads",
    "progress": "on_commit is called after each snapshot",
}
"""Arguments of other packages, which would be taken for parameters."""


def _refuse_habits(given: Mapping[str, Any]) -> None:
    for name in given:
        if name in _HABITS:
            raise ParameterError(f"there is no argument {name}: {_HABITS[name]}")


def _count(name: str, count: Any) -> int | None:
    if count is None:
        return None
    try:
        number = operator.index(count)
    except TypeError:
        number = 0
    if isinstance(count, bool) or not 0 < number < 1 << 16:
        raise ParameterError(f"{name} = {count!r}: expected a whole number from 1 to 65535")
    return number


def _time(name: str, time: Any) -> str | None:
    if time is None or isinstance(time, str):
        return time
    if isinstance(time, datetime.timedelta):
        time = time.total_seconds()
    if isinstance(time, bool) or not hasattr(time, "__float__"):
        raise ParameterError(
            f"{name} = {time!r}: expected seconds, a timedelta or a text such as '55min'"
        )
    return f"{float(time)!r}s"
