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


def html(rows: Mapping[str, str], picture: bytes | None, meaning: str = "the last snapshot") -> str:
    """A table, beside a picture of this meaning, a PNG, if there is one."""
    body = "".join(
        f"<tr><th style=\"text-align:left\">{escaping.escape(name)}</th>"
        f"<td style=\"text-align:left\">{escaping.escape(text)}</td></tr>"
        for name, text in rows.items()
    )
    image = ""
    if picture is not None:
        encoded = base64.b64encode(picture).decode()
        image = f'<img alt="{meaning}" src="data:image/png;base64,{encoded}">'
    return f'<div style="{_STYLE}"><table>{body}</table>{image}</div>'


def last_frame(array: Any) -> bytes | None:
    """The last frame of an array as a PNG, if the compiled part, which draws, is there."""
    if find_spec("diff2d._native") is None:
        return None
    from ._call import Files, call

    try:
        with Files() as files:
            picture = files.new("picture.png")
            arguments = {"cube": files.path(array), "snapshots": "-1:", "size": "480x400", "output": picture}
            call("plot", arguments, writes=True)
            return Path(picture).read_bytes()
    except (Error, OSError):
        return None
