"""A cube as a notebook shows it."""

from __future__ import annotations

import base64
import html as escaping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ._errors import Error

if TYPE_CHECKING:
    from ._cube import Cube

_STYLE = "display:flex;flex-wrap:wrap;gap:1em;align-items:center"


def html(cube: Cube) -> str:
    """A table of what a cube holds, beside a picture of its last snapshot or scenario."""
    journal = cube.journal
    whole = sum(one.snapshots for one in journal.scenarios)
    rows = {
        "file": str(cube.path),
        "array": f"{' × '.join(map(str, cube.shape))} of {cube.dtype}",
        "committed": f"{len(cube.snapshots)} of {whole} snapshots",
    }
    if cube.is_sweep:
        rows["scenarios"] = f"{len(journal.scenarios)}, which differ in {', '.join(cube.parameters)}"
    elif cube.snapshots:
        last = cube.snapshots[-1]
        rows["t"] = f"0 to {last.simtime:g}"
        rows["last"] = f"from {last.min:g} to {last.max:g}, mass {last.mass:g}"
    body = "".join(
        f"<tr><th style=\"text-align:left\">{name}</th>"
        f"<td style=\"text-align:left\">{escaping.escape(text)}</td></tr>"
        for name, text in rows.items()
    )
    return f'<div style="{_STYLE}"><table>{body}</table>{_picture(cube)}</div>'


def _picture(cube: Cube) -> str:
    """The last frame as an image, if there is one and the compiled part, which draws, is there."""
    if cube.available == 0 or find_spec("diff2d._native") is None:
        return ""
    from ._analysis import _Files

    try:
        with _Files() as files:
            picture = files.new("picture.png")
            files.call("plot", [cube], ["--snapshots=-1:", "--size=480x400", f"--output={picture}"], writes=True)
            encoded = base64.b64encode(Path(picture).read_bytes()).decode()
    except (Error, OSError):
        return ""
    return f'<img alt="the last snapshot" src="data:image/png;base64,{encoded}">'
