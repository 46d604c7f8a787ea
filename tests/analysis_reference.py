"""Random cases for the analysis commands, and what NumPy says of them.

Floats are compared with NumPy in extended precision; tolerances are stated below and nowhere else.
"""

import csv
import io
import json

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from random_cases import checker, main, maker, option, text

EPS = np.finfo("f8").eps
KINDS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]
OPS = ["sum", "mean", "min", "max", "std", "var", "ptp"]
SIX = ["count", "sum", "mean", "std", "min", "max"]


def array(rng, kind, shape):
    """Values that are hard to get right: wide ranges, offsets, infinities, NaN, extreme integers."""
    if kind == "b1":
        return np.asarray(rng.random(shape) < 0.5)
    if kind[0] in "iu":
        info = np.iinfo(kind)
        low, high = (info.min, info.max) if rng.random() < 0.3 else (max(info.min, -50), 50)
        return np.asarray(rng.integers(low, high, shape, dtype=kind, endpoint=True))
    values = rng.normal(size=shape)
    style = rng.integers(4)
    if style == 1 and kind != "f2":
        values = values * 10.0 ** rng.integers(-12, 13, shape)
    elif style == 2:
        values = values + 1000.0
    elif style == 3:
        values = np.round(values * 4)
    values = np.array(values).astype(kind)
    if rng.random() < 0.3:
        flat = values.reshape(-1)
        for special in (np.nan, np.inf, -np.inf):
            if rng.random() < 0.5:
                flat[rng.integers(0, flat.size, rng.integers(0, 3))] = special
    return values


