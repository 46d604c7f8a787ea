"""Random formulas over arrays of any shape, type and order: what NumPy gives, computed in double precision and rounded once.

Case `number` has up to three arrays, `number.npy` (a), `number.b.npy` and `number.c.npy`.
"""

import re

import numpy as np

from random_cases import checker, main, maker, option, text

TYPES = ["<f8", "<f4", ">f8", "<f2", "<i4", "|i1", "<u2", ">i2", "|b1", "<i8", "|u1"]
RESULTS = ["", "", "", "f8", "f4", "i4", "u1", "b1", "i2"]
BINARY = ["+", "-", "*", "/", "//", "%", "<", "<=", "==", ">"]
UNARY = ["sqrt(abs({}))", "abs({})", "floor({})", "round({})", "sign({})", "isnan({})", "isfinite({})", "-({})"]


def array(rng, shape):
    dtype = np.dtype(rng.choice(TYPES))
    values = np.asarray(rng.normal(0, 5, shape))
    if dtype.kind in "fi" and rng.random() < 0.3:
        values = np.asarray(np.round(values))
    if dtype.kind == "f" and rng.random() < 0.3:
        values[rng.random(shape) < 0.1] = rng.choice([np.nan, np.inf, -np.inf])
    with np.errstate(all="ignore"):
        values = np.asarray(np.abs(values) if dtype.kind == "u" else values).astype(dtype)
    return np.asarray(values, order=rng.choice(["C", "F"]))


def formula(rng, inputs, depth):
    """A formula, and whether it stands for one array element by element."""
    draw = rng.random()
    name = str(rng.choice(list(inputs)))
    shape = inputs[name]
    if depth == 0 or draw < 0.2:
        if draw < 0.05:
            return f"{rng.integers(-3, 9)}"
        if draw < 0.08:
            return "0.25"
        return name
    if draw < 0.35 and shape:
        axis = int(rng.integers(len(shape)))
        if rng.random() < 0.5:
            axis -= len(shape)
        if rng.random() < 0.5 or shape[axis] < 2:
            return f"shift({name}, {axis}, {int(rng.integers(-shape[axis] - 1, shape[axis] + 2))})"
        return f"gradient({name}, {axis})"
    if draw < 0.45 and shape:
        axes = sorted(rng.permutation(len(shape))[: rng.integers(1, len(shape) + 1)].tolist())
        what = str(rng.choice(["mean", "sum", "std", "min", "max"]))
        return f"{what}({name}, axis=({text(axes)}))"
    if draw < 0.55:
        return str(rng.choice(UNARY)).format(formula(rng, inputs, depth - 1))
    parts = [formula(rng, inputs, depth - 1) for _ in range(3)]
    if draw < 0.65:
        return f"where({parts[0]}, {parts[1]}, {parts[2]})"
    if draw < 0.7:
        return f"clip({parts[0]}, {parts[1]}, {parts[2]})"
    if draw < 0.78:
        return f"{rng.choice(['min', 'max'])}({parts[0]}, {parts[1]} + 0)"
    return f"({parts[0]}) {rng.choice(BINARY)} ({parts[1]})"


def case(rng, directory, number):
    dimensions = int(rng.integers(0, 5))
    whole = [int(length) for length in rng.integers(1, 8, dimensions)]
    if dimensions and rng.random() < 0.1:
        whole[-1] = 700
    elif dimensions and rng.random() < 0.1:
        whole[rng.integers(dimensions)] = 0
    inputs, words = {}, []
    for name in "abc"[: rng.integers(1, 4)]:
        shape = [1 if rng.random() < 0.25 else length for length in whole[rng.integers(0, dimensions + 1):]]
        file = directory / (f"{number}.npy" if name == "a" else f"{number}.{name}.npy")
        steps = [int(rng.choice([1, 1, 1, 2, 5])) for _ in shape]
        spans = [length * step for length, step in zip(shape, steps)]
        stored = [span + int(rng.integers(0, 3)) for span in spans]
        np.save(file, array(rng, stored))
        starts = [int(rng.integers(0, more - span + 1)) for more, span in zip(stored, spans)]
        words_of_steps = [f":{step}" if step > 1 else "" for step in steps]
        parts = zip(starts, spans, words_of_steps)
        ranges = ",".join(f"{start}:{start + span}{step}" for start, span, step in parts)
        words.append(f"{name}={file}[{ranges}]" if ranges else f"{name}={file}")
        inputs[name] = shape
    words = ["map", formula(rng, inputs, 3), *words, "-o", str(directory / f"{number}.out.npy")]
    dtype = str(rng.choice(RESULTS))
    if dtype:
        words.append(f"--dtype={dtype}")
    if rng.random() < 0.2:
        words.append("--memory=1MiB")
    if rng.random() < 0.1 and dtype in ("", "f8", "f4"):
        words.append(f"--keep-bits={rng.integers(1, 30)}")
    return words


class Double(np.ndarray):
    """Double precision throughout: comparisons give 1 and 0."""

    def __array_wrap__(self, out, context=None, return_scalar=False):
        return double(out)


