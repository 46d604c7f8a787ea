"""Commands called in this process: arguments and answers are values."""

from __future__ import annotations

import mmap
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from . import _native
from ._coordinates import Axis, Labels, axis_of, write_labels
from ._errors import Error
from ._journal import flat
from ._parameters import npy, source, toml, with_saved

__all__ = ["Files", "call"]


def call(
    command: str, arguments: Mapping[str, Any], *, writes: bool = False, may_differ: bool = False
) -> tuple[list[Any], tuple[str, ...]]:
    """Carries out a command: its answers, and its notes. Arguments that are None have their defaults."""
    answers, notes = _native.call(command, dict(arguments), writes, may_differ)
    return answers, tuple(notes)


class Files:
    """The files of a call: those that were named, and temporary ones for what is in memory."""

    def __init__(self) -> None:
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._count = 0

    def __enter__(self) -> Files:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._directory is None:
            return
        if isinstance(error, Error):
            # What is in memory has no name that a user knows.
            place = re.escape(f"{self._directory.name}{os.sep}") + r"\d+-array\.npy"
            error.args = tuple(re.sub(place, "the array", str(text)) for text in error.args)
        self._directory.cleanup()

    def new(self, name: str) -> str:
        """A name for a temporary file."""
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(
                prefix="diff2d-", ignore_cleanup_errors=True
            )
        self._count += 1
        return str(Path(self._directory.name) / f"{self._count}-{name}")

    def path(self, array: Any) -> str:
        """The file of an array. An array in memory is saved, with what is known of it."""
        if isinstance(array, (str, os.PathLike)):
            return os.fspath(array)
        mapped = _mapped_file(array)
        if mapped is not None:
            return mapped
        path = self.save("the array", array)
        labels = _labels(array)
        if labels is not None:
            write_labels(path, np.shape(array), labels)
        return path

    def save(self, name: str, array: Any) -> str:
        """A file with an array, written piece by piece; errors call it by the name."""
        path = self.new("array.npy")
        with open(path, "wb") as file:
            npy(name, array, file)
        return path

    def params(self, params: Any, given: Mapping[str, Any]) -> dict[str, Any]:
        """The file of parameters, and those that override them. A cube stands for its parameters."""
        params, given = with_saved(getattr(params, "params", params), given, self.save)
        file, _ = source(params)
        if file is None:
            file = self.new("parameters.toml")
            Path(file).touch()
            given = {**flat(params), **_overriding(given)}
        lines = toml(_overriding(given)).rstrip("\n").split("\n")
        return {"file": file, "overrides": [line for line in lines if line]}


def _overriding(given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters by dotted keys, but an initial state as a whole: one of another kind has other keys."""
    state = given.get("initial")
    is_whole = isinstance(state, Mapping) and "kind" in state
    whole = {"initial": state} if is_whole else {}
    return {**flat({key: value for key, value in given.items() if key not in whole}), **whole}


def _mapped_file(array: Any) -> str | None:
    """The `.npy` file of which an array is the whole map, which need not be copied; None for other arrays, and for the file of a cube,
    which is more than its array."""
    if not isinstance(array, np.memmap) or array.mode == "c" or not isinstance(array.filename, (str, os.PathLike)):
        return None
    path = Path(array.filename)
    if path.suffix != ".npy" or path.with_suffix(".journal").exists() or array._mmap is None:  # type: ignore[attr-defined]
        return None
    try:
        whole = np.load(path, mmap_mode="r")
    except (OSError, ValueError):
        return None
    if not isinstance(whole, np.memmap):
        return None
    if not _is_of_file(array, path):
        return None
    begin, of_whole = (_place_in_map(one) for one in (array, whole))
    is_same = (array.shape, array.dtype, array.strides, begin) == (whole.shape, whole.dtype, whole.strides, of_whole)
    return os.fspath(path) if is_same else None


def _is_of_file(array: Any, path: Path) -> bool:
    """Whether the file of this name is still the one of which an array is a map, as far as the system tells: another program may
    have put a new one in its place."""
    address = int(array.__array_interface__["data"][0])
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            for line in maps:
                span, _, _, _, inode = line.split()[:5]
                start, end = (int(bound, 16) for bound in span.split("-"))
                if start <= address < end:
                    return int(inode) == path.stat().st_ino
    except OSError:
        pass
    return True


def _place_in_map(array: Any) -> int:
    """The byte of its file at which a map begins."""
    start = np.frombuffer(array._mmap, dtype=np.uint8).__array_interface__["data"][0]
    within: int = array.__array_interface__["data"][0] - start
    return within + array.offset - array.offset % mmap.ALLOCATIONGRANULARITY


def _by_the_clock(coordinate: Any) -> Any:
    """The values of a coordinate; of dates with a zone what its clocks show."""
    index = getattr(coordinate, "to_index", lambda: None)() if np.ndim(coordinate) == 1 else None
    zone = getattr(index, "tz", None)
    return coordinate.values if index is None or zone is None else index.tz_localize(None).values


def _labels(array: Any) -> Labels | None:
    """What an array in memory tells of itself: a solution, a masked array, or an `xarray.DataArray`."""
    if (own := getattr(array, "_labels", None)) is not None:
        found: Labels = own()
        return found
    if np.ma.is_masked(array):
        return Labels([None] * np.ndim(array), masked=True)
    dims, coords = getattr(array, "dims", None), getattr(array, "coords", None)
    if dims is None or coords is None:
        return None

    def axis(name: Any) -> Axis:
        known = coords.get(name)
        if known is None:
            return Axis(str(name))
        about = {**getattr(known, "encoding", {}), **known.attrs}
        return axis_of(str(name), _by_the_clock(known), about.get("units"), about.get("calendar"))

    unit = array.attrs.get("units")
    return Labels([axis(name) for name in dims], unit=unit if isinstance(unit, str) else None)
