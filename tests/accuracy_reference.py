"""Random problems with decay, single precision, Robin walls and functions of t: does a warning go with an inaccurate answer?

    accuracy_reference.py PROGRAM DIRECTORY COUNT SEED [OSCILLATIONS]

Functions of t are sines, squares, pulses, steps and tables of up to thousands of points; with OSCILLATIONS = oscillations every
problem has some, and they are sines and squares alone. Some have `outtimes`, of which the first may follow one another within a step,
and some a record with points, and minimum and maximum. The truth is the program's own answer in f64 with a twentieth of the step, or of
the shortest time in which a function changes. The error is the largest one over all snapshots and rows, as a share of the range of the truth.
Prints how many answers are off by more than 1 % and how many of these were warned of, how many are within 0.1 % and how many of these
were not, and fails where a valid problem does not reach its end, or where these are fewer than 97 of 100, of some hundreds of
problems.
"""

import csv
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from problems_reference import SIDES, Maker, shown

OFF, WITHIN = 1e-2, 1e-3
COMPARED = ("p0", "p1", "min", "max")
# Times that truncation moves concern no accuracy, and the truth has the same spacing.
OF_OTHERS = ("snapshots are", "the run ends with", "the spacing is coarse")


class Inaccurate(Maker):
    def __init__(self, directory, seed, number, oscillates):
        super().__init__(directory, seed, number)
        self.oscillates = oscillates
        # The shortest time in which a function changes, and the tables.
        self.shortest, self.tables = 1.0, {}

    def oscillation(self, low, high):
        """A sine or a square."""
        periods, duty = 10 ** self.number(-0.5, 2), self.one(0.5, 0.5, 0.2)
        if self.chance(0.5):
            self.shortest = min(self.shortest, 0.2 / periods)
            return f"{(low + high) / 2:.3f} + {(high - low) / 2:.3f}*sin(2*pi*{periods:.4f}*t/T)"
        self.shortest = min(self.shortest, duty / periods)
        return f"where(({periods:.4f}*t/T) % 1 < {duty}, {high:.3f}, {low:.3f})"

    def table(self, low, high):
        """A table of noise, of a saw or of one spike."""
        count = int(10 ** self.number(0.7, 3.2)) + 2
        values = self.one(
            self.rng.uniform(low, high, count),
            low + (high - low) * (np.arange(count) % 7) / 6,
            np.where(np.arange(count) == self.rng.integers(1, count - 1), high, low),
        )
        self.shortest = min(self.shortest, 1 / count)
        name = f"F{len(self.tables)}"
        points = [[number / (count - 1), round(float(value), 4)] for number, value in enumerate(values)]
        self.tables[name] = {"points": points, "between": self.one("linear", "previous")}
        return f"{name}(t/T)"

    def in_time(self, low, high):
        """A function of t between about these, of a run of about 1."""
        if self.oscillates or self.chance(0.4):
            return self.oscillation(low, high)
        if self.chance(0.25):
            return self.table(low, high)
        t0, width = self.number(0, 0.8), 10 ** self.number(-3, -0.5)
        self.shortest = min(self.shortest, width)
        return self.one(
            f"{low:.3f} + {high - low:.3f}*t/T",
            f"where((t/T > {t0:.4f})*(t/T < {t0 + width:.4f}), {high:.3f}, {low:.3f})",
            f"where(t/T > {t0:.4f}, {high:.3f}, {low:.3f})",
            f"{low:.3f} + {high - low:.3f}*exp(-((t/T - {t0:.3f})/{width:.4f})**2)",
        )

    def wall(self, _):
        kind = self.rng.integers(4)
        if kind == 0:
            return self.in_time(0, self.number(0.5, 2)) if self.chance(0.5) else self.number(0, 1)
        if kind == 1:
            return {"flux": self.in_time(0, self.number(0.5, 2)) if self.chance(0.5) else 0.0}
        a = self.in_time(0.2, self.number(0.5, 20)) if self.chance(0.5) else self.number(0, 5)
        return {"robin": [a, 1.0, self.number(0, 2)]}

    def problem(self):
        cells = int(self.rng.integers(4, 24))
        params = {"grid": "walls", "x1": 0.0, "x2": 1.0, "y1": 0.0, "y2": self.number(0.3, 1)}
        params["dx"] = 1 / (cells + 0.5)
        params["dy"] = params["y2"] / (max(3, int(cells * params["y2"])) + 0.5)
        params["D"] = self.one(1.0, "where(x < 0.5, 1, 0.01)", "0.2 + x*y")
        kinds = [name for name in ("decay", "f32", "robin", "time") if self.chance(0.4)]
        if self.oscillates:
            kinds = ["time", *(["robin"] if self.chance(0.3) else [])]
        # Of a diffusion time or a part of it.
        runtime = 10 ** self.number(-2, 0.5)
        if "decay" in kinds:
            k = 10 ** self.number(-1, 2.5) / runtime
            params["decay"] = self.one(k, f"{k}*(0.5 + x)")
        offset = self.one(0.0, 0.0, 300.0) if "f32" in kinds and "decay" not in kinds else 0.0
        if "f32" in kinds:
            params["precision"] = "f32"
        bump = "(1 + cos(pi*x)*cos(pi*y/%r))/2" % params["y2"]
        params["initial"] = {"kind": "expression", "value": f"{offset} + {bump}"}
        walls = {side: {"flux": 0.0} for side in SIDES}
        for side in SIDES:
            if ("robin" in kinds or "time" in kinds) and self.chance(0.5):
                wall = self.wall(False)
                if "time" not in kinds or "robin" in kinds or not isinstance(wall, dict) or "flux" in wall:
                    walls[side] = wall
        if offset:
            walls = {side: {"flux": 0.0} for side in SIDES}
        params["boundary"] = walls
        if "time" in kinds and self.chance(0.6):
            params["source"] = f"{self.number(0.5, 5) / runtime:.4f}*({self.in_time(0, 1)})"
        params["runtime"], params["outtime"] = runtime, runtime / int(self.rng.integers(1, 5))
        how = self.rng.integers(5)
        if how == 3:
            params["method"], params["dt"] = "rkl2", runtime / float(self.rng.integers(10, 200))
        elif how == 4:
            params["safety"] = self.number(0.3, 1)
        if self.chance(0.3):
            del params["runtime"], params["outtime"]
            fractions = 10 ** self.rng.uniform(-3.5, 0, int(self.rng.integers(1, 5)))
            params["outtimes"] = [*sorted(float(share) * runtime for share in fractions), runtime]
        if self.chance(0.4):
            points = [[self.number(0, 1), self.number(0, params["y2"])] for _ in range(2)]
            params["record"] = {"every": runtime / int(self.rng.integers(5, 100)), "points": points, "totals": self.chance(0.5)}
        if self.tables:
            params["function"] = self.tables
        text = json.dumps(params).replace("/T", f"/{runtime!r}")
        self.runtime = runtime
        return json.loads(text)


