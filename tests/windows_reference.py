"""Random windows of every kind, and what NumPy and SciPy say of them.

Order statistics are exact; other results differ by roundings, whose tolerances are stated below.
"""


import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage

from random_cases import checker, main, maker, option, text

KINDS = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]
OPS = ["sum", "mean", "min", "max", "std", "var", "ptp", "median", "median", "quantile", "quantile"]
OPS += ["gaussian", "weights", "weights"]
# In the words of numpy.pad.
MODES = {"reflect": "symmetric", "nearest": "edge", "mirror": "reflect", "wrap": "wrap"}
MODES["constant"] = "constant"


def array(rng, kind, shape):
    if kind == "b1":
        return np.asarray(rng.random(shape) < 0.5)
    if kind[0] in "iu":
        info = np.iinfo(kind)
        return np.asarray(rng.integers(max(info.min, -50), 50, shape, dtype=kind, endpoint=True))
    values = rng.normal(size=shape)
    style = rng.integers(4)
    if style == 1:
        values = np.round(values * 3)
    elif style == 2:
        values = values + 1000.0
    values = np.array(values).astype(kind)
    flat = values.reshape(-1)
    if rng.random() < 0.4:
        flat[rng.random(flat.size) < rng.choice([0.01, 0.1, 0.6])] = np.nan
    if rng.random() < 0.2:
        for special in (np.inf, -np.inf):
            flat[rng.integers(0, flat.size, rng.integers(0, 3))] = special
    return values


