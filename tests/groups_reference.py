"""Groups of dates as pandas makes them, and what is left of an array without the means of its groups.

usage: groups_reference.py make|check DIRECTORY
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

DATES = pd.date_range("2023-01-15 05:00", periods=9000, freq="h")
SEASONS = np.array(["DJF", "MAM", "JJA", "SON"])
NUMBERS = {
    "year": DATES.year,
    "season": SEASONS[DATES.month % 12 // 3],
    "month": DATES.month,
    "day": DATES.day,
    "hour": DATES.hour,
}


def statistics(values):
    """What stats computes along the first axis."""
    count = np.full(values.shape[1:], float(len(values)))
    return np.stack(
        [count, values.sum(0), values.mean(0), values.std(0), values.min(0), values.max(0), np.quantile(values, 0.3, axis=0)]
    )


def by(values, numbers):
    """The statistics of each group, sorted by its number, and the place of the group of each index."""
    groups, places = np.unique(numbers, return_inverse=True)
    return np.stack([statistics(values[places == group]) for group in range(len(groups))], axis=1), places


def close(name, found, expected):
    assert found.shape == expected.shape, f"{name}: {found.shape} and {expected.shape}"
    worst = np.abs(found - expected).max()
    assert np.allclose(found, expected, rtol=1e-11, atol=1e-11), f"{name}: differs by {worst}"


def main():
    _, what, directory = sys.argv
    directory = Path(directory)
    if what == "make":
        values = np.random.default_rng(7).normal(size=(len(DATES), 3, 4)) + np.sin(np.arange(9000) / 700)[:, None, None]
        np.save(directory / "a.npy", values)
        np.save(directory / "f.npy", np.asfortranarray(values))
        np.save(directory / "m.npy", values.transpose(1, 0, 2))
        np.save(directory / "l.npy", values.transpose(1, 2, 0))
        return
    values = np.load(directory / "a.npy")
    load = lambda name: np.load(directory / f"{name}.npy")
    for part, numbers in NUMBERS.items():
        expected, places = by(values, numbers)
        close(part, load(part), expected)
        close(f"without {part}", load(f"without_{part}"), values - expected[2][places])
    expected, places = by(values, NUMBERS["month"])
    close("Fortran order", load("f_month"), expected)
    close("the middle axis", load("m_month"), expected.transpose(0, 2, 1, 3))
    close("the last axis", load("l_month"), expected.transpose(0, 2, 3, 1))
    close("the last axis without it", load("l_without"), (values - expected[2][places]).transpose(1, 2, 0))
    expected, _ = by(values[::6], NUMBERS["hour"][::6])
    close("every sixth hour", load("sixth"), expected)
    phases = np.arange(9000) % 24
    expected, _ = by(values, phases)
    close("without the mean day", load("without_day_of_24"), values - expected[2][phases])
    close("a part without the mean day", load("part"), (values - expected[2][phases])[7:100])


main()
