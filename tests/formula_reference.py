"""Formulas of `diff2d create`, and what NumPy and Python say of them.

The arguments of the functions are arrays that were themselves created from formulas, so that both
sides have the same bits. COUNT is the number of random formulas of integers.
"""

import re
from collections import namedtuple

import numpy as np

from random_cases import count_failures, main

LENGTH = 20_000
SPECIAL = [0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 0.1, 0.3, 0.5, 1e-300, 5e-324, 1e300, np.inf, np.nan]
SPECIAL = [sign * value for value in SPECIAL for sign in (1, -1)]

# Pairs a, b for // and %: any magnitudes, decimals, multiples of b and their neighbours.
PAIRS = [
    ("(random(1)-0.5)*10**(40*random(2)-20)", "(random(3)-0.5)*10**(40*random(4)-20)"),
    ("(random(1)-0.5)*10**(6*random(2))", "(random(3)-0.5)*10**(-6*random(4))"),
    ("round(2000*random(1)-1000)/10", "round(200*random(2)-100)/100"),
    ("round(2000*random(1)-1000)*(random(2)-0.5)", "random(2)-0.5"),
    ("round(2000*random(1)-1000)*(random(2)-0.5)*(1+2**-52)", "random(2)-0.5"),
    ("round(random(1)*2**53)*2**round(20*random(2))", "round(random(3)*2**53)"),
]


def special(index):
    """A formula for the value in SPECIAL at an index."""
    formula = "nan"
    for number, value in enumerate(SPECIAL):
        formula = f"where({index}=={number}, {value!r}, {formula})"
    return formula


ANY = "(random(1)-0.5)*10**(6*random(2)-3)"
POSITIVE = "random(1)*10**(60*random(2)-30)"
# Function, its name in NumPy, arguments, and the units in the last place that it may be off.
FUNCTIONS = [
    ("sin(a)", "sin", [ANY], 1),
    ("cos(a)", "cos", [ANY], 1),
    ("tan(a)", "tan", [ANY], 1),
    ("asin(a)", "arcsin", ["2*random(1)-1"], 1),
    ("acos(a)", "arccos", ["2*random(1)-1"], 1),
    ("atan(a)", "arctan", [ANY], 1),
    ("sinh(a)", "sinh", [ANY], 2),
    ("cosh(a)", "cosh", [ANY], 2),
    ("tanh(a)", "tanh", [ANY], 2.5),
    ("exp(a)", "exp", [ANY], 1),
    ("log(a)", "log", [POSITIVE], 1),
    ("ln(a)", "log", [POSITIVE], 1),
    ("log2(a)", "log2", [POSITIVE], 1),
    ("log10(a)", "log10", [POSITIVE], 1),
    ("cbrt(a)", "cbrt", [ANY], 1),
    ("sqrt(a)", "sqrt", [POSITIVE], 0.5),
    ("a**b", "power", [POSITIVE, "20*random(3)-10"], 1),
    ("a**2", "square", [ANY], 0.5),
    ("atan2(a, b)", "arctan2", [ANY, "random(3)-0.5"], 1.5),
    ("hypot(a, b)", "hypot", [ANY, "random(3)-0.5"], 1),
]
# Exact for all values.
EXACT = [
    ("sign(a)", np.sign),
    ("abs(a)", np.abs),
    ("floor(a)", np.floor),
    ("ceil(a)", np.ceil),
    ("trunc(a)", np.trunc),
    ("round(a)", np.rint),
    ("-a", np.negative),
    ("a//b", np.floor_divide),
    ("a%b", np.remainder),
    ("a*b", np.multiply),
    ("a/b", np.divide),
    ("(a<b) - 2*(a>=b) + 4*(a==b)", lambda a, b: (a < b) - 2.0 * (a >= b) + 4.0 * (a == b)),
]


def formulas():
    """Every case of floats: name, formula, formulas of its arguments, judge of the results."""
    cases = []
    specials = [special("i0//%d" % len(SPECIAL)), special("i0%%%d" % len(SPECIAL))]
    for formula, function in EXACT:
        for arguments in [specials] + PAIRS:
            cases.append((formula, arguments, lambda *values, f=function: (f(*values), 0)))
    for formula, name, arguments, ulps in FUNCTIONS:
        function = getattr(np, name)

        def judge(*values, function=function, ulps=ulps):
            # NumPy's own functions of f8 are off by up to 4 units where they use vectors.
            exact = function(*[value.astype("g") for value in values])
            if np.finfo("g").nmant == np.finfo("f8").nmant:
                ulps = ulps + 4
            return exact, ulps

        cases.append((formula, arguments, judge))
    return cases


# Whole numbers: operators of Python's integers, of one, two or three arguments.
OPERATIONS = {
    "{0} + {1}": lambda a, b: a + b,
    "{0} - {1}": lambda a, b: a - b,
    "{0} * {1}": lambda a, b: a * b,
    "{0} // {1}": lambda a, b: a // b,
    "{0} % {1}": lambda a, b: a % b,
    "-{0}": lambda a: -a,
    "{0} < {1}": lambda a, b: int(a < b),
    "{0} == {1}": lambda a, b: int(a == b),
    "abs({0})": abs,
    "sign({0})": lambda a: (a > 0) - (a < 0),
    "min({0}, {1})": min,
    "max({0}, {1})": max,
    "({0} % 3)**({1} % 41)": lambda a, b: (a % 3) ** (b % 41),
    "where({0}, {1}, {2})": None,
}
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]
SHAPE = (7, 11)


