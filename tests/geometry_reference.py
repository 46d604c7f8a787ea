"""Random problems with masks and held nodes, and their solution in NumPy, written from the equation.

    geometry_reference.py make DIRECTORY COUNT SEED    N.toml and the files it names, for N below COUNT
    geometry_reference.py check DIRECTORY              N.npy and N.journal against the reference

Everything else of a problem is that of problems_reference.py, and so are the tolerances.
"""

import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import problems_reference as plain
from problems_reference import BOUND, agree


class Problem(plain.Problem):
    def __init__(self, directory, params):
        super().__init__(directory, params)
        mask = params.get("mask")
        self.outside = self.area(mask) if mask else np.zeros((self.y.n, self.x.n), bool)
        self.k = self.wrapped(self.hat_means(params.get("decay", 0.0)))
        self.held = [(self.area(table), self.values(table["value"])) for table in params.get("held", [])]
        self.kept = self.outside.copy()
        for where, _ in self.held:
            self.kept |= where
        self.face_x[self.outside[:, 1:] | self.outside[:, :-1]] = 0
        self.face_y[self.outside[1:] | self.outside[:-1]] = 0

    def area(self, table):
        if "image" in table:
            return self.joined(self.greys(table["image"]) < table.get("below", 0.5))
        given = {"file": table["file"]} if "file" in table else table["where"]
        return self.joined(self.values(given) != 0)

    def joined(self, chosen):
        """What is chosen on one line of a periodic pair is so on both."""
        if self.periodic_x:
            chosen[:, 0] |= chosen[:, -1]
        if self.periodic_y:
            chosen[0] |= chosen[-1]
        return self.wrapped(chosen)

    def greys(self, name):
        """Bilinear means of the pixels around each node; the outermost ones lie on the outermost nodes."""
        pixels = np.load(self.directory / f"{name}.npy") / 255
        along = lambda nodes, count: np.arange(nodes) * (count - 1) / (nodes - 1)
        below, part_y = split(along(self.y.n, len(pixels))[::-1], len(pixels))
        west, part_x = split(along(self.x.n, pixels.shape[1]), pixels.shape[1])
        mix = lambda a, b, part: np.where(part == 0, a, a + part * (b - a))
        row = lambda j: mix(pixels[j][:, west], pixels[j][:, np.minimum(west + 1, pixels.shape[1] - 1)], part_x)
        return mix(row(below), row(np.minimum(below + 1, len(pixels) - 1)), part_y[:, None])

    def fix(self, p, t):
        super().fix(p, t)
        for where, value in self.held:
            p[where] = value[where]
        p[self.outside] = 0

    def rate(self, p, t, dt):
        return np.where(self.kept, 0, super().rate(p, t, dt))

    def computed(self):
        return super().computed() & ~self.kept


def split(at, count):
    first = np.minimum(at.astype(int), count - 1)
    return first, at - first


def write_png(path, pixels):
    """Grey values of 8 bits, the top row first."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.tobytes() for row in pixels.astype(np.uint8))
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 0, 0, 0, 0)
    data = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(data))


class Maker(plain.Maker):
    def timed(self, params):
        """Before times follow: the geometry."""
        params = dict(params)
        if self.chance(0.8):
            params["mask"] = self.area(params)
        if self.chance(0.6):
            params["held"] = []
            for _ in range(self.rng.integers(1, 4)):
                where = self.area(params)
                outside = Problem(self.directory, params).outside
                area = Problem(self.directory, {**params, "mask": where}).outside
                if (area & outside).any():
                    where = {"file": self.array(f"h{len(params['held'])}", area & ~outside, self.one("?", "u1", "f4"))}
                params["held"].append({**where, "value": self.amount("xy")})
        problem = Problem(self.directory, params)
        if problem.kept.all():
            return None
        self.limit_of = problem
        return super().timed(params)

    def area(self, params):
        problem = plain.Problem(self.directory, params)
        x, y, r = self.number(-1, 1), self.number(-1, 1), self.number(0.2, 1.5)
        kind = self.rng.integers(5)
        if kind == 0:
            return {"where": f"hypot(x - {x:.3f}, y - {y:.3f}) < {r:.3f}"}
        if kind == 1:
            return {"where": f"(abs({self.one('x', 'y')} - {x:.3f}) < {r / 4:.3f})*({self.one('x', 'y')} > {y:.3f})"}
        if kind == 2:
            # Corners that touch, and single nodes.
            some = self.rng.random((problem.y.n, problem.x.n)) < self.number(0.02, 0.6)
            return {"file": self.array(f"m{self.rng.integers(10**6)}", some, self.one("?", "f8", "i4"))}
        name = f"{self.name}.p{self.rng.integers(10**6)}.png"
        while True:
            pixels = self.rng.integers(0, 256, self.rng.integers(1, 12, 2))
            write_png(self.directory / name, pixels)
            np.save(self.directory / f"{name}.npy", pixels)
            below = round(self.number(0.1, 0.7), 3) if self.chance(0.8) else None
            # Where a grey value is the limit but for rounding, two programs may differ.
            if np.abs(Problem.greys(problem, name) - (below or 0.5)).min() > 1e-9:
                return {"image": name} if below is None else {"image": name, "below": below}


def make(directory, count, seed):
    plain.Problem = Problem
    plain.Maker = Maker
    plain.make(directory, count, seed)


def check_one(directory, number):
    """The largest difference as a share of the bound."""
    params = json.loads((directory / f"{number}.json").read_text())
    problem = Problem(directory, params)
    cube = np.load(directory / f"{number}.npy", mmap_mode="r")
    journal = [json.loads(line) for line in (directory / f"{number}.journal").read_text().splitlines()]
    head, records = journal[0], journal[1:]
    dt = head["dt"]
    wanted = params["dt"] if "dt" in params else problem.default_step()
    if "safety" in params:
        wanted = params["safety"] * problem.limit()
    assert abs(dt / wanted - 1) <= 1e-12, f"dt {dt!r}, not {wanted!r}"
    assert len(records) == len(cube)
    largest, worst, inside = 0.0, 0.0, ~problem.outside
    held = problem.kept & inside
    for k, (t, p) in enumerate(problem.simulate(dt)):
        largest = max(largest, np.abs(p[inside]).max())
        got = np.asarray(cube[k])
        assert (np.isnan(got) == problem.outside).all(), f"snapshot {k}: what is masked"
        assert (got[held] == cube[0][held]).all(), f"snapshot {k}: held values"
        got = got.astype(float)
        bound = BOUND[params.get("precision", "f64")] * largest
        worst = max(worst, agree(f"snapshot {k}", got[inside], p[inside], bound))
        record = records[k]
        assert (record["min"], record["max"]) == (got[inside].min(), got[inside].max())
        area = problem.section() * problem.r.max() * p.size
        mass = np.array(problem.mass(np.where(inside, got, 0)))
        agree(f"mass of snapshot {k}", np.array(record["mass"]), mass, 1e-14 * largest * area)
    return worst


if __name__ == "__main__":
    np.seterr(all="ignore")
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        plain.check_one = check_one
        sys.exit(1 if plain.check(Path(sys.argv[2])) else 0)
