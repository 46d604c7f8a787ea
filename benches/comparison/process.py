"""Processes with a time limit that end together with the comparison."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


class Failure(Exception):
    """Why a process had no success, in one clause."""


@dataclass
class FinishedProcess:
    """What a process printed, and the seconds that it took."""

    stdout: str
    seconds: float


def run(command, limit, directory=None, environment=None):
    """Runs a command until it ends, and raises Failure if it does not start, fails or takes longer than `limit` seconds."""
    words = [str(word) for word in command]
    name = Path(words[0]).name
    start = time.perf_counter()
    try:
        # `run` kills its process when a signal raises an exception here.
        finished = subprocess.run(words, cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, errors="replace", timeout=limit)
    except OSError as error:
        raise Failure(f"{name} does not start: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise Failure(f"{name} was stopped after {limit} s") from None
    seconds = time.perf_counter() - start
    if finished.returncode != 0:
        lines = [line.strip() for line in finished.stderr.splitlines() if line.strip()]
        last_line = f": {lines[-1]}" if lines else ""
        raise Failure(f"{name} ended with exit code {finished.returncode}{last_line}")
    return FinishedProcess(finished.stdout, seconds)


def printed_values(stdout):
    """The values of lines `name=value`, by their names."""
    pairs = (line.strip().partition("=") for line in stdout.splitlines())
    return {name: value for name, separator, value in pairs if separator}
