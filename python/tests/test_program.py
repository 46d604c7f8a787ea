"""The command line that the package carries, and the examples."""

import ast
import contextlib
import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import diff2d
import numpy as np
import pytest

from conftest import LONG, ROOT, SMALL, program

pytest.importorskip("diff2d._native")


def write(params: dict) -> None:
    Path("p.toml").write_text("".join(f"{key} = {value}\n" for key, value in params.items()))


def test_exit_codes_and_streams_are_those_of_the_program():
    write(SMALL)
    done = program("run", "p.toml", "-o", "p.npy")
    assert (done.returncode, done.stdout) == (0, "0\n1.25\n2.5\n3.75\n")
    assert program("run", "p.toml", "-o", "p.npy").returncode == 2
    assert program("stats", "nowhere.npy").returncode == 1
    assert program("compare", "p.npy", "p.npy").returncode == 0
    assert program("frobnicate").returncode == 2
    assert program("--version").stdout.startswith("diff2d 0.")
    assert "Usage: diff2d" in program("--help").stdout
    content = bytearray(Path("p.npy").read_bytes())
    content[5000] ^= 1
    Path("p.npy").write_bytes(content)
    assert program("verify", "p.npy").returncode == 3


def test_the_results_of_a_sweep_are_the_columns_of_its_table():
    write({**SMALL, "grid": "'walls'", "boundary.left": "{ robin = [1.0, 1.0, 0.5] }"})
    Path("s.toml").write_text(
        'params = "p.toml"\ncombine = "zip"\nD = [0.5, 1.0, 2.0]\n"boundary.left.robin.0" = [2.0, 3.0, 4.0]\n'
    )
    assert program("sweep", "s.toml", "-o", "s.npy").returncode == 0
    cube = diff2d.open("s.npy")
    results = cube.results
    assert list(cube.parameters) == ["D", "boundary.left.robin.0"]
    assert not {"D", "Dx", "boundary"} & set(cube.params)
    with open("s.csv") as table:
        rows = list(csv.DictReader(table))
    assert list(results) == [name for name in rows[0] if not name.endswith("_rate")] and len(rows) == 3
    for name, column in results.items():
        assert column.tolist() == [float(row[name]) for row in rows], name


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_stop_a_run_that_can_be_continued(number, code):
    write(LONG)
    command = [sys.executable, "-m", "diff2d", "run", "p.toml", "-o", "p.npy"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "0\n"
    child.send_signal(number)
    _, err = child.communicate(timeout=120)
    assert child.returncode == code
    assert "to continue: diff2d run p.toml -o p.npy --resume" in err and "Traceback" not in err


def test_a_closed_pipe_is_no_error():
    write(SMALL)
    program("run", "p.toml", "-o", "p.npy")
    points = ["--at=0,1,1"] * 20_000
    command = [sys.executable, "-m", "diff2d", "probe", "p.npy", *points]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.readline()
    child.stdout.close()
    err = child.stderr.read()
    assert child.wait(60) == 0 and err == b""


def test_the_first_plot():
    matplotlib = pytest.importorskip("matplotlib")
    pytest.importorskip("xarray")
    script = ROOT / "python" / "examples" / "first_plot.py"
    code = [line for line in script.read_text().splitlines() if line and not line.startswith('"""')]
    assert len(code) <= 12
    environment = {**os.environ, "MPLBACKEND": "agg"}
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"mass \d+\.\d+ at t = [0-9.]+, written to plate.png", done.stdout)
    picture = matplotlib.image.imread("plate.png") if hasattr(matplotlib, "image") else None
    assert Path("plate.png").stat().st_size > 10_000 and (picture is None or picture.std() > 0)


@pytest.mark.parametrize("document", ["python/README.md", "docs/python.md"])
def test_the_documents_are_true(document):
    """The Python of a document, block after block in one namespace."""
    pytest.importorskip("xarray")
    pytest.importorskip("matplotlib").use("agg")
    text = (ROOT / document).read_text()
    Path("plate.toml").write_bytes((ROOT / "params" / "insulated_plate.toml").read_bytes())
    Path("quick.toml").write_bytes((ROOT / "params" / "quick.toml").read_bytes())
    blocks = re.findall(r"```python\n(.*?)```", text, re.S)
    assert blocks
    names: dict = {}
    for block in blocks:
        exec(compile(block, document, "exec"), names)


@pytest.mark.parametrize(
    ("document", "cube"), [("README.md", "output/diff2dparams.npy"), ("docs/coming-from.md", "peaks.npy")]
)
def test_xarray_and_pandas_in_the_documents_of_the_program(document, cube):
    """Blocks that the tests of the program leave out, each by itself."""
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    pytest.importorskip("matplotlib").use("agg")
    import diff2d

    Path("output").mkdir()
    diff2d.run({**SMALL, "runtime": 6.25}, output=cube)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.S)
    blocks = [block for block in blocks if re.search("^import (xarray|pandas)", block, re.M)]
    assert blocks
    for block in blocks:
        exec(compile(block, document, "exec"), {})


def test_the_batch_job_of_a_rolling_mean_is_true():
    """With an `srun` that starts its command here, once."""
    for needed in ("xarray", "distributed", "zarr", "bottleneck"):
        pytest.importorskip(needed)
    import xarray

    diff2d.run({**SMALL, "runtime": 12.5}, output="large.npy")
    text = (ROOT / "docs" / "cluster.md").read_text()
    [script] = re.findall(r"```python\n(.*?)```", text, re.S)
    [job] = [block for block in re.findall(r"```sh\n(.*?)```", text, re.S) if "rolling.py" in block]
    assert " 24 64 " in job and "/scratch/me/" in job
    Path("rolling.py").write_text(script)
    Path("job.sh").write_text(job.replace(" 24 64 ", " 3 4 ").replace("/scratch/me/", ""))
    Path("srun").write_text('#!/bin/sh\nexec "$@"\n')
    Path("srun").chmod(0o755)
    path = os.pathsep.join([os.getcwd(), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "2"}
    with open("told", "w") as told:
        streams = {"stdout": told, "stderr": told}
        job = subprocess.Popen(["bash", "job.sh"], env=environment, start_new_session=True, **streams)
        try:
            job.wait(300)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(job.pid, signal.SIGKILL)
    assert job.returncode == 0, Path("told").read_text()
    found = xarray.open_zarr("mean.zarr", consolidated=False).p
    assert found.shape == (11, 22, 22) and bool(found[:2].isnull().all())
    expected = diff2d.window("large.npy", (3, 1, 1), op="mean")
    np.testing.assert_allclose(found[2:], expected, rtol=1e-13, atol=1e-15)


def test_the_docstring_of_the_package_is_true():
    import doctest

    import diff2d

    assert doctest.testmod(diff2d).failed == 0


def test_no_modules_of_the_package_know_one_another_in_a_circle():
    """Whether they are imported at once or where they are needed."""
    names = {path.stem: path.read_text() for path in (ROOT / "python" / "diff2d").glob("_[a-z]*.py")}
    known = {name: set() for name in names}
    for name, text in names.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                modules = [node.module] if node.module else [one.name for one in node.names]
                known[name].update(module for module in modules if module in names)
    while any(not others for others in known.values()):
        last = {name for name, others in known.items() if not others}
        known = {name: others - last for name, others in known.items() if others}
    assert not known
