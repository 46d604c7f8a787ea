"""What scripts with random cases share: commands to run are made, and their outputs are checked.

    SCRIPT make DIRECTORY COUNT SEED    arrays, and commands.txt with one command a line, its words between tabs
    SCRIPT check DIRECTORY              the outputs of those commands

Command `number` works on `number.npy`. Its exit code, standard output and standard error are in `number.code`,
`number.stdout` and `number.stderr`.
"""

import sys
import warnings
from pathlib import Path

import numpy as np

SHOWN = 20  # failures that are told


def text(numbers):
    """As options take it."""
    return ",".join(map(str, numbers))


def option(arguments, name, default=""):
    """The value of `--name=value`."""
    found = [a.split("=", 1)[1] for a in arguments if a.startswith(f"--{name}=")]
    return found[0] if found else default


class Case:
    """A command, the array that it was given and what it did."""

    def __init__(self, directory, number, line):
        self.directory, self.number, self.arguments = directory, number, line.split("\t")
        stored = np.load(directory / f"{number}.npy")
        self.is_fortran = not stored.flags.c_contiguous
        # In the byte order of this machine.
        self.values = stored.astype(stored.dtype.newbyteorder("="))
        self.code, self.stdout, self.stderr = [
            (directory / f"{number}.{end}").read_text() for end in ("code", "stdout", "stderr")
        ]

    def __str__(self):
        return f"case {self.number}: {' '.join(self.arguments)} on {self.values.dtype} {self.values.shape}"

    def must_succeed(self):
        assert self.code == "0", (self.code, self.stderr)

    def result(self):
        return np.load(self.directory / f"{self.number}.out.npy")


def count_failures(check, cases):
    """Checks all cases, tells the first that fail and returns how many do."""
    count = failed = 0
    for case in cases:
        count += 1
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(case)
        except (AssertionError, IndexError, KeyError, OSError, ValueError) as error:
            failed += 1
            if failed <= SHOWN:
                print(f"{case}: {error!r}"[:1000])
    print(f"{count} cases, {failed} failed")
    return failed


def maker(case):
    """Writes the commands `case(rng, directory, number)`, which may write arrays."""
    def make(directory, count, seed):
        rng = np.random.default_rng(seed)
        with open(directory / "commands.txt", "w") as commands:
            for number in range(count):
                commands.write("\t".join(case(rng, directory, number)) + "\n")
    return make


def checker(check_case):
    """Checks each command by `check_case(case)`, of which the failed ones are counted."""
    def check(directory):
        lines = (directory / "commands.txt").read_text().splitlines()
        return count_failures(check_case, (Case(directory, number, line) for number, line in enumerate(lines)))
    return check


def main(make, check):
    """Runs a script."""
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(1 if check(Path(sys.argv[2])) else 0)
