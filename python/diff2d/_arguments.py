"""Types of the arguments that commands share."""

from __future__ import annotations

import os
from typing import Any, Mapping, Sequence, Union

import numpy as np

from ._cube import Cube

__all__ = ["Array", "Entries"]

Array = Union[str, "os.PathLike[str]", np.ndarray, Cube]
Entries = Union[str, int, float, Sequence[Any], Mapping[str, Any]]
