"""The journal beside a cube, read as the program reads it. Needs nothing but the standard library.

A journal is JSON Lines: a header, then a line for every committed snapshot. The last key of each line is
`crc`, the CRC-32C of the run id followed by the bytes of the line before `,"crc"`.
"""

from __future__ import annotations

import json
import math
import os
import stat
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, BinaryIO, Iterator, Mapping, Sequence

from ._errors import DataError, ParameterError, ResourceError

__all__ = ["Journal", "Snapshot", "flat", "journal_path", "read_journal"]

FORMAT = 3
_TABLES = ("initial", "boundary")
_FILES = ("file", "image", "path")
DATA_OFFSET = 4096
_CRC_KEY = b',"crc":"'
_SEAL = len(_CRC_KEY) + 8 + len(b'"}')
_LONGEST_LINE = 4096
_MOST_SCENARIOS = 1_000_000


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
    streams: Mapping[str, tuple[int, int, int]] = field(default_factory=dict, compare=False, repr=False)
    """How far each stream of a record reaches: lines or frames, bytes of the file, and the CRC-32C of those behind its head."""


@dataclass(frozen=True)
class Scenario:
    """A run, alone or within a sweep: what line 1 of the journal says of it."""

    params: Mapping[str, Any]
    dx: float
    dy: float
    dt: float
    nsteps: int
    nper: int | tuple[int, ...]
    """Steps from each snapshot to the next; of given times (`outtimes`) one number for each."""
    ended: int | None = None
    """Of a run that ended early, how many snapshots it has; a line behind line 1 says so."""

    @property
    def snapshots(self) -> int:
        """Number of snapshots, the initial state included."""
        return self.planned if self.ended is None else self.ended

    @property
    def last_step(self) -> int:
        """Number of steps."""
        return self.nsteps if self.ended is None else self.step_of(self.ended - 1)

    @property
    def planned(self) -> int:
        """Number of snapshots as the run was begun."""
        return 1 + (self.nsteps // self.nper if isinstance(self.nper, int) else len(self.nper))

    def step_of(self, index: int) -> int:
        """The step of a snapshot."""
        return index * self.nper if isinstance(self.nper, int) else self._steps[index]

    @cached_property
    def _steps(self) -> list[int]:
        return [0, *accumulate(self.nper)] if isinstance(self.nper, tuple) else []

    @property
    def start(self) -> float:
        """Simulated time of the first snapshot."""
        return float(self.params.get("t0", 0.0))

    @property
    def outtimes(self) -> tuple[float, ...] | None:
        """The times of the snapshots after the first, where they were given."""
        times = self.params.get("outtimes")
        return None if times is None else tuple(float(time) for time in times)

    @property
    def interval(self) -> float | None:
        """Of exact times the simulated time between snapshots; None of the course's."""
        if self.params.get("times") != "exact" or self.outtimes is not None:
            return None
        return float(self.params["outtime"]) or self.dt


@dataclass(frozen=True)
class Journal:
    """What a journal says."""

    path: Path
    header: Mapping[str, Any]
    """Line 1."""
    scenarios: tuple[Scenario, ...]
    """The scenarios of a sweep, or the one run."""
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

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole cube; of a run that ended early it has the snapshots up to then."""
        ended = self.scenarios[0].ended
        return self.planned if ended is None else (ended, *self.planned[1:])

    @property
    def planned(self) -> tuple[int, ...]:
        """Shape of the cube as the run was begun."""
        return tuple(self.header["shape"])

    @cached_property
    def pairs(self) -> list[dict[str, Any]]:
        """The parameters of each scenario by their dotted names; a table that is the value of a key stays whole."""
        return [flat(one.params) for one in self.scenarios]

    @cached_property
    def varied(self) -> list[str]:
        """The keys whose values differ between scenarios, the first 100 of them; of a key that is a table what differs in the
        tables, such as `function.T.file`."""
        keys = self.pairs[0]
        varied = (name for key in keys for name in _differing(key, [one.get(key) for one in self.pairs]))
        return list(islice(varied, 100))

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


def _differing(name: str, values: list[Any]) -> Iterator[str]:
    """The dotted names of what differs in tables; the name of all where not all values are tables."""
    if all(one == values[0] for one in values[1:]):
        return
    if not all(isinstance(one, Mapping) for one in values):
        yield name
        return
    for key in sorted({key for one in values for key in one}):
        yield from _differing(f"{name}.{key}", [one.get(key) for one in values])


def flat(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The same with dotted keys for the entries of tables."""
    found: dict[str, Any] = {}
    for key, value in parameters.items():
        if key in _TABLES and isinstance(value, Mapping):
            found.update((f"{key}.{name}", one) for name, one in value.items())
        else:
            found[key] = value
    return found


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()


def _crc32c(data: bytes, crc: int = 0) -> int:
    """CRC-32C (Castagnoli) of `data`, continued from `crc`, byte by byte."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


try:
    # A thousand times as fast, which the journals of large sweeps need.
    from ._native import crc32c
except ImportError:
    crc32c = _crc32c


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


def read_journal(cube: str | os.PathLike[str]) -> Journal:
    """Reads the journal beside a cube.

    Raises
    ------
    ParameterError
        There is none, or its run was stopped before anything counted.
    DataError
        It is damaged, or belongs to something else.
    ResourceError
        It cannot be read, or is of a newer format.
    """
    path = journal_path(cube)
    try:
        with open_file(path) as file:
            return _read(file, path, os.fspath(cube))
    except FileNotFoundError:
        if not os.path.exists(cube):
            raise ParameterError(f"there is no file {os.fspath(cube)}, and no journal beside it") from None
        raise ParameterError(
            f"{os.fspath(cube)} has no journal beside it, so it is not a cube of diff2d"
        ) from None
    except OSError as error:
        raise ResourceError(f"cannot read {path}: {error.strerror or error}") from error


def _read(file: BinaryIO, path: Path, cube: str) -> Journal:
    first = file.readline()
    if not first.strip(b"\0\n"):
        raise ParameterError(
            f"the run of {cube} was stopped before anything was committed: start it again with resume=True"
        )
    header = _header(first, path, cube)
    try:
        if header.get("inputs"):
            directory = os.path.abspath(path.parent)
            header = {key: _placed(key, value, directory) for key, value in header.items()}
            header["inputs"] = {os.path.join(directory, name): sum for name, sum in header["inputs"].items()}
        scenarios = tuple(map(_scenario, _each(header)))
        _check_shape(header, scenarios)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"line 1 of {path} cannot be right ({error})") from None
    snapshots = tuple(_snapshots(file, path, header, scenarios))
    if "varied" not in header and snapshots and snapshots[-1].ended is not None:
        scenarios = (replace(scenarios[0], ended=snapshots[-1].index + 1),)
    return Journal(path, header, scenarios, snapshots)


def _placed(key: str, value: Any, directory: str) -> Any:
    """The value of a key with the names of files that start from a directory made absolute."""
    if isinstance(value, Mapping):
        return {name: _placed(name.rpartition(".")[2], one, directory) for name, one in value.items()}
    if isinstance(value, list):
        return [_placed(key, one, directory) for one in value]
    return os.path.join(directory, value) if isinstance(value, str) and key in _FILES else value


def _header(line: bytes, path: Path, cube: str) -> dict[str, Any]:
    damaged = DataError(
        f"line 1 of {path} is damaged or not of diff2d; `diff2d repair {cube}` tells what can be done"
    )
    header = _object(line.removesuffix(b"\n"))
    if not line.endswith(b"\n") or header is None:
        raise damaged
    try:
        run_id, version = str(header["run_id"]), int(header["format"])
        program = header["program_version"]
    except (KeyError, TypeError, ValueError):
        raise damaged from None
    if version > FORMAT:
        raise ResourceError(
            f"{path} has format {version}, of diff2d {program}; this version reads format {FORMAT}"
        )
    if not _is_sealed(line.removesuffix(b"\n"), run_id):
        raise damaged
    if version < FORMAT:
        raise ResourceError(
            f"{path} has format {version}, from before the release of diff2d 0.1.0; this version reads format {FORMAT}:"
            f" move {path} and {cube} away and compute them again, or use the program that wrote them"
        )
    return header


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _finite(text: str) -> float:
    """A number that a double holds; of others no line of a journal tells."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is beyond all doubles")
    return number


