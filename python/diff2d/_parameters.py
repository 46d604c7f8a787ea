"""Parameters as TOML: what dicts and keyword arguments become."""

from __future__ import annotations

import io
import json
import os
import re
from typing import IO, Any, Callable, Mapping

import numpy as np

from ._errors import ParameterError
from ._map import Map

__all__ = ["npy", "saver_in_memory", "source", "toml", "with_saved"]

_LISTS = ("outtimes", "points", "at")
"""Keys, or the last parts of dotted ones, whose values are lists of numbers or of pairs."""
_ARRAYS = ("initial", "D", "Dx", "Dy", "capacity", "decay", "source", "mask")
_BARE = re.compile("[A-Za-z0-9_-]+")


def toml(parameters: Mapping[str, Any]) -> str:
    """A TOML text with these keys. Tables are dicts, arrays lists or NumPy arrays of one axis."""
    if "initial" in parameters:
        parameters = {**parameters, "initial": _state(parameters["initial"])}
    lines = [f"{_key(key)} = {_value(key, value)}" for key, value in parameters.items()]
    return "\n".join(lines) + "\n" if lines else ""


def _state(initial: Any) -> Any:
    """The table of an initial state that is given as a number or as a formula."""
    if isinstance(initial, str):
        return {"kind": "peaks"} if initial == "peaks" else {"kind": "expression", "value": initial}
    is_number = isinstance(initial, (int, float, np.number)) and not isinstance(initial, bool)
    return {"kind": "constant", "value": initial} if is_number else initial


def with_saved(
    params: Any, given: Mapping[str, Any], save: Callable[[str, Any], str]
) -> tuple[Any, dict[str, Any]]:
    """Parameters, and those that override them, with arrays replaced by the files to which `save` saves the array of a key.

    A function of x and y counts as the array of its values at the nodes. An array of another shape than the grid is refused before
    any is saved.
    """
    from . import _native

    params, given = _evaluated(params, given)
    arrays: dict[str, tuple[str, Any]] = {}

    def name(key: str, array: Any) -> str:
        arrays[f"/array {key}"] = key, array
        return f"/array {key}"

    plain = _with_files(params, name) if isinstance(params, Mapping) else params
    plain_given = _with_files(given, name)
    if not arrays:
        return plain, plain_given
    file, text = source(plain)
    _refuse_shapes(arrays, _native.shape(file, text, toml(plain_given)))
    if isinstance(params, Mapping):
        params = _with_files(params, save)
    return params, _with_files(given, save)


def _evaluated(params: Any, given: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Parameters, and those that override them, with the values of a function of x and y at the nodes in its place."""
    from . import _native

    own = params if isinstance(params, Mapping) else {}
    functions = {key: value for key in _ARRAYS if callable(value := given.get(key, own.get(key)))}
    if not functions:
        return params, dict(given)

    def rest(table: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in table.items() if key not in functions}

    if isinstance(params, Mapping):
        params = rest(params)
    given = rest(given)
    plain = _with_files(params, lambda key, _: f"/array {key}") if isinstance(params, Mapping) else params
    # The grid is that of the other parameters; D has to be there for it.
    needed = {"D": 1.0} if "D" in functions else {}
    file, text = source(plain)
    y, x = _native.grid(file, text, toml(_with_files({**given, **needed}, lambda key, _: f"/array {key}")))
    places = np.meshgrid(x, y)
    return params, {**given, **{key: _values_of(key, function, *places) for key, function in functions.items()}}


def _values_of(key: str, function: Callable[[Any, Any], Any], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The values of a function at places, asked for one by one where it does not take arrays."""
    try:
        values = np.asarray(function(x, y), dtype=np.float64)
        return np.array(np.broadcast_to(values, x.shape))
    except (TypeError, ValueError):
        try:
            return np.asarray(np.vectorize(function, otypes=[np.float64])(x, y))
        except (TypeError, ValueError) as error:
            raise ParameterError(f"{key} is a function of x and y that gives a number, and this one fails: {error}") from error


def _key(key: Any) -> str:
    if not isinstance(key, str) or not key:
        raise ParameterError(f"the key {key!r} is no name of a parameter")
    parts = key.split(".")
    if not all(parts):
        raise ParameterError(f"the key {key!r} is no name of a parameter")
    return ".".join(part if _BARE.fullmatch(part) else _text(part) for part in parts)


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ParameterError(f"{text!r} cannot be written as UTF-8") from None
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(key: str, value: Any) -> str:
    if isinstance(value, np.ndarray):
        if value.ndim > 1:
            raise ParameterError(
                f"{key} is an array of {value.ndim} axes: save it with numpy.save, and name the file"
            )
        value = value.tolist()
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, os.PathLike):
        return _text(os.fspath(value))
    if isinstance(value, Mapping):
        inner = (f"{_key(name)} = {_value(f'{key}.{name}', one)}" for name, one in value.items())
        return "{ " + ", ".join(inner) + " }"
    if isinstance(value, (list, tuple, range)):
        return "[" + ", ".join(_value(key, one) for one in value) + "]"
    if callable(value):
        raise ParameterError(
            f"{key} is a function of Python; expected a number or a formula in quotes: functions are for {', '.join(_ARRAYS)}"
        )
    raise ParameterError(
        f"{key} = {value!r} is of type {type(value).__name__}; expected a number, a text, a bool, a list or a dict"
    )


