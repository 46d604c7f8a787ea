"""Random problems, and their steady state by a sparse direct solver.

    steady_reference.py make DIRECTORY COUNT SEED    N.toml and the files it names, for N below COUNT
    steady_reference.py check DIRECTORY              N.npy, or why there is none in N.error, against the reference

What is read of a problem is that of problems_reference.py; the matrix is that of its equation. A closed piece of the
domain keeps the mean of the initial state where what enters it balances, and is refused where not.
"""

import json
import sys
import tomllib
from pathlib import Path

import numpy as np
import problems_reference as reference
from scipy import sparse
from scipy.sparse import csgraph, linalg

BOUND = {"f64": 1e-8, "f32": 1e-6}  # relative to the largest |p|
BALANCED = 1e-10
SIDES = reference.SIDES


class Steady(reference.Problem):
    """A problem with masked and held nodes."""

    def __init__(self, directory, params):
        super().__init__(directory, params)
        shape = (self.y.n, self.x.n)
        self.masked = np.zeros(shape, bool)
        if "mask" in params:
            self.masked = self.wrapped(np.load(directory / params["mask"]["file"]) != 0)
        self.face_x = np.where(self.masked[:, :-1] | self.masked[:, 1:], 0.0, self.face_x)
        self.face_y = np.where(self.masked[:-1] | self.masked[1:], 0.0, self.face_y)
        self.start = self.initial()
        self.free = self.computed() & ~self.masked
        for held in params.get("held", []):
            nodes = self.wrapped(np.load(directory / held["file"]) != 0)
            self.start[nodes] = held["value"]
            self.free &= ~nodes

    def shares(self, axis, is_periodic):
        """Of a cell along an axis; the last node of a periodic one is the first one."""
        share = np.ones(axis.n)
        if is_periodic:
            share[-1] = 0.0
        elif self.params.get("grid") == "walls":
            share[[0, -1]] = 0.5
        return share

    def solve(self):
        """The steady state, or None where there is none."""
        ny, nx = self.y.n, self.x.n
        number = np.arange(ny * nx).reshape(ny, nx)
        if self.periodic_x:
            number[:, -1] = number[:, 0]
        if self.periodic_y:
            number[-1] = number[0]
        rows, columns = self.shares(self.y, self.periodic_y)[:, None], self.shares(self.x, self.periodic_x)[None, :]
        r = self.r[None, :]
        along_x = self.face_x * self.r_faces * rows / self.x.h**2
        along_y = self.face_y * columns * r / self.y.h**2
        first = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
        second = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
        g = np.concatenate([along_x.ravel(), along_y.ravel()])
        cell = np.broadcast_to(rows * columns * r, (ny, nx))
        flow = cell * self.wrapped(self.hat_means(self.params.get("source", 0.0)))
        ground = cell * self.k
        for side, to_flow, to_ground in zip(SIDES, reference.lines(flow), reference.lines(ground)):
            wall = self.walls[side]
            if not isinstance(wall, dict):
                continue
            constant, factor = self.outward(side, 0.0)
            is_column = side in ("left", "right")
            of_wall = self.r_walls[side == "right"] * rows[:, 0] / self.x.h if is_column else columns[0] * self.r / self.y.h
            to_flow += of_wall * constant
            to_ground += of_wall * factor
        n = ny * nx
        matrix = sparse.coo_array((np.concatenate([-g, -g]), (np.concatenate([first, second]), np.concatenate([second, first]))), shape=(n, n)).tocsr()
        matrix = matrix + sparse.diags(np.asarray(-matrix.sum(axis=1)).ravel() + ground.ravel())
        free = np.flatnonzero(self.free.ravel() & (number.ravel() == np.arange(n)))
        kept = np.where(self.free | self.masked, 0.0, self.start).ravel()
        b = (flow.ravel() - matrix @ kept)[free]
        a = matrix.tocsr()[free][:, free].tocsc()
        p = np.where(self.masked, np.nan, self.start).ravel()
        # Pieces, those of which nothing leaves.
        off = a.copy()
        off.setdiag(0)
        off.eliminate_zeros()
        count, piece = csgraph.connected_components(off, directed=False)
        of_ground = ground.ravel()[free] - np.asarray(matrix.tocsr()[free][:, np.flatnonzero(~self.free.ravel())].sum(axis=1)).ravel()
        is_open = np.bincount(piece, of_ground != 0, count) > 0
        weight = (cell * self.c).ravel()[free]
        for closed in np.flatnonzero(~is_open):
            nodes = np.flatnonzero(piece == closed)
            if abs(b[nodes].sum()) > 10 * BALANCED * np.abs(b[nodes]).sum():
                return None
        pins = np.zeros(len(free))
        for closed in np.flatnonzero(~is_open):
            node = np.flatnonzero(piece == closed)[0]
            pins[node] = a[node, node] or 1.0
        x = np.zeros(len(free), np.longdouble)
        factors = linalg.splu(a + sparse.diags(pins).tocsc()) if len(free) else None
        # The diagonal holds little of what leaks out of a good conductor into a bad one: residuals are sums of differences.
        last = np.inf
        while len(free):
            full = kept.astype(np.longdouble)
            full[free] = x
            through = (g * (full[second] - full[first])).astype(float)
            into = np.bincount(first, through, n) - np.bincount(second, through, n)
            rest = (flow.ravel() + into - ground.ravel() * full)[free] - pins * x
            correction = factors.solve(rest.astype(float))
            x += correction
            size = np.abs(correction).max() / max(np.abs(x).max(), 1e-300)
            if size < 1e-13:
                break
            assert size < last / 2, f"the reference is uncertain by {size:.1e}"
            last = size
        for closed in np.flatnonzero(~is_open):
            nodes = np.flatnonzero(piece == closed)
            share = weight[nodes] / weight[nodes].sum()
            x[nodes] += (share * (self.start.ravel()[free][nodes] - x[nodes])).sum()
        p[free] = x
        return p[number.ravel()].reshape(ny, nx)


