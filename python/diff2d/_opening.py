"""What reads cubes: the compiled part, or NumPy alone where that is missing."""

from __future__ import annotations

from pathlib import Path

from ._errors import ParameterError
from ._journal import Journal, Snapshot, journal_path

try:
    from ._native import journal, labels, nodes, rows, times
except ImportError:
    from ._pure import journal, labels, nodes, rows, times

__all__ = ["labels", "nodes", "read", "rows", "times"]


def read(cube: Path) -> Journal:
    """The journal of a cube, which is that of the array: a run may start the cube over meanwhile.

    Raises
    ------
    ParameterError
        There is none, or its run was stopped before anything counted.
    DataError
        It is damaged, or is that of another cube.
    ResourceError
        It cannot be read, or is of another format.
    """
    path = journal_path(cube)
    if not cube.exists() and not path.exists():
        raise ParameterError(f"there is no file {cube}, and no journal beside it")
    header, commits = journal(cube)
    return Journal(path, header, tuple(Snapshot(**one) for one in commits))
