"""Random problems, and their solution in NumPy, written from the equation.

    problems_reference.py make DIRECTORY COUNT SEED    N.toml and the files it names, for N below COUNT
    problems_reference.py check DIRECTORY              N.npy and N.journal against the reference

A node's dp/dt is ((Fe - Fw)/dx + (Fn - Fs)/dy + S - k p)/c, with Fe = De (p[j,i+1] - p[j,i])/dx and so on. A node on
a wall that is not fixed has half a cell: 2 (Fe + q)/dx there, q the flux of the wall. Around an axis of rotation
Fe, Fw and the q of left and right count by their radius, and (Fe - Fw)/dx by the mean radius of the cell. Where a
formula jumps, De is that of ∫ds/D along the edge, and its mean over the width of the face; c is the mean over the cell,
fluxes and Robin's D a/b and D c/b are means over half cells; k and S are integrated against hat functions, which share by
resistance. D and k may have a factor that depends on t, and counts with its mean over a step. Tolerances are stated below and nowhere else.
"""

import json
import math
import re
import sys
from pathlib import Path

import numpy as np

# Relative to the largest |p| of the run so far: roundings of a large state stay in a small one after it.
BOUND = {"f64": 1e-12, "f32": 1e-4}
STEPS = 100
SIDES = ["left", "right", "bottom", "top"]
NAMES = {
    "sin": np.sin, "cos": np.cos, "exp": np.exp, "tanh": np.tanh, "abs": np.abs, "sqrt": np.sqrt,
    "where": np.where, "max": np.maximum, "min": np.minimum, "hypot": np.hypot, "pi": np.pi,
}  # fmt: skip


class Axis:
    """The nodes of one axis."""

    def __init__(self, layout, first, last, wanted):
        cells = int((last - first) / wanted)
        self.h = (last - first) / cells
        if layout == "slides":
            self.x = np.linspace(first - self.h, last + self.h, cells + 2)
        elif layout == "files":
            self.x = np.array([first + ((i - 1) * (last - first)) / cells for i in range(cells + 2)])
        else:
            self.x = np.array([first + i * self.h for i in range(cells + 1)])
            self.x[-1] = last
        self.first, self.last, self.n = first, last, len(self.x)


