"""What a notebook shows."""

from __future__ import annotations

import base64
import html as escaping
from importlib.util import find_spec
from pathlib import Path
from typing import Mapping

from ._errors import Error

_STYLE = "display:flex;flex-wrap:wrap;gap:1em;align-items:center"


def html(rows: Mapping[str, str], cube: Path | None) -> str:
    """A table, beside a picture of the last snapshot or scenario of a cube."""
    body = "".join(
        f"<tr><th style=\"text-align:left\">{name}</th>"
        f"<td style=\"text-align:left\">{escaping.escape(text)}</td></tr>"
        for name, text in rows.items()
    )
    return f'<div style="{_STYLE}"><table>{body}</table>{"" if cube is None else _picture(cube)}</div>'


def _picture(cube: Path) -> str:
    """The last frame as an image, if the compiled part, which draws, is there."""
    if find_spec("diff2d._native") is None:
        return ""
    from ._call import Files, call

    try:
        with Files() as files:
            picture = files.new("picture.png")
            arguments = {"cube": cube, "snapshots": "-1:", "size": "480x400", "output": picture}
            call("plot", arguments, writes=True)
            encoded = base64.b64encode(Path(picture).read_bytes()).decode()
    except (Error, OSError):
        return ""
    return f'<img alt="the last snapshot" src="data:image/png;base64,{encoded}">'
