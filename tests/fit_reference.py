"""Random problems with known truths: do the intervals of `diff2d fit` contain them, and is told what the data cannot tell?

    fit_reference.py PROGRAM DIRECTORY KIND COUNT SEED

KIND   errors and data                                                    passes with
independent   of one deviation, each for itself                           93 to 97 % of the intervals containing the truth
correlated    each 0.8 of the one before and a new one                    at least 90 %
coarse        none, of the same problem on a grid four times coarser      at least 95 % of the misfits told
untold        none, of problems whose unknowns only combine               each named (20 kinds of problem)
sound         as independent                                              none named falsely

The truth is a run of the program at a seventh of its step. Limits hold for some hundreds of problems; of fewer, which a short
test has, they are as wide as three standard deviations of the binomial distribution.
"""

import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

SLAB = """
D = "lam"
capacity = "c"
x1 = 0.0
x2 = 0.2
y1 = 0.0
y2 = 0.02
dx = {dx}
dy = 0.01
grid = "walls"
runtime = {end}
outtime = {end}
initial = {{ kind = "constant", value = "T0" }}
boundary = {{ left = {{ robin = ["h", "lam", "h*Ta"] }}, right = 20.0, bottom = "insulated", top = "insulated" }}
"""
PLATE = """
D = "where(x < 0.5, D1, D2)"
source = "S*exp(-8*((x - 0.3)**2 + (y - 0.6)**2))"
decay = "k"
x1 = 0.0
x2 = 1.0
dx = {dx}
grid = "walls"
runtime = {end}
outtime = {end}
initial = {{ kind = "constant", value = 0.0 }}
boundary = {{ left = "insulated", bottom = "insulated", right = 0.0, top = 0.0 }}
"""
CYLINDER = """
D = "D0"
coordinates = "axisymmetric"
x1 = 0.0
x2 = 0.05
y1 = 0.0
y2 = 0.01
dx = {dx}
dy = 0.005
grid = "walls"
runtime = {end}
outtime = {end}
initial = {{ kind = "constant", value = "C0" }}
boundary = {{ right = {{ robin = ["h", "D0", "h*Ca"] }}, bottom = "insulated", top = "insulated" }}
"""
# Name, end of the run, spacing, constants with their scale, points, and the range of the values.
PROBLEMS = [
    (SLAB, 20000.0, 0.01, {"lam": (0.8, "log"), "h": (10.0, "log"), "T0": (20.0, "linear"), "Ta": (-5.0, "linear")},
     {"c": 1.6e6}, {"surface": [0.0, 0.01], "inside": [0.05, 0.01]}, 15.0),
    (PLATE, 0.6, 0.05, {"D1": (1.0, "log"), "D2": (0.3, "log"), "S": (5.0, "log"), "k": (1.0, "log")},
     {}, {"a": [0.2, 0.2], "b": [0.7, 0.3], "c": [0.4, 0.7]}, 0.3),
    (CYLINDER, 2e6, 0.0025, {"D0": (1e-9, "log"), "h": (5e-8, "log"), "C0": (3.0, "linear"), "Ca": (0.5, "linear")},
     {}, {"axis": [0.0, 0.005], "ring": [0.04, 0.005]}, 2.5),
]


def called(program, *arguments):
    run = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    return run.returncode, run.stdout, run.stderr


