"""Errors, with the exit codes that the command line has for them."""

from __future__ import annotations

__all__ = ["DataError", "Error", "ParameterError", "ResourceError"]


class Error(Exception):
    """Anything that `diff2d` could not do. Its text is the sentence of the command line."""

    exit_code: int = 1
    """What the command line returns in this case: 1, 2 or 3."""


class ResourceError(Error, OSError):
    """It could not: input or output, memory, threads, a lock. Exit code 1."""

    exit_code = 1

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ParameterError(Error, ValueError):
    """Wrong parameters or arguments, or an output that is there already. Exit code 2."""

    exit_code = 2


class DataError(Error, ValueError):
    """Data is damaged, or does not match. Exit code 3."""

    exit_code = 3


def of_code(sentence: str, exit_code: int) -> Error:
    """The error for an exit code."""
    kinds = {1: ResourceError, 2: ParameterError, 3: DataError}
    return kinds.get(exit_code, Error)(sentence)
