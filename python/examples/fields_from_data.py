"""Fields from what twelve sensors have measured: an initial state, a source and a map of D, of 1,600 values each.

    python fields_from_data.py [initial] [source] [D]

Each field is the one with the least sum of squares of the differences to the data, each by its standard deviation, plus
Tikhonov's term, which is small for smooth fields. SciPy's L-BFGS-B needs the slope of that sum by all values at once, and
`diff2d.vjp` has it for the price of a few runs. Truths, estimates and what the sensors see are drawn into fields_from_data.png.
"""

import sys

import diff2d
import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize

NODES = 40
SENSORS = {f"s{number}": (x, y) for number, (x, y) in enumerate((x, y) for x in (0.125, 0.375, 0.625, 0.875) for y in (0.2, 0.5, 0.8))}
X, Y = np.meshgrid(np.linspace(0, 1, NODES), np.linspace(0, 1, NODES))
GRID = {"x1": 0.0, "x2": 1.0, "dx": 1 / (NODES - 1), "grid": "walls"}


def bump(x, y, width, height, power=1):
    return np.exp(-((((X - x) / width) ** 2 + ((Y - y) / height) ** 2) ** power))


def problem(end, every, dt, **others):
    """A problem with a row of the sensors' values at each time."""
    record = {"every": every, "points": {name: list(place) for name, place in SENSORS.items()}}
    return {**GRID, "D": 1.0, "dt": dt, "runtime": end, "outtime": end, "initial": 0.0, "record": record, **others}


# Of each field: the problem, the truth, the noise as a share of the largest value, the weight of Tikhonov's term, the field of
# the numbers that are sought, with the slope of the field by them, and their bounds.
COOLING = {"left": 0.0, "right": "insulated", "bottom": "insulated", "top": {"robin": [5.0, 1.0, 0.0]}}
HEATED = {"left": "sin(2*pi*t/0.3)", "right": 0.0, "bottom": "1 - cos(2*pi*t/0.2)", "top": "insulated"}
CASES = {
    "initial": (
        problem(0.08, 0.002, 1.5e-4, boundary=COOLING),
        bump(0.62, 0.38, 0.12, 0.16) + 0.6 * bump(0.25, 0.7, 0.1, 0.1),
        *(0.01, 3.0, lambda numbers: (numbers, 1.0), (0.0, None)),
    ),
    "source": (
        problem(0.2, 0.01, 1.6e-4, boundary=0.0),
        100 * bump(0.3, 0.35, 0.06, 0.06) + 60 * bump(0.72, 0.66, 0.07, 0.07),
        *(0.01, 3.0, lambda numbers: (100 * numbers, 100.0), (0.0, None)),
    ),
    "D": (
        problem(0.6, 0.01, 4.0e-5, boundary=HEATED),
        1 + 2.0 * bump(0.6, 0.6, 0.17, 0.17, 2) - 0.7 * bump(0.3, 0.35, 0.15, 0.2, 2),
        *(0.003, 6.0, lambda numbers: (np.exp(numbers), np.exp(numbers)), (np.log(0.1), np.log(4.0))),
    ),
}


def tikhonov(numbers):
    """Half the sum of squares of the differences of neighbours, and its slope."""
    slope = np.zeros_like(numbers)
    total = 0.0
    for axis in (0, 1):
        steps = np.diff(numbers, axis=axis)
        total += 0.5 * np.sum(steps**2)
        ends = [(1, 0) if axis == side else (0, 0) for side in (0, 1)]
        slope += np.pad(steps, ends) - np.pad(steps, [pair[::-1] for pair in ends])
    return total, slope


def estimate(name):
    """The truth, the estimate, and the sum over all rows of the slopes of the sensors' values by the field."""
    parameters, truth, noise, smooth, field_of, bounds = CASES[name]
    random = np.random.default_rng(11)
    exact, _ = diff2d.vjp(parameters, **{name: truth})
    sigma = noise * max(np.abs(column).max() for column in exact.values())
    data = {sensor: column + sigma * random.standard_normal(column.shape) for sensor, column in exact.items()}

    def objective(flat):
        numbers = flat.reshape(truth.shape)
        field, by_numbers = field_of(numbers)
        columns, back = diff2d.vjp(parameters, **{name: field})
        residuals = {sensor: (columns[sensor] - data[sensor]) / sigma for sensor in data}
        slope = back({sensor: residual / sigma for sensor, residual in residuals.items()})[name]
        rough, slope_of_rough = tikhonov(numbers)
        total = 0.5 * sum(np.sum(residual**2) for residual in residuals.values()) + smooth * rough
        return total, (slope * by_numbers + smooth * slope_of_rough).ravel()

    found = minimize(
        objective, np.zeros(truth.size), jac=True, method="L-BFGS-B", bounds=[bounds] * truth.size, options={"maxiter": 150, "maxcor": 30}
    )
    field, _ = field_of(found.x.reshape(truth.shape))
    columns, back = diff2d.vjp(parameters, **{name: field})
    squares = sum(np.sum(((columns[sensor] - data[sensor]) / sigma) ** 2) for sensor in data)
    seen = back({sensor: np.full(len(column), 1 / len(column)) for sensor, column in columns.items()})[name]
    print(
        f"{name}: {found.nit} iterations, χ²/n {squares / sum(map(len, data.values())):.3f}, correlation with the truth "
        f"{np.corrcoef(field.ravel(), truth.ravel())[0, 1]:.3f}, sum {field.sum():.5g} of {truth.sum():.5g}"
    )
    for half in (X < 0.5, X >= 0.5):
        places = [[np.sum(of * half * axis) / np.sum(of * half) for axis in (X, Y)] for of in (field, truth)]
        print("   centre of a half ({:.3f}, {:.3f}) of ({:.3f}, {:.3f})".format(*places[0], *places[1]))
    return truth, field, seen


if __name__ == "__main__":
    names = sys.argv[1:] or list(CASES)
    figure, axes = plt.subplots(3, len(names), figsize=(3.6 * len(names), 9.5), squeeze=False, layout="constrained")
    for column, name in zip(axes.T, names):
        truth, found, seen = estimate(name)
        for panel, field, title in zip(column, (truth, found, seen), ("truth", "estimate", "what the sensors see")):
            limits = {"vmin": truth.min(), "vmax": truth.max()} if field is not seen else {"cmap": "coolwarm"}
            figure.colorbar(panel.imshow(field, origin="lower", extent=(0, 1, 0, 1), **limits), ax=panel, shrink=0.8)
            panel.plot(*zip(*SENSORS.values()), "w.", markeredgecolor="k")
            panel.set_title(f"{name}: {title}")
    figure.savefig("fields_from_data.png", dpi=100)
