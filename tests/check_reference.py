"""Random problems of all kinds, what `diff2d check` claims of them, and how far they are off.

    check_reference.py PROGRAM DIRECTORY COUNT SEED

The truth is the same problem by explicit Euler on a grid nine times finer: no power of two, so that edges lie elsewhere
in its cells. Of the quantities under a sentence of confidence none may be off by more than LARGEST times its claim.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

LARGEST = 3.0
FINER = 9
# What the truth is off by itself, as a share of what the run is off.
OF_TRUTH = 1 / FINER
INSULATED = "{ flux = 0.0 }"


def problem(rng):
    """Lines of a problem on the unit square, its tables, its number of cells and what makes it difficult."""
    number = lambda low, high: round(float(rng.uniform(low, high)), 4)
    cells = int(rng.integers(10, 17))
    runtime = number(0.02, 0.1)
    keys = {"x1": 0, "x2": 1, "grid": "'walls'", "D": number(0.1, 0.6), "runtime": runtime, "outtime": runtime}
    wave = f"1 + {number(0.2, 0.8)}*cos(pi*x)*cos({int(rng.integers(1, 3))}*pi*y)"
    keys["initial"] = f"{{ kind = 'expression', value = '{wave}' }}"
    walls = dict.fromkeys(["left", "right", "bottom", "top"], INSULATED)
    tables, kinds = "", []

    def area():
        a, b = number(0.15, 0.45), number(0.55, 0.85)
        return str(rng.choice([f"x < {a}", f"x + {number(0.3, 0.9)}*y > {b + 0.4}", f"hypot(x - 0.5, y - 0.5) < {a}"]))

    def pick(kind, chance):
        if rng.random() < chance:
            kinds.append(kind)
            return True
        return False

    if pick("mask", 0.15):
        tables += f"[mask]\nwhere = '{area()}'\n"
    elif pick("held", 0.15):
        tables += f"[[held]]\nwhere = '{area()}'\nvalue = {number(0, 3)}\n"
    if pick("initial jumps", 0.12):
        keys["initial"] = f"{{ kind = 'expression', value = 'where({area()}, 1, {number(0, 0.8)})' }}"
    if pick("D jumps", 0.12):
        keys["D"] = f"'where({area()}, {number(0.3, 0.8)}, {number(0.05, 0.2)})'"
    if pick("decay", 0.15):
        keys["decay"] = str(rng.choice([number(0.5, 25), f"'where({area()}, {number(1, 9)}, 0)'"]))
    if pick("source", 0.3):
        begin = number(0.1, 0.5) * runtime
        pulse = f"where((t > {begin:.5f})*(t < {begin + number(0.2, 0.5) * runtime:.5f}), 20, 0)"
        choices = [f"'{pulse}'", f"'where({area()}, 5*t, 0)'", f"'where({area()}, 3, 0)'", "'x*(1 - y)*cos(9*t)'"]
        keys["source"] = str(rng.choice(choices))
    if pick("walls", 0.5):
        for side in walls:
            along = "y" if side in ("left", "right") else "x"
            jump = f"where({along} < {number(0.2, 0.8)}, 1, 0)"
            walls[side] = str(
                rng.choice(
                    [INSULATED, str(number(0, 2)), f"'1 + {along}'", f"'{jump}'", f"{{ flux = '{jump}' }}",
                     f"{{ robin = [{number(0.5, 3)}, 1.0, 1.0] }}", f"{{ flux = 'sin({number(1, 40)}*t)' }}"]
                )
            )  # fmt: skip
    if pick("rkl2", 0.2):
        keys["method"], keys["dt"] = "'rkl2'", runtime * number(0.05, 1)
    elif pick("until", 0.06):
        keys["until"], keys["outtime"] = f"{{ steady = {number(0.3, 3)} }}", runtime / 8
    elif pick("dt", 0.1):
        keys["safety"] = number(0.2, 1)
    if pick("f32", 0.1):
        keys["precision"] = "'f32'"
    tables += "[boundary]\n" + "".join(f"{side} = {wall}\n" for side, wall in walls.items())
    return keys, tables, cells, kinds


def write(path, keys, tables, cells):
    keys = {**keys, "dx": 1 / (cells + 0.25)}
    path.write_text("".join(f"{key} = {value}\n" for key, value in keys.items()) + tables)


class Refused(Exception):
    """A problem that is none."""


def call(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def last(path):
    """The last state of a run, and its line in the journal."""
    lines = path.with_suffix(".journal").read_text().splitlines()
    line = json.loads(lines[-1])
    return np.load(path)[line["index"]].astype(float), line


def judge(program, directory, number, seed):
    """Whether a sentence of confidence is given, and the quantities that are off too far."""
    rng = np.random.default_rng([seed, number])
    keys, tables, cells, kinds = problem(rng)
    file, cube = directory / f"{number}.toml", directory / f"{number}.npy"
    truth = directory / f"{number}-truth.npy"
    write(file, keys, tables, cells)
    points = [(int(i), int(j)) for i, j in rng.integers(1, cells, (2, 2))]
    try:
        call(program, "run", file, "-o", cube, "--force", "--quiet")
        at = [f"--at={i / cells!r},{j / cells!r}" for i, j in points]
        try:
            study = json.loads(call(program, "check", file, "--json", *at))
        except Refused as refused:
            if "masked" not in str(refused):
                raise
            points = []
            study = json.loads(call(program, "check", file, "--json"))
        own, line = last(cube)
        finer = {key: value for key, value in keys.items() if key not in ("method", "dt", "until", "precision")}
        finer = {**finer, "runtime": line["simtime"], "outtime": line["simtime"], "safety": 0.5}
        write(file.with_suffix(".truth.toml"), finer, tables, FINER * cells)
        call(program, "run", file.with_suffix(".truth.toml"), "-o", truth, "--force", "--quiet")
    except Refused as refused:
        return None, [f"{number}: {refused}"], kinds
    exact, of_truth = last(truth)
    exact = exact[::FINER, ::FINER]
    truth.unlink()
    off = own - exact
    size = np.nanmax(np.abs(exact))
    quantities = [
        ("mass", line["mass"] - of_truth["mass"], study["mass"]),
        ("maximum", line["max"] - of_truth["max"], study["maximum"]),
        ("p", np.sqrt(np.nanmean(off**2)), study["field"]),
    ]
    quantities += [(f"p{point}", off[point[1], point[0]], found) for point, found in zip(points, study["points"])]
    verdict = study["verdict"]
    if "as an indication only" in verdict or "do not trust" in verdict:
        return False, [], kinds
    failed = []
    for name, off, claim in quantities:
        claimed = claim["error"] + 1e-6 * size
        if abs(off) > LARGEST * claimed / (1 - OF_TRUTH):
            failed.append(f"{number} {kinds}: {name} is off by {abs(off) / claimed:.1f} times {claimed:.2g}: {verdict[:60]}")
    return True, failed, kinds


def main(program, directory, count, seed):
    directory = Path(directory)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda number: judge(program, directory, number, int(seed)), range(int(count))))
    judged = [result for result in results if result[0] is not None]
    failed = [line for _, lines, _ in judged for line in lines]
    refused = [line for confident, lines, _ in results if confident is None for line in lines]
    for line in failed + refused:
        print(line.strip()[:300])
    confident = sum(confident for confident, *_ in judged)
    print(f"{len(judged)} problems, {confident} with a sentence of confidence; {len(failed)} quantities off too far")
    sys.exit(1 if failed or refused else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
