"""Maps of files that may become shorter while they are in use."""

from __future__ import annotations

import functools
import mmap
from typing import Any, Callable

import numpy as np

from ._errors import DataError

__all__ = ["Map"]


class Map(np.memmap):
    """A map of a file that looks whether the file still has its length before elements are taken, copied or computed
    with: the system ends a process that reads beyond the end."""

    def _check(self) -> None:
        held = getattr(self, "_mmap", None)
        if held is not None:
            start = self.offset - self.offset % mmap.ALLOCATIONGRANULARITY
            if held.size() < start + len(held):
                raise DataError(f"{self.filename} has become shorter since it was opened")

    def __getitem__(self, index: Any) -> Any:
        self._check()
        return super().__getitem__(index)

    @property
    def flat(self) -> Any:
        self._check()
        return super().flat

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [_checked(one) for one in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        for one in (*args, *kwargs.values()):
            for inner in one if isinstance(one, (list, tuple)) else (one,):
                _checked(inner)
        return super().__array_function__(func, types, args, kwargs)


def _checked(value: Any) -> Any:
    """The value, a map as a plain array once it is checked."""
    if not isinstance(value, Map):
        return value
    value._check()
    return value.view(np.ndarray)


def _checking(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def checked(self: Map, *args: Any, **options: Any) -> Any:
        self._check()
        return method(self, *args, **options)

    return checked


_READING = ("__copy__", "__deepcopy__", "__reduce__", "__repr__", "__str__", "__contains__")

# Methods of arrays that copy or compute without asking either of the two above.
for _name, _method in vars(np.ndarray).items():
    if callable(_method) and (_name[0] != "_" or _name in _READING):
        setattr(Map, _name, _checking(_method))
