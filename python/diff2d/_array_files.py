"""The files beside a cube that hold arrays among its parameters."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ._errors import Error, ResourceError
from ._journal import journal_path, read_journal
from ._parameters import npy

__all__ = ["ArrayFiles"]

_PIECE = 1 << 20
"""Bytes of a file that are read at once for its digest."""


class ArrayFiles:
    """The files `STEM.KEY.DIGEST.npy` beside the cube `STEM.npy`, which its journal names: a run can be continued and its fluxes
    computed for as long as they are there.

    Because their names follow from their contents, no array is written over another one, so that a run that is refused leaves those
    of the cube that is there.
    """

    def __init__(self, cube: Path, starts_over: bool) -> None:
        self._cube = Path(os.path.abspath(cube))
        self._name = re.compile(rf"{re.escape(cube.stem)}\.[\w.-]+\.[0-9a-f]{{12}}\.npy")
        self._before: set[Path] = (self._named() or set()) if starts_over else set()
        self._new: set[Path] = set()

    def save(self, key: str, array: Any) -> str:
        """The file with the array of a key."""
        name = f"{self._cube.stem}.{re.sub(r'[.](file|path)$', '', key)}"
        unfinished = self._cube.with_name(f".{name}.{os.getpid()}.npy")
        try:
            with open(unfinished, "w+b") as file:
                npy(key, array, file)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                digest = hashlib.sha256()
                while piece := file.read(_PIECE):
                    digest.update(piece)
            path = self._cube.with_name(f"{name}.{digest.hexdigest()[:12]}.npy")
            if not path.exists():
                self._new.add(path)
            os.replace(unfinished, path)
        except OSError as error:
            raise ResourceError(f"cannot write the array {key} beside {self._cube}: {error.strerror or error}") from error
        finally:
            unfinished.unlink(missing_ok=True)
        return os.fspath(path)

    def remove_unnamed(self) -> None:
        """Removes files that the journal does not name: new ones of a run that did not start, and those of a cube that was started
        over."""
        if not self._before and not self._new:
            return
        named = self._named()
        if named is not None:
            for path in (self._before | self._new) - named:
                path.unlink(missing_ok=True)

    def _named(self) -> set[Path] | None:
        """The files of this kind that the journal names; None where it cannot be read."""
        if not journal_path(self._cube).exists():
            return set()
        try:
            parameters = read_journal(self._cube).scenarios[0].params
        except Error:
            return None
        paths = map(Path, _texts(parameters))
        return {path for path in paths if path.parent == self._cube.parent and self._name.fullmatch(path.name)}


def _texts(value: Any) -> Iterator[str]:
    """The texts among values within values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
