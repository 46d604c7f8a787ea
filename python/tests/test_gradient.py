"""Gradients of numbers of the record, in what optimisers and frameworks of machine learning make of them."""

import re
from pathlib import Path

import diff2d
import numpy as np
import pytest

pytest.importorskip("diff2d._native")

ROOT = Path(__file__).resolve().parents[2]
PANEL = {
    **{"D": 1.0, "x1": 0.0, "x2": 1.0, "dx": 0.1, "grid": "walls", "runtime": 0.1, "outtime": 0.1, "dt": 5e-4, "initial": 0.0},
    "boundary": {"left": 1.0, "right": 0.0, "bottom": {"flux": 2.0}},
    "record": {"every": 0.02, "points": {"a": [0.2, 0.3], "b": [0.7, 0.6]}},
}


def loss(logarithm):
    columns, back = diff2d.vjp(PANEL, D=np.exp(logarithm))
    numbers = {name: columns[name] for name in ("a", "b")}
    slope = back({name: 2 * column for name, column in numbers.items()})["D"] * np.exp(logarithm)
    return sum(np.sum(column**2) for column in numbers.values()), slope


def test_what_vjp_returns_is_the_slope():
    random = np.random.default_rng(3)
    start, direction = 0.3 * random.standard_normal((11, 11)), random.standard_normal((11, 11))
    _, slope = loss(start)
    by_differences = (loss(start + 1e-5 * direction)[0] - loss(start - 1e-5 * direction)[0]) / 2e-5
    assert np.sum(slope * direction) == pytest.approx(by_differences, rel=1e-7)
    found = diff2d.gradient(PANEL, ["2*a@0.1", "-1*b@0.1"], ["D", "initial"], D=np.exp(start))
    assert found.by["D"].shape == found.by["initial"].shape == (11, 11)


@pytest.mark.parametrize("framework", ["jax", "torch"])
def test_frameworks_get_the_same_slope(framework):
    """The blocks of the book, which nothing else runs."""
    pytest.importorskip(framework)
    text = (ROOT / "docs" / "gradients.md").read_text()
    [block] = re.findall(rf"<!-- not run: needs {framework} -->\n```python\n(.*?)```", text, re.S)
    names: dict = {}
    exec(compile(block, f"docs/gradients.md: {framework}", "exec"), names)
    _, slope = loss(np.zeros((11, 11)))
    assert np.allclose(np.asarray(names["slope"]), slope, rtol=1e-12, atol=1e-15)
