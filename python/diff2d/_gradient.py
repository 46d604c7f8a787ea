"""How numbers of a record depend on every value of every field."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ._call import Files, call
from ._cube import Cube
from ._errors import ParameterError
from ._solve import solve

__all__ = ["Gradient", "gradient", "vjp"]


class Gradient(SimpleNamespace):
    """What `diff2d gradient --json` tells: `of`, `value`, `by`, `cost`.

    `by` has an array for each field, by the values on the nodes, shape `(y, x)`, and a number for each number; `about` what the
    command tells of each of them.
    """

    def __repr__(self) -> str:
        return f"<diff2d.Gradient of {self.of} = {self.value:.6g} by {', '.join(self.by)}>"


def gradient(
    params: str | os.PathLike[str] | Mapping[str, Any],
    /,
    of: str | Sequence[str] = (),
    by: str | Sequence[str] = (),
    *,
    misfit: bool = False,
    output: str | os.PathLike[str] | None = None,
    cube: str | os.PathLike[str] | Cube | None = None,
    plot: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    memory: str | int | None = None,
    force: bool = False,
    **set: Any,
) -> Gradient:
    """The exact derivatives of numbers of the record by fields, walls and constants, by the adjoint of the steps.

    Parameters
    ----------
    params
        A parameter file, or a dict of parameters, whose fields may be arrays as those of `solve`.
    of
        A number of the record at a time, `"NAME@t"`, its mean over the rows of a window, `"NAME@t0:t1"`, or several with
        weights, `["0.5*a@10", "-0.5*b@10"]`.
    by
        Fields (`"D"`, `"source"`, `"initial"` and others), walls (`"boundary.left"`), `"constants"`, `"held"`, or names of
        numbers.
    misfit
        In place of `of`: the sum of squares of the differences to `[[fit.data]]`.
    output
        The file of the answer, `STEM.gradient.json`, with the arrays beside it; without it nothing is kept.
    cube
        A cube of these parameters, whose snapshots are checkpoints.

    Raises
    ------
    ParameterError, ResourceError, DataError
        What has no gradient, or parameters, files or data that cannot be used.
    """
    with Files() as files:
        answer = os.fspath(output) if output is not None else files.new("of.gradient.json")
        arguments: dict[str, Any] = {
            **files.params(params, set),
            "of": [of] if isinstance(of, str) else list(of),
            "by": [by] if isinstance(by, str) else list(by),
            "misfit": misfit,
            "output": answer,
            "cube": None if cube is None else os.fspath(cube),
            "plot": None if plot is None else os.fspath(plot),
            "threads": threads,
            "memory": None if memory is None else str(memory),
            "force": force,
        }
        [told] = call("gradient", arguments, writes=True)[0]
        found = {
            name: np.load(Path(answer).parent / about["file"]) if "file" in about else about["derivative"]
            for name, about in told["by"].items()
        }
    return Gradient(of=told["of"], value=told["value"], by=found, about=told["by"], cost=told["cost"])


def vjp(
    params: str | os.PathLike[str] | Mapping[str, Any] | None = None, /, **fields: Any
) -> tuple[dict[str, np.ndarray], Callable[[Mapping[str, Any]], dict[str, np.ndarray]]]:
    """The numbers of the record, and a function from weights of them to gradients by the fields.

    What the function returns is the derivative of the sum of all numbers, each times its weight: a product of the weights and
    the Jacobian, as `jax.custom_vjp` and `torch.autograd.Function` take it.

    Parameters
    ----------
    params
        A parameter file, or a dict of parameters with a `record`.
    **fields
        `initial`, `D`, `Dx`, `Dy`, `capacity`, `decay` or `source` as arrays with a value for every node, by which the gradients
        are taken.

    Returns
    -------
    dict, function
        The columns of the record by their names, without step and time, and the function, whose weights are arrays by the names
        of columns; columns that are left out have the weight 0.
    """
    solution = solve({} if params is None else params, **fields)
    if solution.record is None:
        raise ParameterError("vjp is of the numbers of a record: record = {…} asks for one")
    times = solution.record["t"]
    columns = {name: np.array(column) for name, column in solution.record.items() if name not in ("step", "t", "date")}

    def back(weights: Mapping[str, Any]) -> dict[str, np.ndarray]:
        terms = [
            f"{float(weight)!r}*{name}@{float(time)!r}"
            for name, of_column in weights.items()
            for weight, time in zip(np.broadcast_to(np.asarray(of_column, dtype=np.float64), times.shape), times)
            if weight != 0.0
        ]
        if not terms:
            return {name: np.zeros(np.shape(field)) for name, field in fields.items()}
        found = gradient({} if params is None else params, terms, list(fields), **fields).by
        return {name: found[name] for name in fields}

    return columns, back