def _is_sealed(line: bytes, run_id: str) -> bool:
    body, seal = line[:-_SEAL], line[-_SEAL:]
    crc = crc32c(body, crc32c(run_id.encode(), 0))
    return seal == _CRC_KEY + b"%08x" % crc + b'"}'


def _each(header: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The keys of each scenario: those of the first, with its own values of the varied ones; null is none."""
    if "varied" not in header:
        yield header
        return
    count, varied = _count(header["shape"][0]), header["varied"]
    if count > _MOST_SCENARIOS or any(len(values) != count for values in varied.values()):
        raise ValueError(f"shape is {header['shape']}, and lists in varied have other lengths")
    for number in range(count):
        keys = {**header, "params": _copied(header["params"])}
        for name, values in varied.items():
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


def _scenario(keys: Mapping[str, Any]) -> Scenario:
    one = Scenario(
        params=dict(keys["params"]),
        dx=float(keys["dx"]),
        dy=float(keys["dy"]),
        dt=float(keys["dt"]),
        nsteps=_count(keys["nsteps"]),
        nper=tuple(map(_count, nper)) if isinstance(nper := keys["nper"], list) else _count(nper),
    )
    for value in (one.dx, one.dy, one.dt):
        if not (math.isfinite(value) and value > 0):
            raise ValueError("dx, dy or dt is not above 0")
    each = one.nper if isinstance(one.nper, tuple) else None
    given = None if one.outtimes is None else len(one.outtimes)
    is_wrong = one.nper == 0 if each is None else 0 in each or sum(each) != one.nsteps
    if is_wrong or given != (None if each is None else len(each)) or one.nsteps >= 1 << 53:
        raise ValueError(f"nsteps is {one.nsteps} and nper {one.nper}")
    return one


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _check_shape(header: Mapping[str, Any], scenarios: tuple[Scenario, ...]) -> None:
    """Checks the shape against the scenarios."""
    if not scenarios:
        raise ValueError("there are no scenarios")
    most = max(one.snapshots for one in scenarios)
    expected = [len(scenarios), most] if "varied" in header else [most]
    shape = [_count(length) for length in header["shape"]]
    if header["data_offset"] != DATA_OFFSET or header["dtype"] not in ("<f8", "<f4"):
        raise ValueError(f"data_offset is {header['data_offset']} and dtype {header['dtype']}")
    if shape[:-2] != expected or len(shape) < 3 or min(shape) == 0:
        raise ValueError(f"shape is {shape}, and nsteps and nper make it begin with {expected}")
    if math.prod(shape) * int(header["dtype"][2]) >= (1 << 63) - DATA_OFFSET:
        raise ValueError(f"shape is {shape}, beyond any file")


def _snapshots(
    file: BinaryIO, path: Path, header: Mapping[str, Any], scenarios: tuple[Scenario, ...]
) -> Iterator[Snapshot]:
    """The valid snapshots without a gap. A torn last line, or a hole, ends them; a bad line with valid ones
    behind it is damage."""
    is_sweep = "varied" in header
    nexts = [0] * len(scenarios)
    damaged = None
    number = 1
    while line := file.readline():
        number += 1
        if b"\0" in line:
            return
        snapshot = _snapshot(line, header["run_id"], is_sweep)
        if snapshot is None:
            damaged = damaged or number
            continue
        scenario = snapshot.scenario or 0
        if not (
            scenario < len(scenarios)
            and snapshot.index < scenarios[scenario].snapshots
            and snapshot.step == scenarios[scenario].step_of(snapshot.index)
        ):
            damaged = damaged or number
            continue
        if damaged is not None or snapshot.index != nexts[scenario]:
            raise DataError(
                f"line {damaged or number} of {path} is damaged; `diff2d repair` rebuilds it from the cube"
            )
        nexts[scenario] += 1
        yield snapshot


def _snapshot(line: bytes, run_id: str, is_sweep: bool) -> Snapshot | None:
    if len(line) > _LONGEST_LINE or not line.endswith(b"\n"):
        return None
    line = line[:-1]
    keys = _object(line)
    if keys is None or not _is_sealed(line, run_id):
        return None
    try:
        return Snapshot(
            index=_count(keys["index"]),
            step=_count(keys["step"]),
            simtime=float(keys["simtime"]),
            mass=_number(keys["mass"]),
            min=_number(keys["min"]),
            max=_number(keys["max"]),
            sha256=str(keys["sha256"]),
            scenario=_count(keys["scenario"]) if is_sweep else None,
            ended=_end(keys["ended"]) if "ended" in keys else None,
            streams={name: _mark(*mark) for name, mark in keys.get("streams", {}).items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _end(end: Mapping[str, Any]) -> Mapping[str, Any]:
    [(side, limit)] = end["limit"].items()
    return {
        "what": str(end["what"]),
        "value": float(end["value"]),
        "limit": {str(side): float(limit)},
        "t": float(end["t"]),
    }


def _mark(count: Any, end: Any, crc: Any) -> tuple[int, int, int]:
    return _count(count), _count(end), int(crc, 16)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
