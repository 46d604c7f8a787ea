"""The compiled part. What is public wraps it: `diff2d.run`, `diff2d.stats` and so on."""

import os
from typing import Any, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

def run(
    file: str | None, text: str | None, given: str, options: dict[str, Any]
) -> tuple[dict[str, Any], str]: ...
def sweep(
    file: str | None, text: str | None, base: str | None, given: str, options: dict[str, Any]
) -> str: ...
def shape(file: str | None, text: str | None, given: str) -> tuple[int, int]: ...
def grid(
    file: str | None, text: str | None, given: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def solve(
    file: str | None, text: str | None, given: str, files: dict[str, bytes]
) -> (
    tuple[
        NDArray[Any],
        NDArray[np.float64],
        list[NDArray[np.float64]],
        dict[str, Any],
        dict[str, str],
        tuple[str, list[str], NDArray[np.float64], list[str] | None] | None,
    ]
): ...
def flux(
    scenario: Mapping[str, Any],
    files: dict[str, bytes],
    inputs: dict[str, str],
    times: NDArray[np.float64],
    values: NDArray[np.float64],
) -> list[tuple[str, list[float]]]: ...
def fit(
    file: str | None,
    text: str | None,
    given: str,
    files: dict[str, bytes],
    starts: int | None,
    threads: int | None,
) -> tuple[dict[str, Any], dict[str, list[NDArray[np.float64]]], str | None, FitDrawing]: ...

class FitDrawing:
    def write(self, path: str) -> None: ...

def call(
    command: str, arguments: dict[str, Any], writes: bool, may_differ: bool
) -> tuple[list[Any], list[str]]: ...
def main(arguments: list[str]) -> int: ...
def journal(cube: str | os.PathLike[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]: ...
def inputs(journal: str | os.PathLike[str]) -> dict[str, str] | None: ...
def nodes(scenario: Mapping[str, Any]) -> list[NDArray[np.float64]] | None: ...
def times(
    scenarios: Sequence[tuple[Mapping[str, Any], Sequence[float], int]],
) -> list[NDArray[np.float64]]: ...
def labels(array: str | os.PathLike[str], shape: Sequence[int]) -> bytes: ...
def rows(cube: str | os.PathLike[str]) -> tuple[str, list[str]] | None: ...
