"""The files beside a cube that hold arrays among its parameters."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from pathlib import Path
from typing import IO, Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

from ._errors import ResourceError
from ._journal import journal_path
from ._native import inputs
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
        self._name = re.compile(rf"{re.escape(cube.stem)}\.[\w.-]+\.([0-9a-f]{{12}})\.npy")
        self._before: set[Path] = (self._named(journal_path(self._cube)) or set()) if starts_over else set()
        self._new: set[Path] = set()

    def save(self, key: str, array: Any) -> str:
        """The file with the array of a key."""
        name = f"{self._cube.stem}.{re.sub(r'[.](file|path)$', '', key)}"
        unfinished = self._cube.with_name(f".{name}.{os.getpid()}.npy")
        self._remove_left(name)
        try:
            with open(unfinished, "w+b") as file:
                _lock(file)
                npy(key, array, file)
                file.flush()
                os.fsync(file.fileno())
                file.seek(0)
                path = self._cube.with_name(f"{name}.{_digest(file)[:12]}.npy")
            if not path.exists():
                self._new.add(path)
            os.replace(unfinished, path)
        except OSError as error:
            raise ResourceError(f"cannot write the array {key} beside {self._cube}: {error.strerror or error}") from error
        finally:
            unfinished.unlink(missing_ok=True)
        return os.fspath(path)

    def remove_unnamed(self) -> None:
        """Removes files that no journal names: new ones of a run that did not start, and those of a cube that was started over."""
        unnamed = self._before | self._new
        if not unnamed:
            return
        for journal in self._cube.parent.glob("*.journal"):
            named = self._named(journal)
            if named is None:
                return
            unnamed -= named
        for path in unnamed:
            path.unlink(missing_ok=True)

    def _named(self, journal: Path) -> set[Path] | None:
        """The files of this kind that a journal names by the digest in their names; None where it cannot be read."""
        if not journal.exists():
            return set()
        named = inputs(journal)
        if named is None:
            return None
        files = ((self._cube.with_name(Path(name).name), digest) for name, digest in named.items())
        names = ((path, self._name.fullmatch(path.name), digest) for path, digest in files)
        return {path for path, name, digest in names if name and digest.startswith(name[1])}

    def _remove_left(self, name: str) -> None:
        """Removes what processes that were killed have left of this array: a process that writes holds a lock."""
        for path in self._cube.parent.glob(f".{glob.escape(name)}.*.npy"):
            if path.name[len(name) + 2 : -4].isdigit():
                try:
                    with open(path, "r+b") as file:
                        _lock(file)
                    path.unlink()
                except OSError:
                    pass


def _lock(file: IO[bytes]) -> None:
    """Locks a file, where the system can; raises OSError where another process has locked it."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _digest(file: IO[bytes]) -> str:
    """The SHA-256 of an open file."""
    digest = hashlib.sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()