class Case:
    """A random problem in a directory of its own."""

    def __init__(self, program, directory, kind, number, seed):
        self.program, self.kind = program, kind
        self.rng = np.random.default_rng([seed, number])
        self.directory = directory / f"{kind}{number}"
        self.directory.mkdir(exist_ok=True)

    def write(self, name, text):
        (self.directory / name).write_text(text)
        return self.directory / name

    def truth(self, problem, constants, times, coarser):
        text, end, dx, _, fixed, points, _ = problem
        lines = [text.format(end=end, dx=dx * coarser), "safety = 0.14", "[record]"]
        lines += [f"at = {list(map(float, times))}", f"points = {{ {inline(points)} }}", 'interpolate = "linear"']
        lines += ["[constants]"] + [f"{name} = {value!r}" for name, value in (fixed | constants).items()]
        file = self.write("truth.toml", "\n".join(lines))
        code, _, stderr = called(self.program, "run", file, "-o", self.directory / "truth.npy", "--force", "-q")
        assert code == 0, stderr
        table = np.genfromtxt(self.directory / "truth.record.csv", delimiter=",", names=True)
        rows = [int(np.argmin(abs(table["t"] - time))) for time in times]
        return {name: table[name][rows] for name in points}

    def fit(self):
        """The truths and the answer; of a failed fit its exit code and its sentences."""
        rng = self.rng
        problem = PROBLEMS[rng.integers(len(PROBLEMS))]
        text, end, dx, scales, fixed, points, span = problem
        constants = {}
        for name, (middle, scale) in scales.items():
            moved = middle * 2 ** rng.uniform(-1, 1) if scale == "log" else middle + rng.uniform(-3, 3)
            constants[name] = float(moved)
        count = int(rng.integers(1, 5))
        unknowns = sorted(rng.choice(list(scales), count, replace=False))
        rows = int(rng.integers(20, 60)) if self.kind != "correlated" else 80
        times = np.round(np.linspace(end / rows, end, rows), 9)
        values = self.truth(problem, constants, times, 4 if self.kind == "coarse" else 1)
        # Of a coarser model the deviation is a small part of its misfit.
        share = 0.003 if self.kind == "coarse" else 0.02
        sigma = share * span
        columns = {}
        for name, series in values.items():
            errors = rng.normal(0, sigma, rows)
            if self.kind == "correlated":
                for row in range(1, rows):
                    errors[row] = 0.8 * errors[row - 1] + 0.6 * errors[row]
            columns[name] = series + errors
        names = list(columns)
        table = [",".join(["time", *names])]
        table += [",".join(repr(float(v)) for v in row) for row in zip(times, *columns.values())]
        self.write("data.csv", "\n".join(table) + "\n")
        starts, bounds = dict(constants), []
        for name in unknowns:
            scale = scales[name][1]
            truth = constants[name]
            starts[name] = float(truth * 2 ** rng.uniform(-1, 1) if scale == "log" else truth + rng.uniform(-4, 4))
            low, high = (truth / 8, truth * 8) if scale == "log" else (truth - 20, truth + 20)
            bounds.append(f"{name} = [{float(low)!r}, {float(high)!r}]" if scale == "log" else
                          f'{name} = {{ between = [{float(low)!r}, {float(high)!r}], scale = "linear" }}')
        lines = [text.format(end=end, dx=dx), "[record]", f"every = {end}", f"points = {{ {inline(points)} }}"]
        lines += ['interpolate = "linear"', "[constants]"]
        lines += [f"{name} = {value!r}" for name, value in (fixed | starts).items()]
        lines += ["[fit.vary]", *bounds, "[[fit.data]]", 'file = "data.csv"', 'time = "time"']
        lines += ["columns = { " + ", ".join(f'{name} = "{name}"' for name in names) + " }"]
        # Without sigma the deviation is that of the residuals.
        if self.kind == "coarse" or rng.random() < 0.5:
            lines += [f"sigma = {sigma!r}"]
        file = self.write("fit.toml", "\n".join(lines))
        output = self.directory / "out.fit.json"
        code, stdout, stderr = called(self.program, "fit", file, "-o", output, "--force", "--json", "--threads", 1)
        if code:
            return {name: constants[name] for name in unknowns}, None, stderr
        return {name: constants[name] for name in unknowns}, json.loads(stdout), stderr


def inline(points):
    return ", ".join(f"{name} = {at}" for name, at in points.items())


# What only combines, and a word of the sentence that names it.
UNTOLD = [
    (SLAB, {"lam": 0.8, "c": 1.6e6, "h": 10.0, "T0": 20.0, "Ta": -5.0}, ["lam", "c", "h"], "lam", "points"),
    (SLAB.replace('"lam"\ncapacity', '"a*lam"\ncapacity').replace('"h", "lam"', '"h", "a*lam"'),
     {"a": 1.0, "lam": 0.8, "c": 1.6e6, "h": 10.0, "T0": 20.0, "Ta": -5.0}, ["a", "lam"], "product", "points"),
    (SLAB.replace('"lam"\ncapacity', '"lam/a"\ncapacity').replace('"h", "lam"', '"h", "lam/a"'),
     {"a": 1.0, "lam": 0.8, "c": 1.6e6, "h": 10.0, "T0": 20.0, "Ta": -5.0}, ["a", "lam"], "ratio", "points"),
    (SLAB.replace('"T0"', '"T0 + d"'),
     {"d": 1.0, "lam": 0.8, "c": 1.6e6, "h": 10.0, "T0": 20.0, "Ta": -5.0}, ["T0", "d"], "sum", "points"),
    # What is behind a wall without flux, and a constant that nothing uses.
    (SLAB, {"lam": 0.8, "c": 1.6e6, "h": 10.0, "T0": 20.0, "Ta": -5.0, "z": 1.0}, ["lam", "z"], "say nothing of z", "points"),
    (SLAB.replace('D = "lam"', 'D = "where(x < 0.1, lam, where(x < 0.12, 0, b))"'),
     {"b": 0.5, "lam": 0.8, "c": 1.6e6, "h": 10.0, "T0": 20.0, "Ta": -5.0}, ["lam", "b"], "say nothing of b", "points"),
    (PLATE.replace('decay = "k"', 'decay = "k*b"'), {"b": 1.0, "D1": 1.0, "D2": 0.3, "S": 5.0, "k": 1.0}, ["k", "b"], "product", "points"),
    (PLATE.replace('"S*exp', '"S*b**2*exp'), {"b": 1.0, "D1": 1.0, "D2": 0.3, "S": 5.0, "k": 1.0}, ["S", "b"], "b/S**", "points"),
    (PLATE.replace('"where(x < 0.5, D1, D2)"', '"D1*D2"'), {"D1": 1.0, "D2": 0.3, "S": 5.0, "k": 1.0}, ["D1", "D2", "S"], "product", "points"),
    (CYLINDER, {"D0": 1e-9, "h": 5e-8, "C0": 3.0, "Ca": 3.0}, ["D0", "h"], "say nothing of", "points"),
]