def double(values):
    return np.asarray(values, "f8").view(Double)


def plain(values):
    return np.asarray(values, "f8")


def shift(a, axis, by):
    axis, by = int(axis), int(by)
    out = np.full(a.shape, np.nan)
    index = np.arange(a.shape[axis]) + by
    here = (index >= 0) & (index < a.shape[axis])
    place = [slice(None)] * a.ndim
    place[axis] = here
    out[tuple(place)] = np.take(plain(a), index[here], axis)
    return double(out)


def reduction(what):
    def reduce(a, axis):
        axis = tuple(int(one) for one in np.atleast_1d(axis))
        # Nothing has no minimum: NaN, as its mean.
        of = np.mean if a.size == 0 and what in (np.min, np.max) else what
        return double(of(plain(a), axis=axis, keepdims=True))
    return reduce


def either(of_two, of_array):
    def choose(a, b=None, axis=None):
        return double(of_two(plain(a), plain(b))) if axis is None else reduction(of_array)(a, axis)
    return choose


FUNCTIONS = {
    "N": double,
    "shift": shift,
    "gradient": lambda a, axis: double(np.gradient(plain(a), axis=int(axis))),
    "mean": reduction(np.mean),
    "sum": reduction(np.sum),
    "std": reduction(np.std),
    "min": either(np.minimum, np.min),
    "max": either(np.maximum, np.max),
    "where": lambda c, a, b: double(np.where(plain(c) != 0, plain(a), plain(b))),
    "clip": lambda a, low, high: double(np.minimum(np.maximum(plain(a), plain(low)), plain(high))),
}
for name in ("isnan", "isfinite", "sqrt", "abs", "floor", "round", "sign"):
    FUNCTIONS[name] = lambda a, of=getattr(np, name): double(of(plain(a)))


def evaluated(source, arrays):
    numbers = re.sub(r"(?<![\w.])(\d+\.?\d*)", r"N(\1)", source)
    arrays = {name: double(a.astype("f8")) for name, a in arrays.items()}
    return plain(eval(numbers, {"__builtins__": {}}, FUNCTIONS | arrays))


def result_type(used):
    """NumPy's of the arrays, and double precision of integers."""
    kind = np.result_type(*[a.dtype for a in used])
    return kind if kind.kind == "f" else np.dtype("f8")


def check(case):
    source, places = case.arguments[1], [a for a in case.arguments[2:] if re.match(r"[abc]=", a)]
    arrays = {}
    for place in places:
        name, file, ranges = re.fullmatch(r"([abc])=(.*?\.npy)(?:\[(.*)\])?", place).groups()
        box = tuple(slice(*map(int, part.split(":"))) for part in ranges.split(",")) if ranges else ()
        arrays[name] = np.load(file)[box]
        arrays[name] = arrays[name].astype(arrays[name].dtype.newbyteorder("="))
    used = [a for name, a in arrays.items() if re.search(rf"\b{name}\b", source)]
    if not used:
        assert case.code == "2" and "none of the arrays" in case.stderr, case.stderr
        return
    values = evaluated(source, arrays)
    shapes = [a.shape for name, a in arrays.items() if re.search(rf"\b{name}\b", source)]
    dtype = np.dtype(option(case.arguments, "dtype") or result_type(used))
    bits = option(case.arguments, "keep-bits")
    if bits and int(bits) > np.finfo(dtype).nmant:
        assert case.code == "2" and f"mantissa has 1 to {np.finfo(dtype).nmant} bits" in case.stderr, case.stderr
        return
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        whole = np.trunc(values)
        misfits = int(np.sum(~((whole >= info.min) & (whole <= info.max))))
        if misfits:
            assert case.code == "2" and re.search(rf": {misfits} of {values.size} values", case.stderr), (misfits, case.stderr)
            return
    case.must_succeed()
    found = case.result()
    expected = values.astype(dtype)
    assert found.dtype == dtype, (found.dtype, dtype)
    assert found.shape == expected.shape, (found.shape, expected.shape, shapes)
    if bits:
        ulp = 2.0 ** -int(bits)
        good = np.isclose(found, expected, rtol=ulp, atol=0, equal_nan=True) | (found == expected) | (np.abs(expected) < 1e-6)
        assert good.all(), (found, expected)
        return
    # Reductions of NumPy are rounded often, and what follows from them may be anything next to a jump.
    if re.search(r"mean|sum|std", source):
        if re.search(r"floor|round|sign|//|%|<|>|==|where|clip|min|max|isnan|isfinite", source) or dtype.kind in "iub":
            return
        good = np.isclose(found, expected, rtol=1e-2 if dtype.itemsize < 8 else 1e-9, atol=1e-9, equal_nan=True)
        misfits = ~good & np.isfinite(expected)
        assert np.sum(misfits) <= 0.01 * misfits.size, (found, expected)
        return
    assert np.array_equal(found, expected, equal_nan=dtype.kind == "f"), (found, expected)


if __name__ == "__main__":
    main(maker(case), checker(check))