def _with_files(
    parameters: Mapping[str, Any], save: Callable[[str, Any], str], table: str = ""
) -> dict[str, Any]:
    """The same with arrays replaced by the files to which `save` saves the array of a key."""
    named: dict[str, Any] = {}
    for key, value in parameters.items():
        whole = f"{table}{key}"
        if isinstance(value, Mapping):
            value = _with_files(value, save, f"{whole}.")
        elif hasattr(value, "__array__") and not isinstance(value, np.generic) and np.ndim(value) > 0:
            name = whole.rpartition(".")[2]
            if name in _LISTS and np.ndim(value) <= 2:
                named[key] = np.asarray(value).tolist()
                continue
            is_file = name in ("file", "path")
            if whole not in _ARRAYS and not is_file:
                raise ParameterError(
                    f"{whole} is an array of {np.ndim(value)} axes; expected a number, a text or a dict: "
                    f"arrays are for {', '.join(_ARRAYS)}"
                )
            name = save(whole, _in_order(whole, value))
            if not is_file:
                value = {"kind": "file", "path": name} if whole == "initial" else {"file": name}
            else:
                value = name
        named[key] = value
    return named


def _in_order(name: str, array: Any) -> Any:
    """An array with the axes y and x, along which coordinates ascend; of an `xarray.DataArray` their names tell which is which."""
    dims = getattr(array, "dims", None)
    if not isinstance(dims, tuple) or all(str(dim).startswith("dim_") for dim in dims):
        return array
    wanted = ("t", "y", "x")[-len(dims) :]
    if sorted(map(str, dims)) != sorted(wanted):
        raise ParameterError(
            f"{name} has the axes {', '.join(map(str, dims))}; expected {' and '.join(wanted)}: rename them with .rename(…)"
        )
    array = array.transpose(*wanted)
    for dim in ("y", "x"):
        coordinates = array.coords.get(dim)
        if coordinates is None:
            continue
        places = np.asarray(coordinates.values)
        steps = np.diff(places) if places.dtype.kind in "iuf" else np.array([np.nan])
        if np.all(steps < 0):
            array = array.isel({dim: slice(None, None, -1)})
        elif not np.all(steps > 0):
            raise ParameterError(f"{name} has coordinates along {dim} that do not ascend: sort them, or leave them out")
    return array


def _refuse_shapes(arrays: Mapping[str, tuple[str, Any]], shape: tuple[int, int]) -> None:
    """Refuses arrays of another shape than the grid before they are copied: a broadcast one may be of more elements than any
    memory or file could hold."""
    for key, array in arrays.values():
        if np.shape(array)[-2:] != shape:
            raise ParameterError(
                f"{key} has the shape {np.shape(array)}, and the grid with its boundary nodes {shape}"
            )


def npy(name: str, values: Any, file: IO[bytes]) -> None:
    """Writes an array to a `.npy` file, piece by piece."""
    values = np.asanyarray(values)
    if values.dtype.hasobject:
        raise ParameterError(f"{name} has the type {values.dtype}; expected numbers")
    if np.ma.is_masked(values):
        # Integers have no NaN.
        kind = values.dtype if values.dtype.kind == "f" else np.float64
        values = np.ma.filled(values.astype(kind), np.nan)
    np.save(file, values if isinstance(values, Map) else np.asarray(values))


def saver_in_memory(files: dict[str, bytes]) -> Callable[[str, Any], str]:
    """Saves the array of a key as the bytes of a file, under a name that no file on the disk has."""

    def save(key: str, array: Any) -> str:
        content = io.BytesIO()
        npy(key, array, content)
        files[f"/array {key}"] = content.getvalue()
        return f"/array {key}"

    return save


def source(parameters: Any) -> tuple[str | None, str | None]:
    """The file that parameters name, or the TOML of those that they are."""
    if isinstance(parameters, Mapping):
        return None, toml(parameters)
    if isinstance(parameters, str) and "\n" in parameters.strip():
        raise ParameterError(
            "parameters are a path or a dict, and no text: tomllib.loads(…) makes a dict of a text of TOML"
        )
    if isinstance(parameters, (str, os.PathLike)):
        file = os.fspath(parameters)
        if isinstance(file, str):
            return file, None
    raise ParameterError(
        f"parameters are a path or a dict, and not of type {type(parameters).__name__}"
    )
