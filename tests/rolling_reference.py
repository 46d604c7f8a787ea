"""Random windows along one axis and statistics, and what Bottleneck and pandas say of them.

Both leave NaN out and want so many elements in a window, as `--min-count` does. Order statistics are exact.
Other results differ by what running sums lose, whose tolerances are stated below. There are no infinities:
running sums of Bottleneck and pandas never get rid of them.
"""

import bottleneck
import numpy as np
import pandas

from random_cases import checker, main, maker, option

KINDS = ["f8"] * 4 + ["f4", "i4", "i8"]
OPS = ["sum", "mean", "std", "var", "min", "max", "median", "quantile"]


def array(rng, kind):
    dimensions = int(rng.choice([1, 2, 2, 3, 3]))
    most = {1: 4000, 2: 90, 3: 24}[dimensions]
    shape = tuple(int(rng.integers(1, most + 1)) for _ in range(dimensions))
    if kind[0] == "i":
        return rng.integers(-50, 50, shape, dtype=kind, endpoint=True)
    values = rng.normal(size=shape) + rng.choice([0, 0, 10])
    if rng.random() < 0.4:
        values = np.round(values * 3)
    if rng.random() < 0.6:
        values[rng.random(shape) < rng.choice([0.02, 0.3, 0.9])] = np.nan
    return values.astype(kind)


def case(rng, directory, number):
    values = array(rng, str(rng.choice(KINDS)))
    order, endian = str(rng.choice(["C", "F"])), str(rng.choice(["<", ">"]))
    name = f"{number}.npy"
    np.save(directory / name, np.array(values.astype(values.dtype.newbyteorder(endian)), order=order))
    axis = int(rng.integers(values.ndim))
    memory = str(rng.choice(["256MiB", "8MiB"]))
    if rng.random() < 0.25:
        return ["stats", name, f"--axis={axis}", "--skip-nan", "--quantiles=0.5", f"--memory={memory}", "-o",
                f"{number}.out.npy"]
    length = int(rng.integers(1, min(values.shape[axis], int(rng.choice([4, 12, 200]))) + 1))
    window = [length if k == axis else 1 for k in range(values.ndim)]
    op = str(rng.choice(OPS))
    if op == "quantile":
        op = f"quantile:{rng.choice([0.0, 0.25, 0.9, 1.0])}"
    least = int(rng.integers(1, length + 1))
    return ["window", name, "--window=" + ",".join(map(str, window)), f"--op={op}", f"--min-count={least}",
            f"--memory={memory}", "-o", f"{number}.out.npy"]


def by_bottleneck(op, values, length, least, axis):
    function = getattr(bottleneck, f"move_{op}", None)
    return None if function is None else function(values, length, min_count=least, axis=axis)


def by_pandas(op, values, length, least, axis):
    lines = np.moveaxis(values, axis, 0)
    rolling = pandas.DataFrame(lines.reshape(len(lines), -1)).rolling(length, min_periods=least)
    if op.startswith("quantile"):
        result = rolling.quantile(float(op.split(":")[1]), interpolation="linear")
    else:
        result = getattr(rolling, op)(**({"ddof": 0} if op in ("std", "var") else {}))
    return np.moveaxis(result.to_numpy().reshape(lines.shape), 0, axis)


def slack(op, values):
    """What running sums may lose, as an absolute tolerance."""
    if op in ("min", "max", "median") or op.startswith("quantile"):
        # pandas interpolates in another order, and Bottleneck halves before it adds.
        return 4 * np.finfo("f8").eps * (1 + np.nanmax(np.abs(values), initial=0))
    scale = 1 + np.nanmax(np.abs(values), initial=0)
    eps = 8 * values.size * np.finfo("f8").eps
    total = eps * np.nansum(np.abs(values))
    return {"sum": total, "mean": eps * scale, "var": eps * scale**2, "std": np.sqrt(eps) * scale}[op]


def compare(who, got, expected, tolerance):
    near = (np.abs(got - expected) <= tolerance) | (np.isnan(got) & np.isnan(expected))
    assert got.shape == expected.shape, (who, got.shape, expected.shape)
    assert np.all(near), (who, got[~near][:5], expected[~near][:5], np.argwhere(~near)[:3])


def check_window(arguments, values, got):
    """`values` in double precision, which both are given."""
    window, op = list(map(int, option(arguments, "window").split(","))), option(arguments, "op")
    axis = next((k for k, n in enumerate(window) if n > 1), 0)
    length, least = window[axis], int(option(arguments, "min-count"))
    # Their results lie at the last element of a window.
    whole = tuple(slice(length - 1 if k == axis else 0, None) for k in range(values.ndim))
    found = 0
    for who, of in (("Bottleneck", by_bottleneck), ("pandas", by_pandas)):
        expected = of(op, values, length, least, axis)
        if expected is not None:
            compare(who, got, expected[whole], slack(op, values))
            found += 1
    assert found


def check_stats(arguments, values, got):
    axis = int(option(arguments, "axis"))
    count, total, mean, std, low, high, median = got
    compare("count", count, (~np.isnan(values)).sum(axis), 0)
    some = count > 0
    for what, result in [("sum", total), ("mean", mean), ("std", std), ("min", low), ("max", high),
                         ("median", median)]:
        expected = np.asarray(getattr(bottleneck, f"nan{what}")(values, axis=axis))
        compare(f"Bottleneck, {what}", result[some], expected[some], slack(what, values))


def check_case(case):
    case.must_succeed()
    check = check_window if case.arguments[0] == "window" else check_stats
    check(case.arguments, case.values.astype("f8"), case.result().astype("f8"))


if __name__ == "__main__":
    main(maker(case), checker(check_case))
