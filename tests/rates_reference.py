"""Rates of manufactured solutions on grids of 12 and 24 cells, of walls of all kinds, their corners, held nodes and rings.

    rates_reference.py PROGRAM DIRECTORY COUNT SEED

p is a sum of products T(t) X(x) Y(y), and D = d exp(ax x + ay y); the source is what the equation leaves. Some have a kink
along a line of held nodes, from wall to wall. Fluxes D dp/dn are integrated along the walls, of which a held node on a fixed
wall has the length of its cell. Where errors do not fall with the square of the spacing from 12 to 24 cells, they may still do so
from 24 to 48: they are wrong if they do neither.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

CELLS = (12, 24, 48)
# What the error of all rates on the finer of two grids may be of that on the coarser one, and what it may be of the largest rate in any case.
SHARE, NEGLIGIBLE = 0.34, 2e-4
ROUNDING = 1e-11
SIDES = ["left", "right", "bottom", "top"]
WORDS = {"exp": np.exp, "sin": np.sin, "cos": np.cos, "where": np.where, "abs": np.abs, "pi": np.pi}


def value(text, x, y, t):
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    return np.broadcast_to(eval(text, {"__builtins__": {}}, dict(WORDS, x=x, y=y, t=t)), x.shape)


def integral(values, x):
    return float(np.sum((values[1:] + values[:-1]) / 2 * np.diff(x)))


class Term:
    """T X Y with derivatives; `ring` is X'/x."""

    def __init__(self, t, x, y):
        (self.t, self.t1), (self.x, self.x1, self.x2, self.ring), (self.y, self.y1, self.y2) = t, x, y