def random_shape(rng):
    """Mostly small; some are large enough to be cut into tiles and taken in several batches."""
    dimensions = int(rng.choice([0, 1, 1, 2, 2, 3, 3, 4, 5]))
    if rng.random() < 0.03:
        most = {1: 900_000, 2: 900, 3: 90, 4: 30, 5: 15}.get(dimensions, 1)
        return tuple(int(rng.integers(most // 2, most + 1)) for _ in range(dimensions))
    most = {1: 3000, 2: 120, 3: 30, 4: 12, 5: 7}.get(dimensions, 1)
    return tuple(int(rng.integers(1, most + 1)) for _ in range(dimensions))


def window_case(rng, name, out, values):
    kind, shape = values.dtype.kind, values.shape
    select = [(0, length) for length in shape]
    chosen = rng.random() < 0.5
    if chosen:
        starts = [int(rng.integers(0, length)) for length in shape]
        select = [(a, int(rng.integers(a + 1, n + 1))) for a, n in zip(starts, shape)]
    lengths = [end - start for start, end in select]
    window = [min(n, int(rng.choice([1, 1, 2, 3, n, rng.integers(1, n + 1)]))) for n in lengths]
    if values.size > 20_000:
        # NumPy's time is that of all windows' elements.
        window = [min(n, int(rng.choice([1, 2, 3]))) for n in lengths]
    stride = [int(rng.choice([1, 1, 1, 2, 3, rng.integers(1, 40)])) for _ in lengths]
    op = str(rng.choice([op for op in OPS if not (op == "ptp" and kind == "b")]))
    memory = str(rng.choice(["256MiB", "8MiB"]))
    arguments = ["window", name, "--window=" + text(window), "--stride=" + text(stride)]
    arguments += ["--op", op, "-o", out, "--memory=" + memory]
    if chosen:
        ranges = [f"{a}:{b}" if b < n else f"{a - n}:" for (a, b), n in zip(select, shape)]
        arguments.append("--select=" + text(ranges))
    return arguments


def case(rng, directory, number):
    kind = str(rng.choice(KINDS))
    values = array(rng, kind, random_shape(rng))
    order = str(rng.choice(["C", "F"]))
    endian = str(rng.choice(["<", ">"])) if values.dtype.itemsize > 1 else "|"
    stored = np.array(values.astype(values.dtype.newbyteorder(endian)), order=order)
    name, out = f"{number}.npy", f"{number}.out.npy"
    version = [(1, 0), (2, 0), (3, 0)][rng.integers(3)]
    with open(directory / name, "wb") as file:
        np.lib.format.write_array(file, stored, version=version)
    command = str(rng.choice(["window"] * 5 + ["stats", "axis", "probe"]))
    if command == "window":
        return window_case(rng, name, out, values)
    if command == "probe":
        index = lambda: [int(rng.integers(-n, n)) for n in values.shape]
        return ["probe", name] + ["--at=" + text(index()) for _ in range(rng.integers(1, 6))]
    skip = ["--skip-nan"] if rng.random() < 0.3 else []
    if command == "axis" and values.ndim > 0:
        axis = int(rng.integers(-values.ndim, values.ndim))
        return ["stats", name, f"--axis={axis}", "-o", out] + skip
    return ["stats", name, "--json"] + skip


def near(got, expected, slack):
    """Equal within `slack`, an absolute tolerance; NaN and infinities alike."""
    got, expected = np.asarray(got, "g"), np.asarray(expected, "g")
    with np.errstate(all="ignore"):
        same = (got == expected) | (np.isnan(got) & np.isnan(expected))
        return bool(np.all(same | (np.abs(got - expected) <= slack)))


def moments(values, axes, where=True):
    """sum, mean, std, var in extended precision, and the tolerance of each: for the sum half a unit
    in the last place, for the mean one, for the variance four; and what extended precision loses."""
    with np.errstate(all="ignore"):
        exact = np.where(where, values.astype("g"), 0)
        n = np.sum(np.broadcast_to(where, values.shape), axis=axes)
        total, size = exact.sum(axes), np.abs(exact).sum(axes)
        mean = total / n
        deviations = values.astype("g") - np.expand_dims(mean, axes)
        var = np.where(where, deviations**2, 0).sum(axes) / n
        sum_slack = EPS / 2 * np.abs(total) + 2.0**-62 * n * size
        var_slack = 4 * EPS * var + 2.0**-60 * n * (size / n) * np.sqrt(var) + 2.0**-100 * size**2
        std_slack = 3 * EPS * np.sqrt(var) + var_slack / np.sqrt(np.where(var > 0, var, 1))
    slack = {"sum": sum_slack, "mean": sum_slack / n + EPS * np.abs(mean)}
    slack |= {"std": np.where(var > 0, std_slack, 2.0**-50 * size), "var": var_slack}
    return n, {"sum": total, "mean": mean, "std": np.sqrt(var), "var": var}, slack


def fits(op, views, axes):
    """Whether the exact sums or ranges of integers fit 64 bits."""
    wide = np.dtype("u8" if views.dtype.kind == "u" else "i8")
    views = views.astype(wide)
    if op == "sum":
        upper, lower = (views >> wide.type(32)).sum(axes), (views & wide.type(2**32 - 1)).sum(axes)
        results = upper.astype("O") * 2**32 + lower.astype("O")
    else:
        results = views.max(axes).astype("O") - views.min(axes).astype("O")
    info = np.iinfo(wide)
    return bool(np.all((results >= int(info.min)) & (results <= int(info.max))))


def check_window(arguments, values, directory, refused):
    op = arguments[arguments.index("--op") + 1]
    numbers = lambda text: [int(part) for part in text.split(",") if part]
    ranges = [part.split(":") for part in option(arguments, "select").split(",") if part]
    values = values[tuple(slice(*[int(end) if end else None for end in part]) for part in ranges)]
    window, stride = numbers(option(arguments, "window")), numbers(option(arguments, "stride"))
    kind = values.dtype.kind
    views = sliding_window_view(values, tuple(window))[tuple(slice(None, None, s) for s in stride)]
    axes = tuple(range(values.ndim, 2 * values.ndim))
    if kind in "iu" and op in ("sum", "ptp") and not fits(op, views, axes):
        assert refused
        return
    got = np.load(directory / arguments[arguments.index("-o") + 1])
    slack = 0
    with np.errstate(all="ignore"):
        if op in ("min", "max"):
            dtype = values.dtype
            expected = getattr(np, op)(views, axis=axes)
        elif op == "ptp":
            dtype = np.dtype("f8" if kind == "f" else kind + "8")
            expected = views.max(axes).astype(dtype) - views.min(axes).astype(dtype)
        elif op == "sum" and kind in "iub":
            dtype = np.dtype("u8" if kind == "u" else "i8")
            expected = views.sum(axes, dtype=dtype)
        else:
            dtype = np.dtype("f8")
            # NumPy rounds integers to doubles first, diff2d only their sums.
            _, results, slacks = moments(views, axes)
            expected, slack = results[op], slacks[op]
    assert got.shape == expected.shape, (got.shape, expected.shape)
    assert got.dtype == dtype, (got.dtype, dtype)
    assert near(got, expected, slack), (got, expected)


def check_six(got, values, axes, skip_nan):
    where = ~np.isnan(values.astype("f8")) if skip_nan else np.True_
    n, results, slack = moments(values, axes, where)
    for name in ("sum", "mean", "std"):
        assert near(got[name], results[name], slack[name]), (name, got[name], results[name])
    assert near(got["count"], n, 0), (got["count"], n)
    with np.errstate(all="ignore"):
        wide = np.asarray(values.astype("g"))
        for name, reduce, empty in (("min", np.min, np.inf), ("max", np.max, -np.inf)):
            expected = reduce(np.where(where, wide, empty), axis=axes)
            expected = np.where(n > 0, expected, np.nan).astype("f8")
            assert near(got[name], expected, 0), (name, got[name], expected)


def check_stats(arguments, values, directory, text):
    skip_nan = "--skip-nan" in arguments
    if "-o" in arguments:
        got = np.load(directory / arguments[arguments.index("-o") + 1])
        axis = int(option(arguments, "axis")) % values.ndim
        assert got.dtype == np.dtype("f8")
        assert got.shape == (6,) + values.shape[:axis] + values.shape[axis + 1 :]
        check_six(dict(zip(SIX, got)), values, (axis,), skip_nan)
        return
    got = json.loads(text)
    assert list(got)[:6] == SIX
    assert got["nan"] == np.isnan(values.astype("f8")).sum()
    if values.dtype.kind in "iub":
        total = sum(int(value) for value in values.reshape(-1))
        assert (got["sum"], got["min"], got["max"]) == (total, values.min(), values.max())
    # JSON has no infinities and no NaN.
    finite = np.where(np.isinf(values.astype("f8")), np.nan, values.astype("f8"))
    if not np.isinf(values.astype("f8")).any():
        six = {n: np.asarray(np.nan if got[n] is None else got[n], "f8") for n in SIX}
        check_six(six, values, tuple(range(values.ndim)), skip_nan)
    else:
        assert got["std"] is None and np.isnan(finite).any()


def check_probe(arguments, values, text):
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [f"i{axis}" for axis in range(values.ndim)] + ["value"]
    points = [argument[5:] for argument in arguments if argument.startswith("--at=")]
    assert len(rows) == 1 + len(points)
    for point, row in zip(points, rows[1:]):
        index = tuple(int(i) % n for i, n in zip(point.split(","), values.shape))
        assert tuple(map(int, row[:-1])) == index
        value = values[index]
        got = float(row[-1]) if values.dtype.kind == "f" else int(row[-1])
        assert got == value or (np.isnan(got) and np.isnan(value)), (got, value)


def check_case(case):
    arguments, values = case.arguments, case.values
    refused = case.code == "2" and "--dtype f8" in case.stderr
    if not refused:
        case.must_succeed()
    if arguments[0] == "window":
        check_window(arguments, values, case.directory, refused)
    elif arguments[0] == "stats":
        check_stats(arguments, values, case.directory, case.stdout)
    else:
        check_probe(arguments, values, case.stdout)


if __name__ == "__main__":
    main(maker(case), checker(check_case))