def untold(program, directory, number, seed):
    """Whether unknowns that only combine are named; the same kinds with other numbers for each round."""
    text, constants, unknowns, word, _ = UNTOLD[number % len(UNTOLD)]
    rng = np.random.default_rng([seed, number])
    family = next(one for one in PROBLEMS if one[0][:12] == text[:12] or one[0][-60:] == text[-60:])
    end, dx, points = family[1], family[2], family[5]
    if text.startswith("\nD = \"D0\""):
        constants = constants | {"C0": 3.0, "Ca": 3.0}
    else:
        constants = {name: value * 2 ** rng.uniform(-0.5, 0.5) for name, value in constants.items()}
    folder = directory / f"untold{number}"
    folder.mkdir(exist_ok=True)
    times = np.linspace(end / 20, end, 20)
    names = list(points)
    rows = [",".join(["time", *names])] + [",".join([repr(float(t))] + ["1.0"] * len(names)) for t in times]
    (folder / "data.csv").write_text("\n".join(rows) + "\n")
    bounds = []
    for name in unknowns:
        value = constants[name]
        if name in ("T0", "d"):
            bounds.append(f'{name} = {{ between = [-50.0, 90.0], scale = "linear" }}')
        else:
            bounds.append(f"{name} = [{value / 4!r}, {value * 4!r}]")
    lines = [text.format(end=end, dx=dx), "[record]", f"every = {end}", f"points = {{ {inline(points)} }}", "[constants]"]
    lines += [f"{name} = {value!r}" for name, value in constants.items()]
    lines += ["[fit.vary]", *bounds, "[[fit.data]]", 'file = "data.csv"', 'time = "time"', "sigma = 0.1"]
    lines += ["columns = { " + ", ".join(f'{name} = "{name}"' for name in names) + " }"]
    (folder / "fit.toml").write_text("\n".join(lines))
    code, _, stderr = called(program, "fit", folder / "fit.toml", "-o", folder / "out.fit.json", "--force")
    is_named = code == 2 and word in stderr
    if not is_named:
        print(f"untold {number}: exit {code}: {stderr.strip()[:400]}")
    return is_named


def slack(share, count):
    """Three standard deviations of a share of so many."""
    return 3 * math.sqrt(share * (1 - share) / max(count, 1)) if count < 600 else 0.0


def main():
    program, directory, kind, count, seed = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    with ThreadPoolExecutor(2) as pool:
        if kind == "untold":
            named = sum(pool.map(lambda number: untold(program, directory, number, seed), range(count)))
            print(f"{kind}: {named} of {count} named")
            sys.exit(named < count)
        cases = [Case(program, directory, kind, number, seed) for number in range(count)]
        answers = list(pool.map(Case.fit, cases))
    failed = [(case, stderr) for case, (_, answer, stderr) in zip(cases, answers) if answer is None]
    for case, stderr in failed[:10]:
        print(f"{case.directory}: {stderr.strip()[:300]}")
    done = [(truth, answer) for truth, answer, _ in answers if answer is not None]
    if kind == "sound":
        print(f"{kind}: {len(failed)} of {count} refused")
        sys.exit(len(failed) > 0)
    if kind == "coarse":
        told = sum(answer["widened_by"] > 1 for _, answer in done)
        print(f"{kind}: {told} of {len(done)} told ({told / len(done):.1%}); {len(failed)} failed")
        sys.exit(told / len(done) < 0.95 - slack(0.95, len(done)) or bool(failed))
    inside = total = 0
    linear = 0
    for truth, answer in done:
        for name, value in truth.items():
            unknown = answer["unknowns"][name]
            low, high = unknown["interval"]
            total += 1
            inside += (low is None or low <= value) and (high is None or value <= high)
            ends = unknown["linear_interval"]
            linear += ends is not None and ends[0] <= value <= ends[1]
    share = inside / total
    runs = sum(answer["runs"] for _, answer in done) / len(done)
    widened = sum(answer["widened_by"] > 1 for _, answer in done)
    print(f"{kind}: {inside} of {total} intervals contain the truth ({share:.1%}; linear ones {linear / total:.1%}); "
          f"{widened} of {len(done)} widened, {len(failed)} failed, {runs:.0f} runs each")
    low, high = {"independent": (0.93, 0.97), "correlated": (0.9, 1.0)}[kind]
    sys.exit(bool(failed) or not low - slack(low, total) <= share <= high + slack(high, total))


main()