def shape_of(rng):
    dimensions = int(rng.choice([1, 1, 2, 2, 3, 3, 4]))
    if rng.random() < 0.1:
        most = {1: 40_000, 2: 400, 3: 50, 4: 16}[dimensions]
        return tuple(int(rng.integers(most // 2, most + 1)) for _ in range(dimensions))
    most = {1: 2000, 2: 60, 3: 16, 4: 8}[dimensions]
    return tuple(int(rng.integers(1, most + 1)) for _ in range(dimensions))


def case(rng, directory, number):
    kind = str(rng.choice(KINDS + ["f8"] * 8))
    values = array(rng, kind, shape_of(rng))
    order = str(rng.choice(["C", "F"]))
    endian = str(rng.choice(["<", ">"])) if values.dtype.itemsize > 1 else "|"
    name, out = f"{number}.npy", f"{number}.out.npy"
    np.save(directory / name, np.array(values.astype(values.dtype.newbyteorder(endian)), order=order))
    ops = [op for op in OPS if not (op == "ptp" and values.dtype.kind == "b")]
    op = str(rng.choice(ops))
    pad = str(rng.choice(["", "reflect", "nearest", "mirror", "wrap", "constant"]))
    # Windows longer than an axis only where something lies beyond it.
    most = [n + 3 if pad else n for n in values.shape]
    # NumPy takes the time of all elements of all windows.
    small = values.size > 20_000
    if values.ndim == 1 and rng.random() < 0.3 and op != "gaussian":
        window = [min(most[0], int(rng.choice([100, 127, 128, 129, 200, 400])))]
    else:
        window = [min(n, int(rng.choice([1, 2, 3, 4, 5, 5 if small else 11]))) for n in most]
    stride = [int(rng.choice([1, 1, 1, 1, 2, 3])) for _ in window]
    memory = str(rng.choice(["256MiB", "32MiB" if op == "weights" else "8MiB"]))
    arguments = ["window", name, "-o", out, "--memory=" + memory]
    if op == "quantile":
        op = f"quantile:{rng.choice([0.0, 1.0, 0.5, 0.25, 0.1, round(float(rng.random()), 3)])}"
    if op == "gaussian":
        sigma = [float(rng.choice([0.0, 0.3, 0.5, 1.0, 1.6])) for _ in window]
        if not pad:
            sigma = [s if 2 * int(4 * s + 0.5) + 1 <= n else 0.0 for s, n in zip(sigma, values.shape)]
        arguments.append("--sigma=" + text(sigma))
    elif op == "weights":
        factors = np.ix_(*[rng.normal(size=n) for n in window])
        weights = np.ones(window)
        for factor in factors:
            weights = weights * factor
        if rng.random() < 0.6:
            weights = rng.normal(size=window)
        if rng.random() < 0.2 and values.ndim == 2:
            window = [min(n, 41) for n in most]
            weights = rng.normal(size=window)
        np.save(directory / f"{number}.weights.npy", np.array(weights, order=str(rng.choice(["C", "F"]))))
        arguments.append(f"--weights={number}.weights.npy")
    else:
        arguments.append("--window=" + text(window))
        if rng.random() < 0.1 and not pad:
            arguments = ["coarsen", name, "-o", out, "--by=" + text(window)]
            stride = None
    arguments.append("--op=" + op)
    if stride:
        arguments.append("--stride=" + text(stride))
    if rng.random() < 0.3:
        starts = [int(rng.integers(0, n)) for n in values.shape]
        if pad:
            ends = [int(rng.integers(a + 1, n + 1)) for a, n in zip(starts, values.shape)]
            # Windows fit into what steps leave.
            steps = [int(rng.integers(1, max(1, (b - a) // w) + 1)) for a, b, w in zip(starts, ends, window)]
            steps = [f":{step}" if rng.random() < 0.4 else "" for step in steps]
            arguments.append("--select=" + text(f"{a}:{b}{c}" for a, b, c in zip(starts, ends, steps)))
    if pad == "constant":
        value = str(rng.choice(["0", "7", "-3.5", "nan"] if values.dtype.kind == "f" else ["0", "1"]))
        pad = f"constant:{value}"
    if pad:
        arguments.append("--pad=" + pad)
    if rng.random() < 0.4:
        arguments.append("--skip-nan")
        if rng.random() < 0.5 and op != "gaussian":
            arguments.append(f"--min-count={rng.integers(0, np.prod(window) + 1)}")
    return arguments


def kernel(sigma):
    """As scipy.ndimage.gaussian_filter1d has it."""
    if sigma <= 1e-15:
        return np.ones(1)
    radius = int(4.0 * sigma + 0.5)
    x = np.arange(-radius, radius + 1)
    phi = np.exp(-0.5 / (sigma * sigma) * x**2)
    return phi / phi.sum()


def product(factors):
    result = np.ones(())
    for factor in factors:
        result = np.multiply.outer(result, factor)
    return result


def quantile(views, q):
    """NumPy's linear along the last axis, where NaN is left out; beside infinities an element that a quantile falls on,
    or the infinity."""
    sorted_, there = np.sort(views, -1), (~np.isnan(views)).sum(-1)
    last = np.maximum(there - 1, 0)
    place = last * q
    low = np.where(place >= last, last, np.floor(place)).astype(int)
    high = np.minimum(low + 1, last)
    take = lambda at: np.take_along_axis(sorted_, at[..., None], -1)[..., 0]
    a, b = take(low), take(high)
    share = np.where(place >= last, 1.0, place - low)
    result = np.where(share < 0.5, a + (b - a) * share, b - (b - a) * (1 - share))
    weighted = np.where(share == 0, a, np.where(share == 1, b, a * (1 - share) + b * share))
    return np.where(np.isfinite(b - a), result, weighted)


def reduce(op, views, weights, skip, least):
    """The reduction of the last axis of `views`, and its tolerance."""
    eps = np.finfo("f8").eps
    flat, n = views.astype("f8"), views.shape[-1]
    if not skip:
        if op == "median":
            return np.median(flat, -1), 0
        if op.startswith("quantile"):
            return np.where(np.isnan(flat).any(-1), np.nan, quantile(flat, float(op.split(":")[1]))), 0
        if weights is not None:
            wide = flat.astype("g")
            slack = 4 * n * eps * np.abs(wide * weights).sum(-1)
            return (wide * weights).sum(-1), np.nan_to_num(slack, nan=0, posinf=0)
    there = ~np.isnan(flat)
    count = there.sum(-1)
    wide = np.where(there, flat, 0).astype("g")
    if not skip:
        wide, count, there = flat.astype("g"), np.full(flat.shape[:-1], n), np.ones_like(there)
    total = wide.sum(-1)
    mean = total / count
    var = np.where(there, (flat.astype("g") - mean[..., None]) ** 2, 0).sum(-1) / count
    size = np.nan_to_num(np.abs(wide).sum(-1), posinf=0)
    slack = 8 * eps * size + 1e-300
    if op == "sum":
        result = total
    elif op == "mean":
        result = mean
    elif op in ("std", "var"):
        result = var if op == "var" else np.sqrt(var)
        slack = 1e-12 * (1 + size**2 / n) if op == "var" else 1e-6 * (1 + size / n)
    elif op in ("min", "max", "ptp"):
        low = np.where(there, flat, np.inf).min(-1)
        high = np.where(there, flat, -np.inf).max(-1)
        if not skip:
            low, high = flat.min(-1), flat.max(-1)
        result, slack = {"min": low, "max": high, "ptp": high - low}[op], 0
    elif op == "median":
        result, slack = np.nanmedian(flat, -1), 0
    elif op.startswith("quantile"):
        result, slack = quantile(flat, float(op.split(":")[1])), 0
    else:
        result = (wide * weights).sum(-1)
        slack = 4 * n * eps * np.nan_to_num(np.abs(wide * weights).sum(-1), posinf=0)
        share = (there * weights.astype("g")).sum(-1)
        # Weights of both signs may cancel.
        lost = 4 * n * eps * (there * np.abs(weights)).sum(-1)
        slack = slack + np.nan_to_num(lost * np.abs(result / share), nan=0, posinf=0)
        result = np.where(count < n, np.where(share == 0, np.nan, result / share), result)
        slack = np.where(count < n, slack / np.maximum(np.abs(share), 1e-300), slack)
        slack = slack + 8 * eps * np.nan_to_num(np.abs(result), nan=0, posinf=0)
    if skip:
        empty = (count == 0) & (op != "sum")
        result = np.where((count < least) | empty, np.nan, result)
    return result, slack


def expected(arguments, values, directory, number):
    op = option(arguments, "op")
    numbers = lambda name: [int(part) for part in option(arguments, name).split(",")]
    if option(arguments, "select"):
        ranges = [part.split(":") for part in option(arguments, "select").split(",")]
        values = values[tuple(slice(*map(int, part)) for part in ranges)]
    weights = None
    if op == "gaussian":
        sigma = [float(part) for part in option(arguments, "sigma").split(",")]
        weights = product([kernel(s) for s in sigma])
        window = weights.shape
    elif op == "weights":
        weights = np.load(directory / f"{number}.weights.npy")
        window = weights.shape
    else:
        window = tuple(numbers("window") if arguments[0] == "window" else numbers("by"))
    stride = numbers("stride") if arguments[0] == "window" else window
    pad = option(arguments, "pad")
    if pad:
        mode, _, value = pad.partition(":")
        rim = [(w // 2, w - 1 - w // 2) for w in window]
        more = {}
        if mode == "constant":
            wide = float(value) if values.dtype.kind == "f" else int(value)
            more = {"constant_values": wide}
            if values.dtype.kind == "f":
                values = values.astype("f8")
        values = np.pad(values, rim, MODES[mode], **more)
    views = sliding_window_view(values, window)[tuple(slice(None, None, s) for s in stride)]
    views = views.reshape(views.shape[: values.ndim] + (-1,))
    skip = "--skip-nan" in arguments or bool(option(arguments, "min-count"))
    least = int(option(arguments, "min-count", "1"))
    flat = None if weights is None else weights.reshape(-1)
    return reduce(op, views, flat, skip and values.dtype.kind == "f", least)


def check_scipy(arguments, values, got, directory, number):
    """With a rim, the filters of scipy.ndimage have the same modes and the same middle."""
    op, pad = option(arguments, "op"), option(arguments, "pad")
    if not pad or option(arguments, "select") or not np.isfinite(values.astype("f8")).all():
        return
    mode, _, value = pad.partition(":")
    value = float(value or 0)
    if np.isnan(value) or (values.dtype.kind != "f" and value != int(value)):
        return
    values = values.astype("f8")
    more = {"mode": mode, "cval": value}
    if op == "gaussian":
        sigma = [float(part) for part in option(arguments, "sigma").split(",")]
        result = ndimage.gaussian_filter(values, sigma, **more)
    elif op == "weights":
        result = ndimage.correlate(values, np.load(directory / f"{number}.weights.npy"), **more)
    else:
        size = [int(part) for part in option(arguments, "window").split(",")]
        filters = {"median": None, "min": ndimage.minimum_filter, "max": ndimage.maximum_filter}
        filters["mean"] = ndimage.uniform_filter
        if op not in filters or (op == "median" and np.prod(size) % 2 == 0):
            return
        result = (filters[op] or ndimage.median_filter)(values, size, **more)
    stride = [int(part) for part in option(arguments, "stride").split(",")]
    result = result[tuple(slice(None, None, s) for s in stride)]
    scale = 1 + np.abs(values).max() + abs(value)
    slack = {"median": 0, "min": 0, "max": 0}.get(op, 1e-11 * scale * (200 if op == "weights" else 1))
    assert np.all(np.abs(got.astype("f8") - result) <= slack), ("scipy", got, result)


def dtype_of(op, dtype):
    if op in ("min", "max"):
        return dtype
    if op in ("sum", "ptp") and dtype.kind in "iub":
        return np.dtype("u8" if dtype.kind == "u" else "i8")
    return np.dtype("f8")


def check_case(case):
    case.must_succeed()
    arguments, values, got = case.arguments, case.values, case.result()
    result, slack = expected(arguments, values, case.directory, case.number)
    dtype = dtype_of(option(arguments, "op"), values.dtype)
    assert got.shape == result.shape, (got.shape, result.shape)
    assert got.dtype == dtype, (got.dtype, dtype)
    result = result.astype(dtype) if np.ndim(slack) == 0 and slack == 0 else result
    same = (got == result) | (np.isnan(got.astype("g")) & np.isnan(result.astype("g")))
    near = same | (np.abs(got.astype("g") - result) <= slack)
    check_scipy(arguments, values, got, case.directory, case.number)
    assert np.all(near), (got[~near][:5], result[~near][:5], np.argwhere(~near)[:3])


if __name__ == "__main__":
    main(maker(case), checker(check_case))
