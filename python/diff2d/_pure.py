"""What reads cubes with NumPy alone, where the compiled part is missing."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from ._errors import DataError, ParameterError, ResourceError
from ._journal import Snapshot, journal_path, open_file

__all__ = ["journal", "labels", "nodes", "rows", "times"]

_FORMAT = 3
_MOST_STEPS = 1 << 24
"""More steps than this are multiplied and not added up."""


def journal(cube: str | os.PathLike[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Line 1 of the journal of a cube, and the committed snapshots."""
    header, commits = _lines(cube)
    try:
        open_file(Path(cube)).close()
        array = np.load(cube, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise DataError(f"{cube}, which {journal_path(cube)} describes, cannot be read: {error}") from error
    # A run that has ended early has fewer snapshots than line 1 says.
    if (array.dtype, *array.shape[1:]) != (np.dtype(header["dtype"]), *header["shape"][1:]):
        raise ParameterError(f"{journal_path(cube)} is the journal of another array than {cube}")
    names = [one.name for one in fields(Snapshot)]
    not_finite = {"mass": math.nan, "min": math.nan, "max": math.nan}
    return header, [{name: not_finite.get(name) if one.get(name) is None else one[name] for name in names} for one in commits]


def _lines(cube: str | os.PathLike[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Line 1 of the journal of a cube, and the lines of the committed snapshots."""
    path = journal_path(cube)
    try:
        with open_file(path) as file:
            # What a power cut left behind a hole was never synced, and a last line without its end is torn.
            first, *lines = file.read().partition(b"\0")[0].split(b"\n")[:-1] or [b""]
    except FileNotFoundError:
        raise ParameterError(f"{cube} has no journal beside it, so it is not a cube of diff2d") from None
    except OSError as error:
        raise ResourceError(f"cannot read {path}: {error.strerror or error}") from error
    header = _content(first)
    if header is None:
        raise DataError(f"line 1 of {path} is damaged, or its run was stopped before anything was committed")
    if header["format"] != _FORMAT:
        raise ResourceError(f"{path} has format {header['format']}, and this version reads format {_FORMAT}")
    contents = [_content(line, header["run_id"]) for line in lines]
    while contents and contents[-1] is None:
        contents.pop()
    counts: Counter[int | None] = Counter()
    commits: list[dict[str, Any]] = []
    for number, content in enumerate(contents, 2):
        if content is None or content["index"] != counts[content.get("scenario")]:
            raise DataError(f"line {number} of {path} is damaged; `diff2d repair` rebuilds it from the cube")
        counts[content.get("scenario")] += 1
        commits.append(content)
    return header, commits


def _content(line: bytes, run_id: str | None = None) -> dict[str, Any] | None:
    """What a line says; None if it does not have the check sum of the run id, which line 1 says itself, and its own bytes."""
    body, _, seal = line.rpartition(b',"crc":"')
    try:
        content: dict[str, Any] = json.loads(body + b"}")
        crc = crc32c(body, crc32c((run_id or content["run_id"]).encode()))
    except (ValueError, KeyError):
        return None
    return content if seal == b'%08x"}' % crc else None


def crc32c(data: bytes, crc: int = 0) -> int:
    """CRC-32C (Castagnoli) of `data`, continued from `crc`."""
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _of_byte(remainder: int) -> int:
    for _ in range(8):
        remainder = remainder >> 1 ^ (0x82F63B78 if remainder & 1 else 0)
    return remainder


_TABLE = [_of_byte(byte) for byte in range(256)]


def nodes(scenario: Mapping[str, Any]) -> list[np.ndarray]:
    """The coordinates of the nodes along y and x, with the bits of the program."""
    params = scenario["params"]

    def along(axis: str, count: int) -> np.ndarray:
        first, last, spacing = params[f"{axis}1"], params[f"{axis}2"], scenario[f"d{axis}"]
        i = np.arange(count, dtype=np.float64)
        if params["grid"] == "slides":
            return np.linspace(first - spacing, last + spacing, count)
        if params["grid"] == "files":
            return np.asarray(first + ((i - 1) * (last - first)) / (count - 2))
        return np.append(first + i[:-1] * spacing, last)

    return [along(axis, count) for axis, count in zip("yx", scenario["shape"][-2:])]


def times(scenarios: Sequence[tuple[Mapping[str, Any], Sequence[float], int]]) -> list[np.ndarray]:
    """The times of the snapshots of scenarios. Each is given with the times that are known, of the first snapshots, and the number of
    all."""
    found = []
    for scenario, known, count in scenarios:
        params, dt, nper = scenario["params"], scenario["dt"], scenario["nper"]
        start = params.get("t0", 0.0)
        if isinstance(nper, list):
            planned = [start, *params["outtimes"]]
        elif params.get("times") == "exact":
            planned = start + np.arange(count) * (params["outtime"] or dt)
        else:
            known = known or [start]
            planned = [*known, *_later(known[-1], dt, nper, count - len(known))]
        found.append(np.asarray([*known, *planned[len(known) :]][:count], dtype=np.float64))
    return found


def _later(time: float, dt: float, nper: int, count: int) -> np.ndarray:
    """The times of so many snapshots after one. As in the run, dt is added once a step, unless that would take too much memory."""
    if count * nper > _MOST_STEPS:
        return np.asarray(time + np.arange(1, count + 1) * (nper * dt))
    return np.add.accumulate(np.append(time, np.full(count * nper, dt)))[nper::nper]


def labels(array: str | os.PathLike[str], shape: Sequence[int]) -> bytes:
    """What is known of an array of this shape, as the text of the file beside it has it; nothing if that is of another array."""
    try:
        text = Path(array).with_suffix(".axes.json").read_bytes()
        return text if json.loads(text)["shape"] == list(shape) else b"{}"
    except (OSError, ValueError, KeyError, TypeError):
        return b"{}"


def rows(cube: str | os.PathLike[str]) -> tuple[str, list[str]] | None:
    """The description of the record beside a cube, and its lines behind the first one, up to the last row that the journal proves;
    None if its run has none."""
    header, commits = _lines(cube)
    if "record" not in header["params"]:
        return None
    marks: dict[int, list[tuple[int, int, str]]] = {}
    for one in commits:
        marks.setdefault(one.get("scenario", 0), []).extend(filter(None, [one.get("streams", {}).get("record")]))
    try:
        description, content = (Path(cube).with_suffix(f".record.{end}").read_bytes() for end in ("json", "csv"))
    except OSError as error:
        raise ResourceError(f"cannot read the record of {cube}: {error}") from error
    begin = end = content.find(b"\n") + 1
    for scenario in sorted(marks):
        for _, length, crc in reversed(marks[scenario]):
            part = content[end : end + length - begin]
            # Scenarios may have committed more since their rows were joined.
            if len(part) == length - begin and crc32c(part) == int(crc, 16):
                end += len(part)
                break
    if end == begin:
        raise ParameterError(f"the record of {cube} has no row yet, or other rows than its run has written")
    return description.decode(), content[begin:end].decode().splitlines()
