"""Opening cubes: the journal that belongs to an array. Needs NumPy and nothing compiled."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from ._errors import DataError, ParameterError, ResourceError
from ._journal import DATA_OFFSET, Journal, is_of_run, open_file, read_journal, started_over

__all__ = ["check", "read"]

_ATTEMPTS = 100
_PAUSE = 0.01


def read(path: Path) -> Journal:
    """The journal of a cube, which is that of the array: a run may start the cube over meanwhile."""
    for attempt in range(_ATTEMPTS):
        try:
            journal = read_journal(path)
            check(path, journal)
        except (DataError, ParameterError):
            # Damage stays; what a run is about to start over, or has just ended, does not.
            if attempt >= 2:
                raise
            time.sleep(_PAUSE)
            continue
        if is_of_run(path, journal.run_id):
            return journal
        time.sleep(_PAUSE)
    raise started_over(path)


def check(path: Path, journal: Journal) -> None:
    """Refuses a cube that is not the one its journal describes."""
    described = (journal.shape, np.dtype(journal.header["dtype"]), False)
    try:
        with open_file(path) as file:
            found = _described(file)
            length = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        raise DataError(
            f"{path} is gone, and {journal.path} lists {len(journal.snapshots)} snapshots of it: "
            "put it back, or start over"
        ) from None
    except OSError as error:
        raise ResourceError(f"cannot read {path}: {error.strerror or error}") from error
    expected, longest = (
        DATA_OFFSET + int(np.prod(shape, dtype=object)) * described[1].itemsize
        for shape in (journal.shape, journal.planned)
    )
    if found == (journal.planned, *described[1:]) and length == longest:
        # A run that has ended early has not shortened it yet.
        return
    if found != described or not expected <= length <= longest:
        if found is not None and length >= 0 and found != described and length != expected:
            raise ParameterError(
                f"{journal.path} is the journal of another array than {path}"
            )
        raise DataError(
            f"{path} does not match its journal: it has {length} bytes and the journal says {expected}"
            if found == described
            else f"{path} does not match its journal: its header is damaged"
        )


def _described(file: Any) -> tuple[tuple[int, ...], np.dtype, bool] | None:
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(file)
    except (ValueError, EOFError):
        return None
    return tuple(shape), dtype, is_fortran