def tree(rng, depth):
    """A random formula: a name, a number, or an operation with its arguments."""
    if depth == 0 or rng.random() < 0.15:
        leaves = ["i0", "i1", "index"] * 5
        leaves += [0, 1, 2, 3, 10, 100, 255, 2**31, 2**53 + 1, 2**63, 2**64 - 1]
        return leaves[rng.integers(len(leaves))]
    operation = list(OPERATIONS)[rng.integers(len(OPERATIONS))]
    return (operation, *[tree(rng, depth - 1) for _ in range(operation.count("{"))])


def shown(formula):
    if not isinstance(formula, tuple):
        return str(formula)
    return "(" + formula[0].format(*map(shown, formula[1:])) + ")"


def value(formula, names):
    """Python's value; an ArithmeticError where `create` has none."""
    if not isinstance(formula, tuple):
        return names.get(formula, formula)
    operation, *arguments = formula
    if operation.startswith("where"):
        condition, yes, no = arguments
        return value(yes if value(condition, names) else no, names)
    result = OPERATIONS[operation](*[value(argument, names) for argument in arguments])
    if not -(2**127) <= result < 2**127:
        raise OverflowError
    return result


def integer_case(seed, number):
    rng = np.random.default_rng([seed, number])
    dtype = str(rng.choice(INTEGERS))
    return dtype, tree(rng, int(rng.integers(1, 5)))


def created(name, formula, shape, dtype="f8"):
    return ["create", name, f"--shape={shape}", f"--dtype={dtype}", f"--fill={formula}"]


def filled(formula, arguments):
    """The formula with those of its arguments in the place of a and b."""
    formulas = dict(zip("ab", arguments))
    return re.sub(r"\b[ab]\b", lambda name: f"({formulas[name[0]]})", formula)


def make(directory, count, seed):
    commands = []
    for number, (formula, arguments, _) in enumerate(formulas()):
        commands.append(created(f"{number}.npy", filled(formula, arguments), LENGTH))
        for letter, argument in zip("ab", arguments):
            commands.append(created(f"{number}.{letter}.npy", argument, LENGTH))
    shape = ",".join(map(str, SHAPE))
    for number in range(count):
        dtype, formula = integer_case(seed, number)
        commands.append(created(f"integer.{number}.npy", shown(formula), shape, dtype))
    text = "".join("\t".join(command) + "\n" for command in commands)
    (directory / "commands.txt").write_text(text)
    (directory / "seed.txt").write_text(f"{count} {seed}")


def check_floats(directory, number, formula, arguments, judge):
    letters = "ab"[: len(arguments)]
    values = [np.load(directory / f"{number}.{letter}.npy") for letter in letters]
    used = [v for letter, v in zip(letters, values) if re.search(rf"\b{letter}\b", formula)]
    got = np.load(directory / f"{number}.npy")
    with np.errstate(all="ignore"):
        exact, ulps = judge(*used)
        expected = np.asarray(exact, "f8")
        same = (got == expected) & (np.signbit(got) == np.signbit(expected))
        same |= np.isnan(got) & np.isnan(expected)
        if ulps > 0:
            same |= np.abs(got - exact) <= ulps * np.spacing(np.abs(expected))
    wrong = np.flatnonzero(~same)
    assert wrong.size == 0, (wrong.size, [v[wrong[0]] for v in used], got[wrong[0]], exact[wrong[0]])
    assert not np.isnan(got).any() or set(got[np.isnan(got)].view("u8")) == {0x7FF8 << 48}


def check_integers(directory, number, seed, code, told):
    dtype, formula = integer_case(seed, number)
    kind = np.dtype(dtype)
    low, high = (0, 0) if dtype == "b1" else (np.iinfo(kind).min, np.iinfo(kind).max)
    expected = np.zeros(SHAPE, kind)
    constant = not re.search("i0|i1|index", shown(formula))
    for index in np.ndindex(SHAPE):
        names = {"i0": index[0], "i1": index[1], "index": index[0] * SHAPE[1] + index[1]}
        try:
            result = value(formula, names)
            reason = "does not fit" if dtype != "b1" and not low <= result <= high else None
        except ArithmeticError:
            reason = "beyond 127 bits"
        if reason:
            place = "" if constant else f"the element {list(index)}: "
            assert code == 2 and place in told and reason in told, (reason, place, code, told)
            return
        expected[index] = result
    got = np.load(directory / f"integer.{number}.npy")
    assert code == 0 and got.dtype == kind and (got == expected).all(), (code, told)


class Check(namedtuple("Check", "name function arguments")):
    """A formula and how its results are judged."""

    def __str__(self):
        return str(self.name)


def check(directory):
    lines = [line.split("\t") for line in (directory / "commands.txt").read_text().splitlines()]
    codes = {}
    for number, line in enumerate(lines):
        code = int((directory / f"{number}.code").read_text())
        codes[line[1]] = code, (directory / f"{number}.stderr").read_text()
    count, seed = map(int, (directory / "seed.txt").read_text().split())
    checks = [Check(case[0], check_floats, (directory, number, *case)) for number, case in enumerate(formulas())]
    for number in range(count):
        arguments = (directory, number, seed, *codes[f"integer.{number}.npy"])
        checks.append(Check(integer_case(seed, number), check_integers, arguments))
    return count_failures(lambda check: check.function(*check.arguments), checks)


if __name__ == "__main__":
    main(make, check)
