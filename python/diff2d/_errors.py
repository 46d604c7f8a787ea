"""Errors, with the exit codes that the command line has for them."""

from __future__ import annotations

import re

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
    return kinds.get(exit_code, Error)(in_python(sentence))


_SWITCHES = {
    "animate", "common", "compress", "effective", "equal-nan", "field", "force", "ignore-coordinates", "keep-nan", "log", "misfit",
    "resume", "series", "skip-nan",
}  # fmt: skip
"""Options without a value."""
_NO_ARGUMENTS = {
    "csv", "features", "fill", "follow", "help", "json", "log-every", "no-cube", "no-lock", "plan", "quiet", "release", "report",
    "sbatch", "set", "shape", "verbose",
}  # fmt: skip
"""Options of commands that are no arguments of functions, and those of cargo."""
_OPTION = re.compile(r"""(?<![\w-])(?:--([a-z][a-z-]*)|-o)(?![\w-])(?: ([a-z](?!\w)|\S*[\d='"\[/][^\s]*))?""")


def in_python(sentence: str) -> str:
    """A sentence of the command line with options as arguments of functions; commands between backticks stay."""

    def argument(found: re.Match[str]) -> str:
        name, value = found[1] or "output", found[2]
        if name in _NO_ARGUMENTS:
            return found[0]
        word = name.replace("-", "_")
        if name in _SWITCHES:
            return f"{word}=True" + ("" if value is None else f" {value}")
        return f"{word}={value or '…'}"

    parts = sentence.split("`")
    return "`".join(part if number % 2 else _OPTION.sub(argument, part) for number, part in enumerate(parts))