class Maker(reference.Maker):
    def material(self, shape):
        kind = self.rng.integers(4)
        decades = self.one(0, 1, 2, 4, 8)
        if kind == 0:
            return round(self.number(0.1, 3), 3)
        if kind == 1:
            return f"where({self.one('x', 'y')} > {self.number(-0.5, 0.5):.3f}, {10.0**-decades}, {self.number(1, 4):.3f})"
        values = self.rng.random(shape)
        if kind == 2:
            size = self.one(2, 5, 9)
            values = np.repeat(np.repeat(values, size, 0), size, 1)[: shape[0], : shape[1]]
        return {"file": self.array(f"D{self.rng.integers(10**6)}", 10.0 ** (-decades * values))}

    def wall_of(self):
        kind = self.rng.integers(4)
        if kind == 0:
            return self.amount("xy")
        if kind == 1:
            return {"flux": 0.0 if self.chance(0.5) else self.amount("xy")}
        if kind == 2:
            return {"robin": [self.number(0.1, 3), self.number(0.1, 3), self.amount("xy")]}
        return self.number(-2, 2)

    def params(self, is_large):
        shapes = [(2, 2), (3, 4), (7, 5), (20, 33), (64, 50), (2, 300), (200, 3), (120, 90)]
        shapes += [(400, 300), (3, 4000), (699, 899)] if is_large else []
        ny, nx = self.one(*shapes)
        params = {"method": "steady", "x1": -1.0, "x2": 1.0, "y1": -0.8, "y2": 1.1}
        params["dx"], params["dy"] = 2.0 / (nx + 0.25), 1.9 / (ny + 0.25)
        params["grid"] = self.one("walls", "walls", "walls", "slides", "files")
        is_walls = params["grid"] == "walls"
        shape = (ny + 1, nx + 1) if is_walls else (ny + 2, nx + 2)
        params["boundary"] = {side: self.wall_of() if is_walls else self.amount("xy") for side in SIDES}
        if is_walls:
            for pair in (SIDES[:2], SIDES[2:]):
                if self.chance(0.2):
                    params["boundary"].update(dict.fromkeys(pair, "periodic"))
                elif self.chance(0.1):
                    params["boundary"].update({side: {"flux": 0.0} for side in pair})
        if self.chance(0.3):
            params["Dx"], params["Dy"] = self.material(shape), self.material(shape)
        elif self.chance(0.2):
            params["Dx"], params["Dy"] = self.one((1.0, 0.001), (0.001, 1.0))
        else:
            params["D"] = self.material(shape)
        params["face"] = self.one("harmonic", "harmonic", "arithmetic")
        if self.chance(0.3):
            params["decay"] = self.decay(shape) if self.chance(0.7) else 10.0 ** self.rng.integers(-8, 0)
        if self.chance(0.3):
            params["capacity"] = self.capacity(shape)
        if self.chance(0.5):
            params["source"] = self.amount("xy")
        if self.chance(0.3):
            masked = self.rng.random(shape) < self.one(0.05, 0.3, 0.6)
            masked = alike_at_ends(masked)
            masked[shape[0] // 2, shape[1] // 2] = False
            params["mask"] = {"file": self.array("mask", masked)}
        if self.chance(0.3):
            held = alike_at_ends(self.rng.random(shape) < self.one(0.01, 0.1))
            if "mask" in params:
                held &= ~masked
            params["held"] = [{"file": self.array("held", held), "value": self.number(-2, 2)}]
        if self.chance(0.1):
            params["precision"] = "f32"
        params["initial"] = {"kind": "expression", "value": self.term("xy")}
        return params


def alike_at_ends(nodes):
    """Nodes of both ends of each axis, which are the same where it is periodic."""
    nodes[:, [0, -1]] = nodes[:, :1] | nodes[:, -1:]
    nodes[[0, -1]] = nodes[:1] | nodes[-1:]
    return nodes


def written(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {written(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    return json.dumps(value) if isinstance(value, str) else repr(float(value))


def make(directory, count, seed):
    for number in range(count):
        params = Maker(directory, seed, number).params(count > 100)
        text = "".join(f"{key} = {written(value)}\n" for key, value in params.items())
        (directory / f"{number}.toml").write_text(text)


def check(directory):
    failed = refused = cycles = 0
    worst = 0.0
    numbers = sorted(int(path.stem) for path in directory.glob("*.toml"))
    for number in numbers:
        params = tomllib.loads((directory / f"{number}.toml").read_text())
        problem = Steady(directory, params)
        expected = problem.solve()
        error = directory / f"{number}.error"
        if error.exists() or expected is None:
            said = error.read_text() if error.exists() else "nothing"
            refused += 1
            # Masks and D = 0 may leave no face that anything passes.
            if "nothing diffuses" not in said and (expected is not None or "is closed" not in said):
                failed += 1
                print(f"{number}: {said}")
            continue
        found = np.load(directory / f"{number}.npy")[0].astype(float)
        record = json.loads((directory / f"{number}.journal").read_text().splitlines()[1])
        cycles = max(cycles, record["cycles"])
        off = np.nanmax(np.abs(found - expected), initial=0) / max(np.nanmax(np.abs(expected)), 1e-300)
        worst = max(worst, off) if params.get("precision", "f64") == "f64" else worst
        if not (off <= BOUND[params.get("precision", "f64")] and (np.isnan(found) == np.isnan(expected)).all()):
            failed += 1
            print(f"{number}: off by {off:.1e} of the largest value, {found.shape}, {record['cycles']} cycles")
    print(f"{len(numbers)} problems, {refused} refused, {failed} failed; off by {worst:.1e} at most, {cycles} cycles at most")
    return failed


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        sys.exit(check(Path(sys.argv[2])) > 0)
