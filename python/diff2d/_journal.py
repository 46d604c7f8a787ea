"""The journal beside a cube: line 1, and a line for every committed snapshot."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Iterator, Mapping, Sequence

from ._errors import ResourceError

__all__ = ["Journal", "Scenario", "Snapshot", "flat", "journal_path"]

DATA_OFFSET = 4096
_TABLES = ("initial", "boundary")


@dataclass(frozen=True)
class Snapshot:
    """A committed snapshot."""

    index: int
    """Place along the axis of snapshots."""
    step: int
    """Steps since the initial state."""
    simtime: float
    """Simulated time [time]."""
    mass: float
    """Σ w_j w_i c p dx dy [density·length²]; NaN if it is not finite."""
    min: float
    """Smallest value; NaN if it is not finite."""
    max: float
    """Largest value; NaN if it is not finite."""
    sha256: str
    """Digest of its bytes in the cube."""
    scenario: int | None = None
    """Scenario of a sweep; None of a run."""
    ended: Mapping[str, Any] | None = None
    """Of the snapshot with which a condition of the parameters (`until`) ended the run: `what` passed a limit, its `value`, the
    `limit` with its side, and the time `t` of the value. None of others."""


@dataclass(frozen=True)
class Scenario:
    """A run, alone or within a sweep."""

    keys: Mapping[str, Any]
    """What line 1 of the journal says of it: `params`, `dx`, `dy`, `dt`, `nsteps`, and `nper`, the steps from each snapshot to the
    next, of given times (`outtimes`) a number for each."""
    ended: int | None = None
    """Of a run that ended early, how many snapshots it has; a line behind line 1 says so."""

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters."""
        found: Mapping[str, Any] = self.keys["params"]
        return found

    @property
    def snapshots(self) -> int:
        """Number of snapshots, the initial state included."""
        nsteps, nper = self.keys["nsteps"], self.keys["nper"]
        planned = len(nper) if isinstance(nper, list) else nsteps // nper
        return 1 + planned if self.ended is None else self.ended

    @property
    def last_step(self) -> int:
        """Number of steps."""
        nsteps, nper = self.keys["nsteps"], self.keys["nper"]
        if self.ended is None:
            return int(nsteps)
        intervals = self.ended - 1
        return sum(nper[:intervals]) if isinstance(nper, list) else intervals * nper


@dataclass(frozen=True)
class Journal:
    """What a journal says."""

    path: Path
    header: Mapping[str, Any]
    """Line 1, with the places of input files."""
    snapshots: tuple[Snapshot, ...]
    """The committed ones, in the order of their commits."""

    @property
    def run_id(self) -> str:
        """What tells the run from all others."""
        return str(self.header["run_id"])

    @property
    def is_sweep(self) -> bool:
        """Whether the cube has an axis of scenarios."""
        return "varied" in self.header

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios of a sweep, or the one run."""
        if self.is_sweep:
            return tuple(map(Scenario, _each(self.header)))
        has_ended = self.snapshots and self.snapshots[-1].ended is not None
        return (Scenario(self.header, len(self.snapshots) if has_ended else None),)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole cube; of a run that ended early it has the snapshots up to then."""
        ended = self.scenarios[0].ended
        planned = tuple(self.header["shape"])
        return planned if ended is None else (ended, *planned[1:])

    @property
    def varied(self) -> list[str]:
        """The parameters whose values differ between scenarios."""
        return [key.removeprefix("params.") for key in self.header.get("varied", ()) if key.startswith("params.")]

    def value(self, scenario: int, name: str) -> Any:
        """The value of a dotted name in a scenario; None where it has none."""
        found: Any = self.scenarios[scenario].params
        for part in name.split("."):
            if isinstance(found, list):
                found = found[int(part)] if part.isdecimal() and int(part) < len(found) else None
            else:
                found = found.get(part) if isinstance(found, Mapping) else None
        return found

    @cached_property
    def committed(self) -> tuple[int, ...]:
        """Committed snapshots of each scenario."""
        counts = [0] * len(self.scenarios)
        for snapshot in self.snapshots:
            counts[snapshot.scenario or 0] += 1
        return tuple(counts)

    @property
    def available(self) -> int:
        """How far along the first axis all is committed: snapshots of a run, scenarios of a sweep."""
        complete = self.complete
        return next((number for number, index in enumerate(complete) if index > number), len(complete))

    @cached_property
    def complete(self) -> Sequence[int]:
        """The indices of the first axis that are all committed: snapshots of a run, scenarios of a sweep."""
        if not self.is_sweep:
            return range(self.committed[0])
        return [number for number, one in enumerate(self.scenarios) if self.committed[number] == one.snapshots]

    @property
    def is_complete(self) -> bool:
        """Whether every snapshot is committed."""
        return len(self.snapshots) == sum(one.snapshots for one in self.scenarios)


def _each(header: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The keys of each scenario of a sweep: those of the first, with its own values of the varied ones; null is none."""
    for number in range(header["shape"][0]):
        keys = {**header, "params": _copied(header["params"])}
        for name, values in header["varied"].items():
            *tables, key = name.split(".")
            table = keys
            for one in tables:
                table = table.setdefault(one, {})
            table[key] = values[number]
            if values[number] is None:
                del table[key]
        yield keys


def _copied(tables: Any) -> Any:
    """Tables with copies of the tables in them."""
    return {name: _copied(one) for name, one in tables.items()} if isinstance(tables, dict) else tables


def flat(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The same with dotted keys for the entries of tables."""
    found: dict[str, Any] = {}
    for key, value in parameters.items():
        if key in _TABLES and isinstance(value, Mapping):
            found.update((f"{key}.{name}", one) for name, one in value.items())
        else:
            found[key] = value
    return found


def journal_path(cube: str | os.PathLike[str]) -> Path:
    """Where the journal of a cube is. A link without a journal beside it stands for what it leads to."""
    path = Path(cube)
    beside = path.with_suffix(".journal")
    if path.suffix != ".npy":
        return beside
    if not os.path.lexists(beside):
        try:
            target = path.resolve(strict=True).with_suffix(".journal")
        except OSError:
            return beside
        if target.exists():
            return target
    return beside


def open_file(path: Path) -> BinaryIO:
    """Opens a file to read; what is no file, such as a pipe, is an error and never waited for."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{path} is no file")
    return file


def is_of_run(cube: str | os.PathLike[str], run_id: str) -> bool:
    """Whether the journal beside a cube is still that of this run: an array opened before that is the run's, too.

    A run that starts a cube over removes the array before it empties the journal, and creates the new array before
    line 1 of the journal is written.
    """
    try:
        with open(journal_path(cube), "rb") as file:
            beginning = file.read(256)
    except OSError:
        return False
    return b'"run_id":%s,' % json.dumps(run_id).encode() in beginning


def started_over(cube: str | os.PathLike[str]) -> ResourceError:
    """The error of a cube that is no longer of the run of which it was."""
    return ResourceError(f"{os.fspath(cube)} was started over by another run: open it again")
