"""Rounds in which all programs take turns, and what they gave."""

import json
import os
import statistics
from dataclasses import dataclass, field

import numpy as np

from .machine import BYTES
from .process import Failure, printed_values, run

RUN_LIMIT = 900
# What the parameter file is called among the arguments of a program of the user's own.
PARAMS = "params.toml"
REPORT = "report.json"
WHOLE = "whole.npy"
THREAD_VARIABLES = ("JULIA_NUM_THREADS", "OMP_NUM_THREADS", "NUMEXPR_MAX_THREADS", "NUMEXPR_NUM_THREADS",
                    "NUMBA_NUM_THREADS")


class OwnFailure(Exception):
    """diff2d itself failed, so there is nothing to compare with."""


@dataclass
class Agreement:
    """Whether a final state is that of diff2d: the largest difference, and the largest that contraction explains."""

    is_equal: bool
    largest_difference: float = 0.0
    allowed: float = 0.0

    def holds(self):
        return self.is_equal or 0 < self.allowed >= self.largest_difference

    def as_json(self):
        return {"equal": self.is_equal, "largest_difference": self.largest_difference, "allowed": self.allowed}


def agreement(state, reference, allowed):
    """Compares two final states; a state of another length differs infinitely, and so does NaN."""
    if state.size != reference.size:
        return Agreement(False, float("inf"), allowed)
    if np.array_equal(state.view(np.uint64), reference.view(np.uint64)):
        return Agreement(True, 0.0, allowed)
    with np.errstate(invalid="ignore"):
        difference = float(np.abs(state - reference).max())
    return Agreement(False, float("inf") if np.isnan(difference) else difference, allowed)


@dataclass
class Contender:
    """One program with one number of threads, and its results so far."""

    program: object
    steps: int
    threads: int
    seconds: list = field(default_factory=list)
    version: str = ""
    kernel: str = ""
    agreement: object = None
    has_failed: bool = False

    def label(self):
        return f"{self.program.name}, threads {self.threads}"


class Comparison:
    """All programs on one problem, in a directory of their own."""

    def __init__(self, problem, diff2d, programs, threads, directory):
        self.problem = problem
        self.diff2d = diff2d
        self.directory = directory
        self.missing = []
        self.references = {}
        is_whole_run_measured = problem.settings_of_whole_run() is not None
        self.contenders = [
            Contender(program, problem.steps_for(program.budget), count, version=program.version)
            for program in programs if is_whole_run_measured or program.measured != "whole"
            for count in (threads if program.is_threaded else [1])]

    def take_turn(self, contender, counts):
        """Runs a contender once. A reference program that fails is named, and left out from then on."""
        if contender.has_failed:
            return
        file = self.directory / "final.raw"
        # The cube of a whole run need not end with the final state; the steps alone are of the same program.
        is_compared = contender.agreement is None and contender.program.measured != "whole"
        try:
            seconds = self.measure(contender, file if is_compared else "-")
            if is_compared:
                contender.agreement = self.compare(contender, file)
        except Failure as failure:
            if contender.program.measured != "printed":
                raise OwnFailure(f"{contender.program.name}: {failure}") from None
            contender.has_failed = True
            self.missing.append(f"{contender.label()}, is left out: {failure}")
            return
        if counts:
            contender.seconds.append(seconds)

    def measure(self, contender, file):
        """The seconds that a contender takes; a reference program leaves its final state in `file`."""
        for name in (REPORT, WHOLE, "whole.journal"):
            (self.directory / name).unlink(missing_ok=True)
        environment = {**os.environ, **{name: str(contender.threads) for name in THREAD_VARIABLES},
                       "NUMBA_CACHE_DIR": str(self.directory)}
        finished = run(self.command(contender, file), RUN_LIMIT, self.directory, environment)
        if contender.program.measured == "whole":
            return finished.seconds
        if contender.program.measured == "steps":
            report = json.loads((self.directory / REPORT).read_text())
            contender.kernel = f"{report['kernel']}, {report['tile']}"
            return report["seconds"]["advance"]
        values = printed_values(finished.stdout)
        contender.version = values.get("version", contender.version)
        try:
            seconds = float(values["seconds"])
        except (KeyError, ValueError):
            seconds = -1.0
        if not 0 <= seconds < float("inf"):
            raise Failure(f"{contender.program.name} printed no time")
        return seconds

    def command(self, contender, file):
        program, steps = contender.program, contender.steps
        if program.measured == "steps":
            return self.run_of_diff2d(self.problem.settings(steps), contender.threads, "--no-cube", "--report", REPORT)
        if program.measured == "whole":
            return self.run_of_diff2d(self.problem.settings_of_whole_run(), contender.threads, "--output", WHOLE)
        if program.language == "own" and PARAMS in program.command:
            params = self.problem.params_file(steps)
            return [params if word == PARAMS else word for word in program.command] + [file]
        return [*program.command, *self.problem.arguments(steps), file]

    def run_of_diff2d(self, settings, threads, *options):
        overrides = [word for setting in settings for word in ("--set", setting)]
        return [self.diff2d, "--quiet", "run", self.problem.params, *overrides, "--threads", threads, *options]

    def compare(self, contender, file):
        """The final state in `file`, which is removed, beside that of diff2d on one thread."""
        steps = contender.steps
        if steps not in self.references:
            self.references[steps] = self.final_state(steps, 1)
        if contender.program.measured == "steps":
            state = self.final_state(steps, contender.threads)
        else:
            try:
                state = np.fromfile(file, dtype=np.float64)
            except OSError:
                raise Failure(f"{contender.program.name} wrote no final state") from None
            file.unlink()
        allowed = self.problem.contraction(steps) if contender.program.may_contract else 0.0
        return agreement(state, self.references[steps], allowed)

    def final_state(self, steps, threads):
        """The last snapshot of a run of diff2d, which is not timed."""
        cube = self.directory / "final.npy"
        run(self.run_of_diff2d(self.problem.settings(steps), threads, "--output", cube, "--force"), RUN_LIMIT)
        state = np.array(np.load(cube, mmap_mode="r")[-1]).ravel()
        for path in (cube, cube.with_suffix(".journal")):
            path.unlink()
        return state

    def entries(self):
        """What was measured, as it goes into table, chart and JSON."""
        entries = [self.entry(contender) for contender in self.contenders if contender.seconds]
        rates = {entry["threads"]: entry["updates_per_second"] for entry in entries if entry["program"] == "diff2d"}
        for entry in entries:
            rate = rates.get(entry["threads"])
            entry["ratio"] = rate / entry["updates_per_second"] if rate and entry["updates_per_second"] else None
        return entries

    def entry(self, contender):
        program, seconds = contender.program, contender.seconds
        median = statistics.median(seconds)
        rate = self.problem.interior() * contender.steps / median if median > 0 else 0.0
        return {
            "program": program.name,
            "language": program.language,
            "flags": contender.kernel or program.flags,
            "version": contender.version,
            "threads": contender.threads,
            "steps": contender.steps,
            "whole": program.measured == "whole",
            "seconds": {"median": median, "min": min(seconds), "max": max(seconds), "rounds": seconds},
            "updates_per_second": rate,
            "ratio": None,
            "throughput": BYTES * rate,
            "final": None if contender.agreement is None else contender.agreement.as_json(),
            "agrees": contender.agreement is None or contender.agreement.holds(),
        }