class Problem:
    def __init__(self, directory, params):
        self.directory, self.params = directory, params
        layout = params.get("grid", "slides")
        x1, x2, dx = params["x1"], params["x2"], params["dx"]
        self.x = Axis(layout, x1, x2, dx)
        self.y = Axis(layout, params.get("y1", x1), params.get("y2", x2), params.get("dy", dx))
        self.walls = {side: params.get("boundary", {}).get(side, 0.0) for side in SIDES}
        self.is_round = params.get("coordinates", "cartesian") == "axisymmetric"
        r = self.x.x if self.is_round else np.ones(self.x.n)
        self.r_faces, self.r_walls = (r[:-1] + r[1:]) / 2, (r[0], r[-1])
        self.r = r.copy()
        if self.is_round:
            self.r[[0, -1]] += np.array([0.25, -0.25]) * self.x.h
            if x1 == 0:
                self.walls["left"] = {"flux": 0.0}
        self.periodic_x = self.walls["left"] == "periodic"
        self.periodic_y = self.walls["bottom"] == "periodic"
        self.outside = np.zeros((self.y.n, self.x.n), bool)
        # Factors that depend on t are 1 at the start, where they are largest.
        self.age = dict.fromkeys(("Dx", "Dy", "decay"), 1.0)
        d = params.get("D", 1.0)
        self.dx, self.dy = (self.wrapped(self.values(params.get(key, d))) for key in ("Dx", "Dy"))
        self.c = self.wrapped(self.cell_means(params.get("capacity", 1.0)))
        self.k = self.wrapped(self.hat_means(params.get("decay", 0.0)))
        mean = {"harmonic": harmonic, "arithmetic": lambda a, b: (a + b) / 2}[params.get("face", "harmonic")]
        self.face_x = mean(self.dx[:, :-1], self.dx[:, 1:])
        self.face_y = mean(self.dy[:-1], self.dy[1:])
        for edge, face in self.cut_faces(params.get("Dx", d), "x"):
            self.face_x[:, edge] = face
        for edge, face in self.cut_faces(params.get("Dy", d), "y"):
            self.face_y[edge] = face
        for node, mean in self.cut_cells(params.get("Dy", d), "x"):
            self.face_y[:, node] = mean
        for node, mean in self.cut_cells(params.get("Dx", d), "y"):
            self.face_x[node] = mean
        for faces, wraps in ((self.face_y.T, self.periodic_x), (self.face_x, self.periodic_y)):
            if wraps:
                faces[-1] = faces[0]

    def values(self, given, t=0.0):
        """A number, an expression or a file, at all nodes."""
        shape = (self.y.n, self.x.n)
        if isinstance(given, dict):
            return np.load(self.directory / given["file"]).astype(float)
        if isinstance(given, str):
            given = formula(given, self.x.x[None, :], self.y.x[:, None], t)
        return np.broadcast_to(np.asarray(given, float), shape).copy()

    def jumps(self, given):
        """The coordinate on which a formula with jumps depends, its axis, whether that is periodic, and the places."""
        found = re.findall(r"where\(([xy]) > (-?[0-9.]+)", given) if isinstance(given, str) else []
        letters = {letter for letter, _ in found}
        assert len(letters) <= 1, given
        for letter in letters:
            axis, periodic = {"x": (self.x, self.periodic_x), "y": (self.y, self.periodic_y)}[letter]
            at = lambda s: formula(given, s, s, 0.0)
            wraps = periodic and at(axis.x[0]) != at(axis.x[-1])
            return letter, axis, periodic, wraps, [float(place) for _, place in found]
        return None

    def cut_faces(self, given, along):
        """The edges on which a formula jumps, each with its face's coefficient."""
        jumps = self.jumps(given)
        if jumps is None or jumps[0] != along:
            return
        _, axis, _, wraps, places = jumps
        is_harmonic = self.params.get("face", "harmonic") == "harmonic"
        for edge, (a, b) in enumerate(zip(axis.x[:-1], axis.x[1:])):
            if not (wraps and edge == axis.n - 2 or any((a > place) != (b > place) for place in places)):
                continue
            measure, inverse, factor = lambda s: s, lambda s: s, 1.0
            if self.is_round and along == "x" and is_harmonic:
                measure, inverse = (np.log, np.exp) if a > 0 else (np.square, np.sqrt)
                factor = (b - a) / ((a + b) / 2 * np.log(b / a)) if a > 0 else 1.0
            of = lambda s: formula(given, s, s, 0.0) + 0 * s
            if is_harmonic:
                with np.errstate(divide="ignore"):
                    yield edge, factor / mean_between(lambda s: 1 / of(s), a, b, places, measure, inverse)
            else:
                yield edge, mean_between(of, a, b, places, measure, inverse)

    def cells(self, axis, periodic):
        """The parts of each node's cell along an axis; the first node of a periodic axis has half a cell at both ends."""
        beyond = 0.0 if self.params.get("grid", "slides") == "walls" else (axis.x[1] - axis.x[0]) / 2
        bounds = [axis.x[0] - beyond, *(axis.x[1:] + axis.x[:-1]) / 2, axis.x[-1] + beyond]
        cells = [[(bounds[i], bounds[i + 1])] for i in range(axis.n)]
        if periodic:
            cells[0] += cells.pop()
        return cells

    def cut_cells(self, given, letter, t=0.0):
        """The cells in which a formula of one coordinate jumps, each with the mean."""
        jumps = self.jumps(given)
        if jumps is None or jumps[0] != letter:
            return
        _, axis, periodic, wraps, places = jumps
        measure, inverse = (np.square, np.sqrt) if self.is_round and letter == "x" else (lambda s: s,) * 2
        of = lambda s: formula(given, s, s, t) + 0 * s
        for i, parts in enumerate(self.cells(axis, periodic)):
            if wraps and i == 0 or any((a > place) != (b > place) for a, b in parts for place in places):
                sizes = [measure(b) - measure(a) for a, b in parts]
                means = [mean_between(of, a, b, places, measure, inverse) for a, b in parts]
                yield i, np.dot(sizes, means) / np.sum(sizes)

    def cell_means(self, given, t=0.0):
        """The values at nodes, but means over the cells in which a formula jumps."""
        values = self.values(given, t)
        for i, mean in self.cut_cells(given, "x", t):
            values[:, i] = mean
        for i, mean in self.cut_cells(given, "y", t):
            values[i] = mean
        return values

    def share(self, edge, letter):
        """How the resistance of an edge grows from its lower to its upper node, and the places at which D jumps on it."""
        a, b = edge
        given = self.params.get("D" + letter, self.params.get("D", 1.0))
        jumps = self.jumps(given)
        inner = [] if jumps is None or jumps[0] != letter else [place for place in jumps[4] if a < place < b]
        ends = [a, *sorted(inner), b]
        of = lambda s: formula(given, s, s, 0.0) + 0 * s
        # Between jumps D hardly varies in the problems here; its mean resistance counts.
        measure, inverse = (lambda s: s,) * 2
        if self.is_round and letter == "x" and inner:
            measure, inverse = (np.log, np.exp) if a > 0 else (np.square, np.sqrt)
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = [
                (measure(high) - measure(low)) * (mean_between(lambda s: 1 / of(s), low, high, [], measure, inverse) if inner else 1.0)
                for low, high in zip(ends, ends[1:])
            ]
            shares = np.cumsum([0.0, *parts]) / np.sum(parts)
        if not np.all(np.isfinite(shares)):
            return lambda s: (s - a) / (b - a), inner
        return lambda s: np.interp(measure(s), measure(np.array(ends)), shares), inner

    def hat_means(self, given, t=0.0):
        """The values at nodes, but integrals against hat functions beside the edges on which a formula jumps."""
        values = self.values(given, t)
        jumps = self.jumps(given)
        if jumps is None:
            return values
        letter, axis, periodic, wraps, places = jumps
        measure, inverse = (lambda s: s * s / 2, lambda s: np.sqrt(2 * s)) if self.is_round and letter == "x" else (lambda s: s,) * 2
        of = lambda s: formula(given, s, s, t) + 0 * s
        # The axis of the formula first; beside a masked node each node has what lies in its cell.
        turned = (lambda a: a.T) if letter == "x" else lambda a: a
        outside, values = turned(self.outside), turned(values)
        integrals, sizes = np.zeros((2, *values.shape))
        for edge, (a, b) in enumerate(zip(axis.x[:-1], axis.x[1:])):
            if not (wraps and edge == axis.n - 2 or any((a > place) != (b > place) for place in places)):
                continue
            share, bends = self.share((a, b), letter)
            middle = (a + b) / 2
            within = lambda low, high, weight: (measure(high) - measure(low)) * mean_between(
                lambda s: of(s) * weight(s), low, high, [*places, *bends], measure, inverse
            )
            hats = within(a, b, lambda s: 1 - share(s)), within(a, b, share)
            halves = within(a, middle, lambda s: 1.0), within(middle, b, lambda s: 1.0)
            lengths = measure(middle) - measure(a), measure(b) - measure(middle)
            for m in range(values.shape[1] - 1):
                corners = outside[edge : edge + 2, m : m + 2]
                for end in (0, 1):
                    there = ~corners[end]
                    integrals[edge + end, m : m + 2] += (halves if corners.any() else hats)[end] / 2 * there
                    sizes[edge + end, m : m + 2] += lengths[end] / 2 * there
        over, over_wraps = (self.y, self.periodic_y) if letter == "x" else (self.x, self.periodic_x)
        weights = np.ones(over.n)
        if over_wraps:
            for sums in (integrals, sizes):
                sums[:, 0] += sums[:, -1]
                sums[:, -1] = sums[:, 0]
        elif self.params.get("grid", "slides") == "walls":
            weights[[0, -1]] = 0.5
        if periodic:
            for sums in (integrals, sizes):
                sums[0] += sums[-1]
        for i, parts in enumerate(self.cells(axis, periodic)):
            cell = sum(measure(b) - measure(a) for a, b in parts) * weights
            cut = sizes[i] > 0
            values[i, cut] = ((integrals[i] + values[i] * (cell - sizes[i])) / cell)[cut]
        return turned(values)

    def wrapped(self, values):
        """First and last node of a periodic axis are one point: the first one."""
        if self.periodic_x:
            values[:, -1] = values[:, 0]
        if self.periodic_y:
            values[-1, :] = values[0, :]
        return values

    def along(self, side, given, t):
        """A number or an expression at the nodes of a side."""
        if not isinstance(given, str):
            given = repr(float(given))
        x, y = self.x.x, self.y.x
        if side in ("left", "right"):
            at = np.full(self.y.n, x[0] if side == "left" else x[-1]), y
            closed = self.periodic_y
        else:
            at = x, np.full(self.x.n, y[0] if side == "bottom" else y[-1])
            closed = self.periodic_x
        values = np.broadcast_to(np.asarray(formula(given, *at, t), float), at[0].shape).copy()
        if closed:
            values[-1] = values[0]
        return values

    def fix(self, p, t):
        """Writes the values of fixed walls."""
        for side, line in zip(SIDES, lines(p)):
            wall = self.walls[side]
            if wall != "periodic" and not isinstance(wall, dict):
                line[...] = self.along(side, wall, t)

    def initial(self):
        given = self.params.get("initial", {"kind": "peaks"})
        kind = given["kind"]
        x, y = self.x.x[None, :], self.y.x[:, None]
        (x1, x2), (y1, y2) = (self.x.first, self.x.last), (self.y.first, self.y.last)
        if kind == "peaks":
            peak = lambda x, a, b: 1 - np.abs(1 - 4 * np.abs((x - (a + b) / 2) / (b - a)))
            p = peak(y, y1, y2) * peak(x, x1, x2)
            for line in lines(p):
                line[...] = 0
        elif kind == "gaussian":
            d2 = (x - given["x0"]) ** 2 + (y - given["y0"]) ** 2
            p = given["amplitude"] * np.exp(-d2 / (2 * given["sigma"] ** 2))
        elif kind == "sine":
            kx, ky = given["kx"] * np.pi, given["ky"] * np.pi
            p = np.sin(kx * (x - x1) / (x2 - x1)) * np.sin(ky * (y - y1) / (y2 - y1))
        elif kind in ("constant", "expression"):
            p = self.values(given["value"])
        else:
            p = np.load(self.directory / given["path"]).astype(float)
            p = p[given["snapshot"]] if "snapshot" in given else p
        p = self.wrapped(np.array(p))
        self.fix(p, 0.0)
        return self.wrapped(p)

    def outward(self, side, t):
        """Of dp/dn D = q: the part of q that is constant in p, and the factor of -p."""
        wall = self.walls[side]
        is_column = side in ("left", "right")
        letter, axis, periodic = ("y", self.y, self.periodic_y) if is_column else ("x", self.x, self.periodic_x)
        if "flux" in wall:
            given = [wall["flux"]]
            outward = [self.along(side, wall["flux"], t), np.zeros(axis.n)]
        else:
            a, b, c = (self.along(side, number, t) for number in wall["robin"])
            d = lines(self.dx if is_column else self.dy)[SIDES.index(side)]
            age = self.age["Dx" if is_column else "Dy"]
            given = [*wall["robin"], self.params.get("Dx" if is_column else "Dy", self.params.get("D", 1.0))]
            outward = [age * d * c / b, age * d * a / b]
        texts = [text for text in given if isinstance(text, str)]
        places = [float(at) for text in texts for l, at in re.findall(r"where\(([xy]) > (-?[0-9.]+)", text) if l == letter]
        across = self.x.x if is_column else self.y.x
        wall_at = across[0] if side in ("left", "bottom") else across[-1]
        measure, inverse = (np.square, np.sqrt) if self.is_round and letter == "x" else (lambda s: s,) * 2
        for node, parts in enumerate(self.cells(axis, periodic)):
            if not any(low < place < high for low, high in parts for place in places):
                continue

            def at(of, s):
                x, y = (wall_at, s) if is_column else (s, wall_at)
                if isinstance(of, dict):
                    return d[node] + 0 * s
                return (formula(of, x, y, t) if isinstance(of, str) else of) + 0 * s

            for number, outgoing in enumerate(outward):
                if "flux" in wall:
                    integrand = lambda s: at(given[0], s) * (number == 0)
                else:
                    integrand = lambda s: age * at(given[3], s) * at(given[2 - 2 * number], s) / at(given[1], s)
                size = [measure(high) - measure(low) for low, high in parts]
                means = [mean_between(integrand, low, high, places, measure, inverse) for low, high in parts]
                outgoing[node] = np.dot(size, means) / np.sum(size)
                if periodic and node == 0:
                    outgoing[-1] = outgoing[0]
        return outward

    def divergence(self, p, t, sides, face, h, of_walls=(1.0, 1.0)):
        """(Fe - Fw)/h along the last axis, with half cells at both ends; the walls count by numbers of their own."""
        flux = face * (p[:, 1:] - p[:, :-1]) / h
        out = np.zeros_like(p)
        out[:, 1:-1] = (flux[:, 1:] - flux[:, :-1]) / h
        if self.walls[sides[0]] == "periodic":
            out[:, 0] = out[:, -1] = (flux[:, 0] - flux[:, -1]) / h
            return out
        for side, node, inward in ((sides[0], 0, flux[:, 0]), (sides[1], -1, -flux[:, -1])):
            if isinstance(self.walls[side], dict):
                constant, factor = self.outward(side, t)
                out[:, node] = 2 * (inward + of_walls[node] * (constant - factor * p[:, node])) / h
        return out

    def factor(self, key, t, dt):
        """The mean over a step of the factor of a quantity that depends on t."""
        ageing = self.params.get("ageing", {})
        given = ageing.get(key, ageing.get("D") if key != "decay" else None)
        if given is None:
            return 1.0
        places = [float(place) for place in re.findall(r"t > ([0-9.e-]+)", given)]
        # Pieces are short enough for Gauss's rule.
        places += list(np.linspace(t, t + dt, 17))
        same = lambda s: s
        return mean_between(lambda s: formula(given, 0.0, 0.0, s) + 0 * s, t, t + dt, places, same, same)

    def rate(self, p, t, dt):
        self.age = {key: self.factor(key, t, dt) for key in ("Dx", "Dy", "decay")}
        along_x = self.divergence(p, t, SIDES[:2], self.age["Dx"] * self.face_x * self.r_faces, self.x.h, self.r_walls) / self.r
        along_y = self.divergence(p.T, t, SIDES[2:], self.age["Dy"] * self.face_y.T, self.y.h).T
        source = self.wrapped(self.hat_means(self.params.get("source", 0.0), t))
        return (along_x + along_y + source - self.age["decay"] * self.k * p) / self.c

    def limit(self, t=0.0):
        """The largest dt with which no weight of a new value is negative."""
        weight = self.weight(self.face_x * self.r_faces, self.x.h, SIDES[:2], t, self.r_walls) / self.r
        weight = weight + self.weight(self.face_y.T, self.y.h, SIDES[2:], t).T
        most = self.largest((weight + self.k) / self.c)
        return 1 / most if most > 0 else math.inf

    def default_step(self):
        """The stability limit, and at most 0.02 c/k."""
        decay = self.largest(self.k / self.c)
        return min(self.limit(), 0.02 / decay if decay > 0 else math.inf)

    def largest(self, values):
        """Of the nodes that are computed."""
        return values[self.computed()].max(initial=0)

    def computed(self):
        computed = np.ones((self.y.n, self.x.n), bool)
        for side, line in zip(SIDES, lines(computed)):
            if self.walls[side] != "periodic" and not isinstance(self.walls[side], dict):
                line[...] = False
        return computed

    def weight(self, face, h, sides, t, of_walls=(1.0, 1.0)):
        out = np.zeros((face.shape[0], face.shape[1] + 1))
        out[:, 1:-1] = (face[:, 1:] + face[:, :-1]) / h**2
        if self.walls[sides[0]] == "periodic":
            out[:, 0] = out[:, -1] = (face[:, 0] + face[:, -1]) / h**2
            return out
        for side, node in ((sides[0], 0), (sides[1], -1)):
            if isinstance(self.walls[side], dict):
                out[:, node] = 2 * face[:, node] / h**2 + 2 * of_walls[node] * self.outward(side, t)[1] / h
        return out

    def mass(self, p):
        weights = [np.ones(axis.n) for axis in (self.y, self.x)]
        if self.params.get("grid") == "walls":
            for weight in weights:
                weight[[0, -1]] = 0.5
        return math.fsum((self.c * p * weights[0][:, None] * (weights[1] * self.r)[None, :]).ravel()) * self.section()

    def section(self):
        """Of a cell; around an axis that by the circle of radius 1."""
        return self.x.h * self.y.h * (2 * math.pi if self.is_round else 1.0)

    def has_exact_times(self):
        return self.params.get("times", "exact" if self.params.get("grid") == "walls" else "course") == "exact"

    def counts(self, dt):
        """Intervals between snapshots, and the steps of each with the length of the last one."""
        runtime, outtime = self.params["runtime"], self.params["outtime"]
        if not self.has_exact_times():
            every = max(1, int(outtime / dt))
            return int(runtime / dt), every, dt
        whole = int(outtime / dt + 1e-9)
        left = outtime - whole * dt
        last = left if left > 1e-9 * dt else dt
        every = whole + (last != dt)
        return int(runtime / outtime + 1e-9) * every, every, last

    def simulate(self, dt):
        """Yields time and state of every snapshot."""
        p, t = self.initial(), 0.0
        yield t, p
        steps, every, last = self.counts(dt)
        for step in range(1, steps // every * every + 1):
            is_snapshot = step % every == 0
            length = last if is_snapshot else dt
            p = self.wrapped(p + length * self.rate(p, t, length))
            if not self.has_exact_times():
                t += dt
            else:
                t = step // every * self.params["outtime"] + step % every * dt
            self.fix(p, t)
            p = self.wrapped(p)
            if is_snapshot:
                yield t, p


def mean_between(of, low, high, places, measure, inverse):
    """The mean between two bounds, by a measure, of what jumps at some places."""
    ends = measure(np.array([low, *(place for place in sorted(places) if low < place < high), high]))
    nodes, weights = np.polynomial.legendre.leggauss(5)
    parts = [
        (b - a) / 2 * np.dot(weights, of(inverse((a + b) / 2 + (b - a) / 2 * nodes))) for a, b in zip(ends, ends[1:])
    ]
    return sum(parts) / (ends[-1] - ends[0])


def harmonic(a, b):
    total = a + b
    return np.where((a == 0) | (b == 0), 0.0, 2 * a * b / np.where(total == 0, 1.0, total))


def formula(text, x, y, t):
    return eval(text, {"__builtins__": {}}, dict(NAMES, x=x, y=y, t=t))


def lines(array):
    """The four sides of an array, as SIDES."""
    return [array[:, 0], array[:, -1], array[0, :], array[-1, :]]


# Random problems.


class Maker:
    def __init__(self, directory, seed, number):
        self.rng = np.random.default_rng([seed, number])
        self.directory, self.name, self.is_fourth = directory, str(number), number % 4 == 3
        self.limit_moves = False

    def chance(self, probability):
        return self.rng.random() < probability

    def number(self, low, high):
        return float(self.rng.uniform(low, high))

    def one(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def term(self, letters):
        """An expression of about size 1 in some of x, y and t."""
        a, b, c = (f"{self.number(-2, 2):.3f}" for _ in range(3))
        u, v = self.one(*letters), self.one(*letters)
        return self.one(
            f"sin({a}*{u} + {b}*{v} + {c})",
            f"{a}*cos({b}*{u})*exp(-({v}**2)/9)",
            f"tanh({a}*{u} - {c}) + {b}",
            f"where({u} > {c}, {a}, {b})",
            f"{a} + {b}*hypot({u}, {v})/(1 + abs({v}))",
            f"max({a}, min({b}, {u}*{c}))",
        )

    def amount(self, letters="xyt"):
        return self.number(-2, 2) if self.chance(0.4) else self.term(letters)

    def array(self, what, values, kind="f8"):
        name = f"{self.name}.{what}.npy"
        np.save(self.directory / name, values.astype(kind))
        return name

    def diffusivity(self, shape):
        kind = self.rng.integers(5)
        if kind < 2:
            return round(self.number(0.1, 3), 3)
        if kind == 2:
            return f"0.3 + ({self.term('xy')})**2"
        if kind == 3:
            # Layers, one of which may let nothing through.
            low = self.one(0.0, 0.01, 1.0)
            return f"where({self.one('x', 'y')} > {self.number(-0.5, 0.5):.3f}, {low}, {self.number(1, 4):.3f})"
        values = self.rng.uniform(0.1, 3, shape) * 10.0 ** self.rng.integers(-2, 1, shape)
        return {"file": self.array(f"D{self.rng.integers(10**6)}", values)}

    def capacity(self, shape):
        kind = self.rng.integers(4)
        if kind == 0:
            return round(self.number(0.01, 4), 3)
        if kind == 1:
            return f"0.2 + ({self.term('xy')})**2"
        if kind == 2:
            return f"where({self.one('x', 'y')} > {self.number(-0.5, 0.5):.3f}, 0.05, {self.number(1, 4):.3f})"
        return {"file": self.array(f"c{self.rng.integers(10**6)}", self.rng.uniform(0.1, 3, shape))}

    def decay(self, shape):
        kind = self.rng.integers(3)
        if kind == 0:
            return round(self.number(0, 40), 3)
        if kind == 1:
            return f"9*({self.term('xy')})**2"
        return {"file": self.array(f"k{self.rng.integers(10**6)}", self.rng.uniform(0, 30, shape))}

    def wall(self, grows):
        kind = self.rng.integers(4)
        if kind == 0:
            return self.amount()
        if kind == 1:
            return {"flux": self.amount()}
        if kind == 2:
            return {"flux": 0.0}
        b = self.one(1.0, -2.0, 0.3, "1.5 + sin(x*y)")
        # a and b of one sign take away; of different signs they feed.
        a = "1 + 0.5*sin(y - x)" if self.chance(0.2) else self.number(0, 3)
        if self.chance(0.2):
            a, self.limit_moves = "1 + 0.5*sin(y - x + 3*t)", True
        if b == -2.0:
            a = f"-({a})" if isinstance(a, str) else -a
        if grows and not isinstance(a, str):
            a = -0.1 * a
        return {"robin": [a, b, self.amount()]}

    def initial(self, shape):
        kind = self.one("peaks", "gaussian", "sine", "constant", "expression", "file", "snapshot")
        if kind == "gaussian":
            numbers = {"x0": self.number(-1, 1), "y0": self.number(-1, 1), "sigma": self.number(0.2, 2)}
            return {"kind": kind, **numbers, "amplitude": self.number(-2, 3)}
        if kind == "sine":
            return {"kind": kind, "kx": int(self.rng.integers(1, 4)), "ky": int(self.rng.integers(1, 4))}
        if kind == "constant":
            return {"kind": kind, "value": self.number(-2, 2)}
        if kind == "expression":
            return {"kind": kind, "value": self.term("xy")}
        if kind == "file":
            values = self.rng.normal(size=shape)
            return {"kind": kind, "path": self.array("u", values, self.one("<f8", "<f4", ">f8"))}
        if kind == "snapshot":
            values = self.rng.normal(size=(3, *shape))
            return {"kind": "file", "path": self.array("u", values), "snapshot": int(self.rng.integers(3))}
        return {"kind": kind}

    def problem(self):
        layout = "walls" if self.chance(0.75) else self.one("slides", "files")
        width = self.number(1, 5)
        params = {"grid": layout, "x1": -width * self.number(0.1, 0.9)}
        params["x2"] = params["x1"] + width
        if layout == "walls" and self.is_fourth:
            params["coordinates"] = "axisymmetric"
            # Around the axis, or around a hole.
            params["x1"] = max(0.0, params["x1"] + width / 2)
            params["x2"] = params["x1"] + width
        params["dx"] = width / (self.rng.integers(2, 40) + 0.5)
        if self.chance(0.6):
            height = self.number(1, 5)
            params["y1"] = -height * self.number(0.1, 0.9)
            params["y2"] = params["y1"] + height
            if self.chance(0.8):
                params["dy"] = height / (self.rng.integers(2, 40) + 0.5)
            else:
                params["dx"] = min(params["dx"], height / 2.5)
        if self.chance(0.2):
            params["precision"] = "f32"
        x = Axis(layout, params["x1"], params["x2"], params["dx"])
        y = Axis(layout, params.get("y1", x.first), params.get("y2", x.last), params.get("dy", params["dx"]))
        shape = (y.n, x.n)
        if self.chance(0.25):
            params["Dx"], params["Dy"] = self.diffusivity(shape), self.diffusivity(shape)
        else:
            params["D"] = self.diffusivity(shape)
        if self.chance(0.4):
            params["face"] = self.one("harmonic", "arithmetic")
        if self.chance(0.5):
            params["capacity"] = self.capacity(shape)
        if self.chance(0.5):
            params["decay"] = self.decay(shape)
        if self.chance(0.5):
            params["source"] = self.amount()
            if self.chance(0.25):
                params["source"] = {"file": self.array("S", self.rng.normal(size=shape))}
        if self.chance(0.8):
            params["boundary"] = self.boundary(layout)
            if "coordinates" in params:
                self.close(params)
        if self.chance(0.8):
            params["initial"] = self.initial(shape)
        return self.timed(params)

    def boundary(self, layout):
        walls = {}
        for pair in (SIDES[:2], SIDES[2:]):
            periodic = layout == "walls" and self.chance(0.2)
            for side in pair:
                if periodic:
                    walls[side] = "periodic"
                elif layout != "walls":
                    walls[side] = self.amount()
                elif self.chance(0.9):
                    walls[side] = self.wall(self.chance(0.1))
        return walls

    def close(self, params):
        """Left and right where x is a radius."""
        walls = params["boundary"]
        for side in SIDES[:2]:
            if walls.get(side) == "periodic":
                walls[side] = {"flux": 0.5}
        if params["x1"] == 0:
            walls["left"] = {"flux": 0.0}

    def timed(self, params):
        """Time step, snapshots and end; None where nothing ever happens."""
        problem = Problem(self.directory, params)
        limit = problem.limit()
        if not 0 < limit < 1e6:
            return None
        dt = problem.default_step()
        how = self.rng.integers(3)
        if self.limit_moves:
            # By a factor of 3 at most.
            dt = params["dt"] = limit * self.number(0.1, 0.3)
        elif how == 1:
            params["safety"] = self.number(0.1, 1)
            dt = params["safety"] * limit
        elif how == 2:
            dt = params["dt"] = limit * self.number(0.1, 0.999)
        steps = STEPS if self.chance(0.7) else int(self.rng.integers(1, STEPS))
        params["runtime"] = (steps + 0.5) * dt
        params["outtime"] = (self.rng.integers(1, min(steps, 40) + 1) + 0.25) * dt
        if self.chance(0.3):
            params["times"] = str(self.rng.choice(["course", "exact"]))
        elif self.chance(0.2):
            # Less than a step, or a whole number of them.
            params["outtime"] = dt * (0.75 if self.chance(0.5) else float(self.rng.integers(1, steps + 1)))
        if self.chance(0.3):
            formulas = [key for key in ("D", "Dx", "Dy", "decay") if isinstance(params.get(key), (str, float))]
            params["ageing"] = {key: self.ageing(params["runtime"]) for key in formulas if self.chance(0.7)}
        return params

    def ageing(self, runtime):
        """A factor that is 1 at the start and never more."""
        rate = f"{self.number(0.1, 3) / runtime:.6g}"
        return self.one(
            f"exp(-{rate}*t)",
            f"1/(1 + {rate}*t)**0.4",
            f"where(t > {self.number(0.1, 0.9) * runtime:.6g}, 0.25, 1)",
            f"0.6 + 0.4*cos({rate}*t)",
        )


def shown(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {shown(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    return json.dumps(value)


def make(directory, count, seed):
    for number in range(count):
        params, attempt = None, 0
        while params is None:
            params = Maker(directory, seed + attempt * 10**6, number).problem()
            attempt += 1
        (directory / f"{number}.json").write_text(json.dumps(params))
        ageing = params.get("ageing", {})
        entries = {key: f"({value})*({ageing[key]})" if key in ageing else value for key, value in params.items()}
        text = "".join(f"{key} = {shown(value)}\n" for key, value in entries.items() if key != "ageing")
        (directory / f"{number}.toml").write_text(text)


def agree(name, got, expected, bound):
    error = np.abs(got - expected)
    at = np.unravel_index(np.nanargmax(error), error.shape) if error.size else ()
    assert (error <= bound).all(), f"{name} at {tuple(map(int, at))}: {got[at]!r}, not {expected[at]!r}, bound {bound:.1e}"
    return float(error.max() / bound) if bound > 0 else 0.0


def check_one(directory, number):
    """The largest difference as a share of the bound."""
    params = json.loads((directory / f"{number}.json").read_text())
    problem = Problem(directory, params)
    precision = params.get("precision", "f64")
    cube = np.load(directory / f"{number}.npy", mmap_mode="r")
    journal = [json.loads(line) for line in (directory / f"{number}.journal").read_text().splitlines()]
    head, records = journal[0], journal[1:]
    dt = head["dt"]
    wanted = params["safety"] * problem.limit() if "safety" in params else problem.default_step()
    wanted = params.get("dt", wanted)
    assert abs(dt / wanted - 1) <= 1e-12, f"dt {dt!r}, not {wanted!r}"
    nsteps, nper, _ = problem.counts(dt)
    assert (head["nsteps"], head["nper"]) == (nsteps, nper), (head["nsteps"], head["nper"], nsteps, nper)
    assert cube.shape == (1 + nsteps // nper, problem.y.n, problem.x.n), cube.shape
    assert len(records) == len(cube)
    largest, worst = 0.0, 0.0
    for k, (t, p) in enumerate(problem.simulate(dt)):
        largest = max(largest, np.abs(p).max())
        bound = BOUND[precision] * largest
        got = np.asarray(cube[k], float)
        worst = max(worst, agree(f"snapshot {k}", got, p, bound))
        record = records[k]
        assert record["simtime"] == t, (record["simtime"], t)
        assert (record["min"], record["max"]) == (got.min(), got.max())
        area = problem.section() * problem.r.max() * problem.c.max() * p.size
        agree(f"mass of snapshot {k}", np.array(record["mass"]), np.array(problem.mass(got)), 1e-14 * largest * area)
    return worst


def check(directory):
    failed, worst = 0, {"f64": 0.0, "f32": 0.0}
    numbers = sorted(int(path.stem) for path in directory.glob("*.json"))
    for number in numbers:
        try:
            precision = json.loads((directory / f"{number}.json").read_text()).get("precision", "f64")
            worst[precision] = max(worst[precision], check_one(directory, number))
        except (AssertionError, OSError, KeyError, ValueError) as error:
            failed += 1
            if failed <= 20:
                text = (directory / f"{number}.toml").read_text()
                print(f"--- {number}: {type(error).__name__} {str(error)[:400]}\n{text}")
    print(f"{len(numbers)} problems, {failed} failed; largest differences as shares of the bounds: {worst}")
    return failed


if __name__ == "__main__":
    np.seterr(all="ignore")
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(1 if check(Path(sys.argv[2])) else 0)
