"""Random questions to `stats`, and what NumPy answers.

Order statistics, counts, places and histograms are exact. Trends are those of exact rational arithmetic, but for the
rounding of the result and of sums of 100 binary digits, which a slope of exactly 0 shows alone.
"""

import json
from fractions import Fraction

import numpy as np

from random_cases import checker, main, maker, option, text

KINDS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"] + ["f8"] * 6
SIX = ["count", "sum", "mean", "std", "min", "max"]


def array(rng, kind, shape):
    if kind == "b1":
        return np.asarray(rng.random(shape) < 0.5)
    if kind[0] in "iu":
        info = np.iinfo(kind)
        return np.asarray(rng.integers(max(info.min, -99), 99, shape, dtype=kind, endpoint=True))
    values = rng.normal(size=shape) * 10.0 ** rng.choice([0, 0, -3, 3] if kind != "f2" else [0])
    if rng.random() < 0.3:
        values = np.round(values)
    values = np.asarray(values).astype(kind)
    flat = values.reshape(-1)
    if rng.random() < 0.5 and flat.size:
        flat[rng.random(flat.size) < rng.choice([0.001, 0.1, 1.0], p=[0.5, 0.45, 0.05])] = np.nan
    return values


def shape_of(rng):
    dimensions = int(rng.choice([1, 2, 2, 3, 3, 4]))
    most = {1: 5000, 2: 80, 3: 20, 4: 9}[dimensions]
    if rng.random() < 0.05:
        most = {1: 700_000, 2: 900, 3: 90, 4: 30}[dimensions]
    return tuple(int(rng.integers(1, most + 1)) for _ in range(dimensions))


def case(rng, directory, number):
    values = array(rng, str(rng.choice(KINDS)), shape_of(rng))
    order = str(rng.choice(["C", "F"]))
    endian = str(rng.choice(["<", ">"])) if values.dtype.itemsize > 1 else "|"
    name, out = f"{number}.npy", f"{number}.out.npy"
    np.save(directory / name, np.array(values.astype(values.dtype.newbyteorder(endian)), order=order))
    memory = str(rng.choice(["256MiB", "8MiB"]))
    arguments = ["stats", name, "--memory=" + memory]
    if rng.random() < 0.4:
        starts = [int(rng.integers(0, n)) for n in values.shape]
        ends = [int(rng.integers(a + 1, n + 1)) for a, n in zip(starts, values.shape)]
        steps = [str(rng.choice(["", "", "", ":", ":1", ":2", ":3", ":24"])) for _ in starts]
        arguments.append("--select=" + text(f"{a}:{b}{c}" for a, b, c in zip(starts, ends, steps)))
    if rng.random() < 0.5:
        arguments.append("--skip-nan")
    if rng.random() < 0.25:
        return arguments + ["--op=trend", "--axis=" + trend_axis(rng, directory, number, values), "-o", out]
    if rng.random() < 0.4:
        arguments.append(f"--above={rng.choice([0, 1, -2.5, 0.1, round(float(rng.normal()), 2)])}")
    if rng.random() < 0.7:
        quantiles = [float(rng.choice([0, 0.5, 1, 0.25, round(float(rng.random()), 3)])) for _ in range(3)]
        arguments.append("--quantiles=" + text(sorted(set(quantiles))))
    if rng.random() < 0.6:
        count = int(rng.integers(1, values.ndim + 1))
        axes = [int(a) for a in rng.choice(values.ndim, count, replace=False)]
        arguments.append("--axis=" + text(a - values.ndim * int(rng.integers(2)) for a in axes))
        return arguments + ["-o", out]
    if rng.random() < 0.5:
        arguments.append("--histogram=" + str(rng.choice(["10:-3:5", "7:0:1", "100:-50:50", "9:0:1e-307"])))
    return arguments + ["--json"]


def trend_axis(rng, directory, number, values):
    """An axis, by its name where it gets one with coordinates: an ordinary one, or one far from 0."""
    axis = int(rng.integers(values.ndim))
    if rng.random() < 0.4:
        return str(axis)
    steps = rng.random(values.shape[axis]) + 0.01
    times = (rng.choice([0, -3.25, 1e6, 1.7e9]) + np.cumsum(steps) * rng.choice([1, 1e-3, 40])).tolist()
    axes = [None] * values.ndim
    axes[axis] = {"name": "t", "spacing": 1.0, "coordinates": times}
    file = {"format": 1, "shape": values.shape, "axes": axes}
    (directory / f"{number}.axes.json").write_text(json.dumps(file))
    return "t"


def same(got, expected, slack=0.0):
    got, expected = np.asarray(got, "f8"), np.asarray(expected, "f8")
    near = (got == expected) | (np.isnan(got) & np.isnan(expected)) | (np.abs(got - expected) <= slack)
    assert got.shape == expected.shape and np.all(near), (got, expected)


def six(values, axes, skip):
    wide = values.astype("f8")
    reductions = [np.nansum, np.nanmean, np.nanstd, np.nanmin, np.nanmax]
    if not skip:
        reductions = [np.sum, np.mean, np.std, np.min, np.max]
    count = (~np.isnan(wide)).sum(axes) if skip else np.full_like(wide, 1).sum(axes)
    return [count] + [reduce(wide, axis=axes) for reduce in reductions]