class Case:
    def __init__(self, seed, number):
        rng = self.rng = np.random.default_rng([seed, number])
        self.is_steady, self.is_ring = number % 2 == 0, number % 3 == 0
        self.has_line = number % 4 < 2
        n = lambda low, high: round(float(rng.uniform(low, high)), 3)
        self.x1 = 0.0 if self.is_ring and not self.has_line else n(0.2, 0.6)
        self.x2, self.y1, self.y2 = self.x1 + 1.2, n(-0.5, 0), n(0.7, 1.2)
        # A node of all grids.
        self.x0 = self.x1 + (self.x2 - self.x1) * int(rng.integers(1, 4)) / 4
        self.k, self.c = n(0, 3), 1.0 if self.is_steady else n(0.5, 2)
        self.d, self.ax, self.ay = n(0.5, 2), n(-0.6, 0.6) * (self.x1 > 0), n(-0.6, 0.6)
        still, a, b = ("1", "0"), n(1, 2.5), n(0, 3)
        flat = ("1", "0", "0", "0")
        if self.x1 > 0:
            wave = (f"sin({a}*x+{b})", f"({a}*cos({a}*x+{b}))", f"(-{a}**2*sin({a}*x+{b}))", f"({a}*cos({a}*x+{b})/x)")
        else:
            wave = (f"(1+{b}*x**2)", f"(2*{b}*x)", f"(2*{b})", f"(2*{b})")
        e, f = n(1, 2.5), n(0, 3)
        along = (f"cos({e}*y+{f})", f"(-{e}*sin({e}*y+{f}))", f"(-{e}**2*cos({e}*y+{f}))")
        rising = ("y", "1", "0")
        self.terms = [Term(still, flat, ("1", "0", "0")), Term(still, wave, along), Term(still, flat, rising)]
        if not self.is_steady:
            w, x0 = n(3, 9), repr(self.x0)
            if self.x1 > 0:
                away = (f"(x-{x0})", "1", "0", "(1/x)")
            else:
                away = (f"(x**2-{x0}**2)", "(2*x)", "2", "2")
            self.terms.append(Term((f"sin({w}*t)", f"({w}*cos({w}*t))"), away, along))
        self.kink = n(0.5, 2) if self.has_line else 0.0
        if self.has_line:
            x0 = repr(self.x0)
            sign = f"(where(x>{x0}+1e-9,{self.kink},0)-where(x<{x0}-1e-9,{self.kink},0))"
            self.terms.append(Term(still, (f"({self.kink}*abs(x-{x0}))", sign, "0", f"({sign}/x)"), rising))
        self.walls = {side: ["fixed", "fixed", "flux", "robin"][rng.integers(4)] for side in SIDES}
        if self.x1 == 0:
            self.walls["left"] = "axis"
        if all(kind != "fixed" for kind in self.walls.values()):
            self.walls["bottom"] = "fixed"
        self.method = "steady" if self.is_steady else ["euler", "rkl2"][rng.integers(2)]
        self.end = 0.1

    def sum(self, part):
        return "+".join(f"({part(term)})" for term in self.terms)

    def p(self):
        return self.sum(lambda m: f"{m.t}*{m.x}*{m.y}")

    def diffusivity(self):
        return f"({self.d}*exp({self.ax}*x+({self.ay})*y))"

    def slope(self, side):
        """dp/dn, outward."""
        if side in ("left", "right"):
            text = self.sum(lambda m: f"{m.t}*{m.x1}*{m.y}")
        else:
            text = self.sum(lambda m: f"{m.t}*{m.x}*{m.y1}")
        return f"(-({text}))" if side in ("left", "bottom") else f"({text})"

    def source(self):
        ring = (lambda m: f"+{m.ring}") if self.is_ring else (lambda m: "")
        of_x = lambda m: f"({m.x2}+({self.ax})*{m.x1}{ring(m)})*{m.y}"
        of_y = lambda m: f"{m.x}*({m.y2}+({self.ay})*{m.y1})"
        spread = self.sum(lambda m: f"{m.t}*({of_x(m)}+{of_y(m)})")
        change = self.sum(lambda m: f"{m.t1}*{m.x}*{m.y}")
        return f"{self.c}*({change}) - {self.diffusivity()}*({spread}) + {self.k}*({self.p()})"

    def text(self, cells):
        dx, dy = (self.x2 - self.x1) / cells, (self.y2 - self.y1) / cells
        q = lambda text: json.dumps(text)
        lines = [f"x1 = {self.x1!r}", f"x2 = {self.x2!r}", f"y1 = {self.y1!r}", f"y2 = {self.y2!r}", f"dx = {dx!r}"]
        lines += [f"dy = {dy!r}", 'grid = "walls"', f"D = {q(self.diffusivity())}", f"decay = {self.k}"]
        lines += [f"capacity = {self.c}", f"source = {q(self.source())}", f'method = "{self.method}"']
        if self.is_ring:
            lines.append('coordinates = "axisymmetric"')
        if self.is_steady:
            lines.append("tolerance = 1e-13")
        else:
            lines += [f"runtime = {self.end}", f"outtime = {self.end}"]
            lines += [f"dt = {0.1 * self.end / cells}"] if self.method == "rkl2" else []
        lines.append(f'initial = {{ kind = "expression", value = {q(self.p_at_0())} }}')
        walls = []
        for side, kind in self.walls.items():
            flux = f"{self.diffusivity()}*{self.slope(side)}"
            a, b = 2.0, 0.5
            robin = f"{a}*({self.p()})+{b}*{self.slope(side)}"
            given = {"fixed": q(self.p()), "flux": f"{{ flux = {q(flux)} }}", "axis": "{ flux = 0 }"}
            given["robin"] = f"{{ robin = [{a}, {b}, {q(robin)}] }}"
            walls.append(f"{side} = {given[kind]}")
        lines.append("boundary = { " + ", ".join(walls) + " }")
        if self.has_line:
            lines.append(f'held = [{{ where = "abs(x - {self.x0!r}) < 1e-6", value = {q(self.p_at_0())} }}]')
        every = "at = [0.0]" if self.is_steady else 'every = "step"'
        lines.append(f'record = {{ {every}, totals = true, region = [{{ name = "all", where = "1" }}] }}')
        return "\n".join(lines) + "\n"

    def p_at_0(self):
        return self.sum(lambda m: f"{m.t.replace('t)', '0)')}*{m.x}*{m.y}")

    def rates(self, cells, t):
        """The exact ones, by the trapezoidal rule on a much finer grid."""
        dx = (self.x2 - self.x1) / cells
        points = 4 * 1200 + 1
        x, y = np.linspace(self.x1, self.x2, points), np.linspace(self.y1, self.y2, points)
        around = lambda x: 2 * np.pi * x if self.is_ring else np.ones_like(x)
        rates, of_line = {}, 0.0
        for side in SIDES:
            at = {"left": (self.x1, y), "right": (self.x2, y), "bottom": (x, self.y1), "top": (x, self.y2)}[side]
            along = y if side in ("left", "right") else x
            density = value(f"{self.diffusivity()}*{self.slope(side)}", *at, t) * around(np.asarray(at[0]) + 0 * along)
            rates[side] = integral(density, along)
            if self.has_line and side in ("bottom", "top") and self.walls[side] == "fixed":
                cell = np.linspace(self.x0 - dx / 2, self.x0 + dx / 2, 401)
                density = value(f"{self.diffusivity()}*{self.slope(side)}", cell, at[1], t) * around(cell)
                part = integral(density, cell)
                rates[side] -= part
                of_line += part
        if self.has_line:
            jump = value(f"-2*{self.kink}*y*{self.diffusivity()}", self.x0, y, t)
            rates["held0"] = of_line + integral(jump, y) * float(around(np.array(self.x0)))
        return rates


