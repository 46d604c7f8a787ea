"""The machine: its name, its caches, and what its memory and its arithmetic give at most."""

import os
import platform
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from .process import Failure, printed_values, run

# Bytes of memory traffic of an update without temporal tiling: one value read, one written.
BYTES = 16
# Operations of an update as it is defined: five additions and subtractions, two multiplications.
OPERATIONS = 7
# The fewest operations that give its bits, in smooth fields where r is a quarter: the sum of the four neighbours.
ADDITIONS = 3
CEILING_LIMIT = 60


def machine_name():
    """The processor and the system."""
    try:
        match = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), flags=re.MULTILINE)
    except OSError:
        match = None
    processor = match[1] if match else platform.processor() or platform.machine()
    return f"{processor}, {processors()} threads, {platform.system()} {platform.release()}"


def processors():
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cache_sizes():
    """Bytes of the data caches of a processor, by their level."""
    sizes = {}
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            kind, level, size = ((cache / name).read_text().strip() for name in ("type", "level", "size"))
        except OSError:
            continue
        if kind != "Instruction":
            unit = {"K": 1 << 10, "M": 1 << 20}.get(size[-1], 1)
            sizes[f"L{level}"] = int(size.rstrip("KM")) * unit
    return sizes


def load_average():
    """The load average over the last minute; None where the system does not tell it."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


@dataclass
class Ceiling:
    """What the memory and the arithmetic of the machine give at most to a number of threads [1/s]."""

    threads: int
    bytes_per_second: float
    operations_per_second: float
    additions_per_second: float

    def limits(self):
        """What limits updates, how much of it there is, and the updates that it allows [1/s]."""
        for name, rate, unit, share, counted in (
                ("ceiling of the memory", self.bytes_per_second, "GB/s", BYTES, "bytes"),
                ("ceiling of the arithmetic", self.operations_per_second, "Gflop/s", OPERATIONS, "flops"),
                ("ceiling of additions", self.additions_per_second, "Gflop/s", ADDITIONS, "additions")):
            yield name, f"{rate / 1e9:.1f} {unit} by {share} {counted}", rate / share

    def as_json(self):
        return asdict(self)


def measure_ceiling(program, threads):
    """Measures by the program that is built of `ceilings.cpp`; raises Failure where it tells nothing."""
    # Four times what the caches hold, as STREAM asks, and no more than three arrays of 256 MiB.
    last_cache = max(cache_sizes().values(), default=32 << 20)
    elements = min(max(4 * last_cache // 8, 1 << 21), 1 << 25)
    finished = run([program, elements], CEILING_LIMIT, environment={**os.environ, "OMP_NUM_THREADS": str(threads)})
    rates = printed_values(finished.stdout)
    try:
        return Ceiling(threads, *(float(rates[name]) for name in ("bytes", "operations", "additions")))
    except (KeyError, ValueError):
        raise Failure("the program that measures the ceilings printed none") from None
