"""What the arguments of several commands have in common: their types, and ranges."""

from __future__ import annotations

import os
from typing import Any, Mapping, Sequence, Union

import numpy as np

from ._cube import Cube

__all__ = ["Array", "Entries", "range_of"]

Array = Union[str, "os.PathLike[str]", np.ndarray, Cube]
Entries = Union[str, int, float, Sequence[Any], Mapping[str, Any]]


def range_of(places: Any) -> str | None:
    """A number, a text or a pair of ends as a range of the command line."""
    if isinstance(places, tuple):
        return ":".join("" if end is None else str(end) for end in places)
    return None if places is None else str(places)