def one(program, directory, seed, number):
    case = Case(seed, number)
    name, errors, together, sizes, rest = f"r{number}", [], [], [], 0.0
    for cells in CELLS:
        (directory / f"{name}.toml").write_text(case.text(cells))
        command = [program, "run", f"{name}.toml", "-o", f"{name}.npy", "--force", "-q", "--threads", "1"]
        told = subprocess.run(command, cwd=directory, capture_output=True, text=True)
        if told.returncode:
            return [f"{number}: {told.stderr}"], None
        table = np.genfromtxt(directory / f"{name}.record.csv", delimiter=",", names=True)
        last = np.atleast_1d(table)[-1]
        exact = case.rates(cells, float(last["t"]))
        errors.append({key: abs(float(last[f"{key}_rate"]) - rate) for key, rate in exact.items()})
        sizes.append(max(abs(rate) for rate in exact.values()))
        moved = sum(abs(float(last[key])) for key in [*exact, "source", "decay"])
        scale = sum(abs(float(last[f"{key}_rate"])) for key in [*exact, "source", "decay"])
        scale = scale if case.is_steady else moved + abs(float(last["mass"]))
        rest = max(rest, abs(float(last["unexplained"])) / scale)
        kept = [key for key in exact]
        inside = sum(float(last[f"{key}_rate"]) for key in kept)
        rest = max(rest, abs(float(last["all_in_rate"]) - inside) / (scale + sizes[-1]))
        # A single rate may be right on the coarser grid by accident; together they are not.
        together.append(float(np.linalg.norm(list(errors[-1].values()))))
        is_right = len(together) > 1 and together[-1] <= max(SHARE * together[-2], NEGLIGIBLE * sizes[-1])
        if is_right:
            break
    wrong = []
    if not is_right:
        what = f"{case.walls} {case.method} {'ring' if case.is_ring else ''} {'line' if case.has_line else ''}"
        wrong.append(f"{number}: rates are off by {errors[-2]} and {errors[-1]} of {sizes[-1]:.2e}: {what}")
    if rest > ROUNDING:
        wrong.append(f"{number}: {rest:.1e} is unexplained")
    orders = [np.log2(coarse / errors[1][key]) for key, coarse in errors[0].items() if errors[1][key] > 1e-7 * sizes[1]]
    return wrong, (orders, rest, max(errors[1].values()) / sizes[1])


def main():
    program, directory, count, seed = Path(sys.argv[1]).resolve(), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda number: one(program, directory, seed, number), range(count)))
    wrong = [line for lines, _ in found for line in lines]
    orders = np.concatenate([numbers[0] for _, numbers in found if numbers])
    rest = max(numbers[1] for _, numbers in found if numbers)
    off = np.median([numbers[2] for _, numbers in found if numbers])
    print("\n".join(wrong))
    spread = ", ".join(f"{np.percentile(orders, share):.2f}" for share in (5, 50, 95))
    print(f"{count} problems, {len(wrong)} wrong; orders {spread} (5, 50, 95 %); unexplained at most {rest:.1e}; off by {off:.1e} in the median")
    return 1 if wrong else 0


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main())