def line(times, values, skip):
    """Slope and intercept by least squares, in rational numbers, and what the rounding of 100 binary digits may move each by."""
    kept = [(t, x) for t, x in zip(times, values) if not (skip and np.isnan(x))]
    if len(kept) < 2 or not np.isfinite([x for _, x in kept]).all():
        return (np.nan, 0.0), (np.nan, 0.0)
    kept = [(t, Fraction(x.item())) for t, x in kept]
    n = len(kept)
    mean_t, mean_x = sum(t for t, _ in kept) / n, sum(x for _, x in kept) / n
    spread = sum((t - mean_t) ** 2 for t, _ in kept)
    slope = sum((t - mean_t) * (x - mean_x) for t, x in kept) / spread
    rounding = n * Fraction(2) ** -100 * max(abs(x) for _, x in kept)
    of_slope = rounding * sum(abs(t - mean_t) for t, _ in kept) / spread
    of_intercept = rounding + of_slope * abs(mean_t)
    return (float(slope), float(of_slope)), (float(mean_x - slope * mean_t), float(of_intercept))


def check_trend(case, values, start, step, skip):
    name = option(case.arguments, "axis")
    if name == "t":
        axes = json.loads((case.directory / f"{case.number}.axes.json").read_text())["axes"]
        axis = next(i for i, one in enumerate(axes) if one)
        times = axes[axis]["coordinates"]
    else:
        axis = int(name)
        times = range(start[axis] + step[axis] * values.shape[axis])
    times = [Fraction(t) for t in times][start[axis]::step[axis]][:values.shape[axis]]
    if values.shape[axis] < 2:
        assert case.code == "2" and "two values" in case.stderr, (case.code, case.stderr)
        return
    case.must_succeed()
    got = case.result()
    columns = np.moveaxis(values, axis, -1)
    assert got.shape == (2,) + columns.shape[:-1], got.shape
    columns, got = columns.reshape(-1, values.shape[axis]), got.reshape(2, -1)
    # Rational numbers take their time.
    some = np.linspace(0, len(columns) - 1, min(len(columns), 20, 1 + 4000 // values.shape[axis])).astype(int)
    for column in some:
        for one, (other, rounding) in zip(got[:, column], line(times, columns[column], skip)):
            same(one, other, np.spacing(abs(other)) + rounding)


def check_case(case):
    arguments, values = case.arguments, case.values
    start, step = np.zeros(values.ndim, int), np.ones(values.ndim, int)
    if option(arguments, "select"):
        ranges = [[int(end or 1) for end in part.split(":")] for part in option(arguments, "select").split(",")]
        values = values[tuple(slice(*ends) for ends in ranges)]
        start = np.array([ends[0] for ends in ranges])
        step = np.array([(ends + [1])[2] for ends in ranges])
    skip = "--skip-nan" in arguments
    if option(arguments, "op"):
        return check_trend(case, values, start, step, skip)
    case.must_succeed()
    axes = tuple(range(values.ndim))
    if option(arguments, "axis"):
        axes = tuple(int(a) % values.ndim for a in option(arguments, "axis").split(","))
    quantiles = [float(q) for q in option(arguments, "quantiles").split(",") if q]
    wide = values.astype("f8")
    scale = 1e-12 * (1 + np.nan_to_num(np.abs(wide)).sum())
    expected = six(values, axes, skip)
    names = list(SIX)
    if option(arguments, "above"):
        above = (wide > float(option(arguments, "above"))).sum(axes)
        expected += [above, above / (~np.isnan(wide)).sum(axes)]
        names += ["above", "fraction"]
    of = np.nanquantile if skip else np.quantile
    exact = [of(wide, q, axis=axes) for q in quantiles]
    if "-o" in arguments:
        got = case.result()
        assert got.shape == (len(names) + len(quantiles),) + np.shape(expected[0]), got.shape
        found, of_file = got[: len(names)], got[len(names) :]
    else:
        told = json.loads(case.stdout)
        assert list(told)[: len(names)] == names
        none = lambda value: np.nan if value is None else value
        found = [none(told[name]) for name in names]
        of_file = [none(told["quantiles"][str(q if q % 1 else int(q))]) for q in quantiles]
        assert told["nan"] == np.isnan(wide).sum()
        if np.isnan(wide).all() and skip:
            assert "argmin" not in told
        else:
            for name, place in (("argmin", np.nanargmin), ("argmax", np.nanargmax)):
                if not skip:
                    place = getattr(np, name)
                at = tuple((np.array(told[name]) - start) // step)
                value = wide.reshape(-1)[place(wide)]
                same(wide[at], value)
                assert at == np.unravel_index(place(wide), wide.shape), (name, at)
        if "histogram" in told:
            bins, low, high = option(arguments, "histogram").split(":")
            there = wide[~np.isnan(wide)]
            counts, edges = np.histogram(there, int(bins), (float(low), float(high)))
            assert told["histogram"]["counts"] == counts.tolist()
            same(told["histogram"]["edges"], edges, 1e-12)
    # What is not there has no sum of 0 in pandas' sense, but NumPy's.
    for at, (one, other) in enumerate(zip(found, expected)):
        same(one, other, 0 if names[at] not in ("sum", "mean", "std") else scale)
    for one, other in zip(of_file, exact):
        same(one, other)


if __name__ == "__main__":
    main(maker(case), checker(check_case))
