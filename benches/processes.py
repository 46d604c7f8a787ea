"""What benches/company and benches/whole share: runs of diff2d and other programs, timed as whole processes."""

import os
import re
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEED = ROOT / "params" / "diff2dparams.toml"

# What a process took: seconds on the clock, and seconds of processors (user and system).
Took = namedtuple("Took", "wall processor")


def together(*commands, enter=None):
    """Starts the commands at once and gives what each took. `enter` is called in each process before its program."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "preexec_fn": enter}
    started, running, took = [], {}, {}
    for command in commands:
        started.append(time.perf_counter())
        child = subprocess.Popen([str(word) for word in command], **quiet)
        running[child.pid] = len(started) - 1, child
    while running:
        pid, status, used = os.wait4(-1, 0)
        ended = time.perf_counter()
        number, child = running.pop(pid)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            sys.exit(f"exit code {child.returncode}: {' '.join(child.args)}")
        took[number] = Took(ended - started[number], used.ru_utime + used.ru_stime)
    return [took[number] for number in range(len(commands))]


def alone(command, enter=None):
    return together(command, enter=enter)[0]


def time_of(size, steps):
    """A simulated time that ends after so many steps on a grid of size × size interior nodes."""
    return (steps + 0.5) * 0.25 * (20 / size) ** 2


def run(program, size, steps, threads, *more, interval=None):
    """A run of diff2d: the problem of the course on a grid of size × size interior nodes."""
    settings = {
        # Half a cell away from where truncation would change the number of cells.
        "dx": 20 / (size + 0.5),
        "runtime": time_of(size, steps),
        "outtime": time_of(size, interval or steps),
    }
    words = [f"--set={key}={value!r}" for key, value in settings.items()]
    return [program, "--quiet", "run", SEED, *words, "--threads", threads, *more]


def processor():
    """The processor's name, and how many threads of it there are for this process."""
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), flags=re.M)
    return f"{found[1] if found else os.uname().machine}, {len(os.sched_getaffinity(0))} threads"


def table(header, rows):
    """Prints a table for Markdown."""
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
