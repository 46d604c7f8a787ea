"""What the tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "format-3"
PACKAGE = ROOT / "python" / "diff2d"

SMALL = {"D": 1.0, "x1": -10.0, "x2": 10.0, "dx": 1.0, "runtime": 3.75, "outtime": 1.25}
"""Runs in a blink: 4 snapshots of 22 x 22 nodes."""

LONG = {**SMALL, "dx": 0.05, "runtime": 2000.0, "outtime": 5.0}
"""Takes longer than any test waits: 402 x 402 nodes, 3,200,000 steps, 401 snapshots."""


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has a directory of its own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def python():
    """Runs Python on a text, in this directory; returns what it printed."""

    def run(text: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def pure(tmp_path: Path) -> Path:
    """A directory with the package as it is without its compiled part."""
    directory = tmp_path / "pure"
    without = shutil.ignore_patterns("*.so", "__pycache__")
    shutil.copytree(PACKAGE, directory / "diff2d", ignore=without)
    return directory


def program(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command line of the package."""
    command = [sys.executable, "-m", "diff2d", *map(os.fspath, map(str, arguments))]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)
