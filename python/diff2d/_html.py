"""What a notebook shows."""

from __future__ import annotations

import base64
import html as escaping
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from ._errors import Error

_STYLE = "display:flex;flex-wrap:wrap;gap:1em;align-items:center"


def described(one: Any) -> str:
    """The fields of a data class that are not empty: arrays by their shape and type."""

    def word(value: Any) -> str:
        if isinstance(value, np.ndarray) and value.ndim > 0:
            return f"<{value.shape} {value.dtype}>"
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{key!r}: {word(inner)}" for key, inner in value.items()) + "}"
        if isinstance(value, tuple):
            return "(" + ", ".join(map(word, value)) + ")"
        return repr(value.item() if isinstance(value, np.generic) else value)

    shown = (item for item in fields(one) if item.repr)
    values = ((item.name, getattr(one, item.name)) for item in shown)
    parts = [f"{name}={word(value)}" for name, value in values if value is not None and not (isinstance(value, dict) and not value)]
    return f"{type(one).__name__}({', '.join(parts)})"


def html(rows: Mapping[str, str], array: Any) -> str:
    """A table, beside a picture of the last frame of an array; None has no picture."""
    body = "".join(
        f"<tr><th style=\"text-align:left\">{name}</th>"
        f"<td style=\"text-align:left\">{escaping.escape(text)}</td></tr>"
        for name, text in rows.items()
    )
    return f'<div style="{_STYLE}"><table>{body}</table>{"" if array is None else _picture(array)}</div>'


def _picture(array: Any) -> str:
    """The last frame as an image, if the compiled part, which draws, is there."""
    if find_spec("diff2d._native") is None:
        return ""
    from ._call import Files, call

    try:
        with Files() as files:
            picture = files.new("picture.png")
            arguments = {"cube": files.path(array), "snapshots": "-1:", "size": "480x400", "output": picture}
            call("plot", arguments, writes=True)
            encoded = base64.b64encode(Path(picture).read_bytes()).decode()
    except (Error, OSError):
        return ""
    return f'<img alt="the last snapshot" src="data:image/png;base64,{encoded}">'