def called(program, *arguments):
    run = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr.strip())
    return run.stdout


def answer(program, file):
    """All values of a run: those of its snapshots, then those of its record."""
    cube = file.with_suffix(".npy")
    called(program, "run", file, "-o", cube, "--quiet", "--threads", 1)
    values = [np.load(cube).astype(float).ravel()]
    record = file.with_suffix(".record.csv")
    if record.exists():
        with open(record) as lines:
            rows = list(csv.DictReader(lines))
        values += [[float(row[name]) for row in rows] for name in COMPARED if name in rows[0]]
    for written in file.parent.glob(f"{file.stem}.*"):
        if written.suffix != ".toml":
            written.unlink()
    return np.concatenate(values)


def judge(program, directory, seed, number, oscillates):
    """The kinds of the problem, its error, and whether it was warned of."""
    maker = Inaccurate(directory, seed, number, oscillates)
    params = maker.problem()
    kinds = [kind for kind, key in (("decay", "decay"), ("f32", "precision"), ("rkl2", "method")) if key in params]
    kinds += ["Robin"] * any("robin" in wall for wall in params["boundary"].values() if isinstance(wall, dict))
    kinds += [key for key in ("outtimes", "record") if key in params]
    kinds += ["t"] * any(f"{sign}t/" in json.dumps(params) for sign in "(*-")
    try:
        file = directory / f"{number}.toml"
        file.write_text("".join(f"{key} = {shown(value)}\n" for key, value in params.items()))
        plan = json.loads(called(program, "plan", file, "--json"))
        params.pop("safety", None)
        # What lies within a step is known where it is divided, too.
        intervals = np.diff([0.0, *params.get("outtimes", [params.get("outtime")])])
        step = min(plan["dt"], max(intervals.min(), plan["dt"] / 5), maker.shortest * maker.runtime)
        params |= {"precision": "f64", "dt": step / 20}
        truth = directory / f"{number}-truth.toml"
        truth.write_text("".join(f"{key} = {shown(value)}\n" for key, value in params.items()))
        own, exact = [answer(program, name) for name in (file, truth)]
    except RuntimeError as error:
        return kinds, f"{number}: {error}", None
    warned = any(not warning.startswith(OF_OTHERS) for warning in plan["warnings"])
    return kinds, np.abs(own - exact).max() / np.ptp(exact), warned


def main(program, directory, count, seed, oscillations=""):
    directory = Path(directory)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda number: judge(program, directory, int(seed), number, bool(oscillations)), range(int(count))))
    failed = [error for _, error, warned in results if warned is None]
    for kind in ("all", "decay", "f32", "Robin", "t", "rkl2", "outtimes", "record"):
        found = [(error, warned) for kinds, error, warned in results if warned is not None and kind in ["all", *kinds]]
        off = [warned for error, warned in found if error > OFF]
        within = [not warned for error, warned in found if error <= WITHIN]
        print(f"{kind}: {sum(off)} of {len(off)} off by more than 1 % warned of, {sum(within)} of {len(within)} within 0.1 % not")
        if kind == "all" and len(results) >= 200 and (sum(off) < 0.97 * len(off) or sum(within) < 0.97 * len(within)):
            failed.append("these are fewer than 97 of 100")
    for line in failed:
        print(line[:300])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
