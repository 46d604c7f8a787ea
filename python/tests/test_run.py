"""Runs and sweeps: the compiled part."""

import datetime
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import diff2d
import numpy as np
import pytest

from conftest import LONG, ROOT, SMALL, program

pytest.importorskip("diff2d._native")


def reference(params: dict) -> np.ndarray:
    """The course's NumPy program."""
    nrows = int((params["x2"] - params["x1"]) / params["dx"])
    npnts = nrows + 2
    dx = (params["x2"] - params["x1"]) / nrows
    dt = 0.25 * dx * dx / params["D"]
    nsteps, nper = int(params["runtime"] / dt), max(int(params["outtime"] / dt), 1)
    x = np.linspace(params["x1"] - dx, params["x2"] + dx, npnts)
    a = 1 - np.abs(1 - 4 * np.abs((x - (params["x1"] + params["x2"]) / 2) / (params["x2"] - params["x1"])))
    p = np.zeros((npnts, npnts))
    p[1:-1, 1:-1] = np.outer(a, a)[1:-1, 1:-1]
    r = params["D"] / (dx * dx) * dt
    snapshots = [p.copy()]
    for step in range(1, nsteps + 1):
        lapl = (((p[2:, 1:-1] + p[:-2, 1:-1]) + p[1:-1, 2:]) + p[1:-1, :-2]) - 4 * p[1:-1, 1:-1]
        p[1:-1, 1:-1] = p[1:-1, 1:-1] + r * lapl
        if step % nper == 0:
            snapshots.append(p.copy())
    return np.stack(snapshots)


def test_a_run_gives_the_bits_of_the_numpy_program():
    cube = diff2d.run(SMALL, dx=0.5)
    expected = reference({**SMALL, "dx": 0.5})
    assert np.array_equal(cube.array.view(np.int64), expected.view(np.int64))
    assert cube.is_complete and cube.report["outcome"] == "done" and cube.report["updates"] > 0
    assert cube.params["dx"] == 0.5 and cube.path.exists()
    path = cube.path
    array = cube.array
    del cube
    assert np.array_equal(array, expected)
    del array
    import gc

    gc.collect()
    assert not path.exists()


def test_a_cube_that_is_written_is_that_of_the_program():
    cube = diff2d.run(SMALL, output="p.npy", boundary={"left": 2, "top": "sin(t)"})
    assert cube.path == Path("p.npy")
    Path("p.toml").write_text(
        "".join(f"{key} = {value}\n" for key, value in SMALL.items())
        + "[boundary]\nleft = 2\ntop = 'sin(t)'\n"
    )
    done = program("run", "p.toml", "-o", "q.npy")
    assert done.returncode == 0, done.stderr
    assert Path("p.npy").read_bytes() == Path("q.npy").read_bytes()
    assert [float(line) for line in done.stdout.split()] == list(cube.t)


def test_units_are_those_of_the_parameters_and_a_notebook_shows_a_picture():
    xarray = pytest.importorskip("xarray")
    units = {"x": "m", "t": "h", "p": "mol/m³"}
    cube = diff2d.run(SMALL, units=units, output="c.npy")
    found = cube.to_xarray()
    assert [found[name].attrs.get("units") for name in ("x", "y", "t", "p")] == ["m", None, "h", "mol/m³"]
    diff2d.window("c.npy", (2, 1, 1), op="mean", output="w.npy")
    opened = xarray.open_dataset("w.npy", engine="diff2d")
    assert [opened[name].attrs.get("units") for name in ("x", "y", "t")] == ["m", None, "h"]
    shown = cube._repr_html_()
    for part in ("c.npy", "4 × 22 × 22 of float64", "4 of 4 snapshots", "0 to 3.75", "data:image/png;base64,iVBORw0KGgo"):
        assert part in shown
    sweep = diff2d.sweep({"params": SMALL, "D": [0.5, 1.0]}, output="s.npy")
    assert "2, which differ in D" in sweep._repr_html_()


def test_masks_held_nodes_and_capacities_are_those_of_the_program():
    keys = {"grid": "walls", "capacity": "1 + 0.01*x*x", "decay": 0.1}
    held = [{"where": "abs(x - 5) < 1", "value": "2 + y"}]
    cube = diff2d.run(SMALL, output="p.npy", mask={"where": "hypot(x, y) < 3"}, held=held, **keys)
    y, x = cube.y[:, None], cube.x[None, :]
    masked, is_held = np.hypot(x, y) < 3, (np.abs(x - 5) < 1) & (y == y)
    assert masked.any() and is_held.any() and len(cube) > 1
    for snapshot in cube.array:
        assert np.array_equal(np.isnan(snapshot), masked)
        assert np.array_equal(snapshot[is_held], np.broadcast_to(2 + y, snapshot.shape)[is_held])
    weights = [np.where(np.isin(np.arange(n), [0, n - 1]), 0.5, 1.0) for n in cube.shape[1:]]
    cells = np.outer(*weights) * (x[0, 1] - x[0, 0]) * (y[1, 0] - y[0, 0])
    masses = [np.nansum(cells * (1 + 0.01 * x * x) * snapshot) for snapshot in cube.array]
    assert np.allclose(masses, [one.mass for one in cube.snapshots], rtol=1e-12)
    Path("p.toml").write_text(
        "".join(f"{key} = {json.dumps(value)}\n" for key, value in {**SMALL, **keys}.items())
        + "[mask]\nwhere = 'hypot(x, y) < 3'\n[[held]]\nwhere = 'abs(x - 5) < 1'\nvalue = '2 + y'\n"
    )
    done = program("run", "p.toml", "-o", "q.npy")
    assert done.returncode == 0, done.stderr
    assert Path("p.npy").read_bytes() == Path("q.npy").read_bytes()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_result_does_not_depend_on_threads(threads):
    one = diff2d.run(SMALL, dx=0.1, threads=1)
    other = diff2d.run(SMALL, dx=0.1, threads=threads)
    assert [a.sha256 for a in one.snapshots] == [a.sha256 for a in other.snapshots]


def test_parameters_come_from_files_dicts_and_arguments():
    Path("there").mkdir()
    Path("there/p.toml").write_text("D = 1\nx1 = -1\nx2 = 1\nruntime = 0.1\ndx = 0.1\nouttime = 0.1\n"
                                    "grid = 'walls'\n[boundary]\nleft = 1\nright = 2\n")
    cube = diff2d.run(Path("there/p.toml"), boundary={"left": 5}, D=np.float64(2))
    assert cube.params["D"] == 2.0
    # Of a table the keys that are given.
    assert (cube.params["boundary"]["left"], cube.params["boundary"]["right"]) == (5.0, 2.0)
    dotted = diff2d.run("there/p.toml", **{"boundary.left": 5}, D=2)
    assert dotted.snapshots[-1].sha256 == cube.snapshots[-1].sha256
    tables = diff2d.run("there/p.toml", boundary={"left": {"robin": [1, 2, 0.5]}}, initial={"kind": "sine", "kx": 2})
    assert tables.params["boundary"]["left"] == {"robin": [1.0, 2.0, 0.5]}
    # Files that the file names are beside it, those of arguments here.
    np.save("u.npy", np.ones((21, 21)))
    files = diff2d.run("there/p.toml", initial={"kind": "file", "path": Path("u.npy")})
    assert files.array[0, 5, 5] == 1.0
    assert diff2d.run(ROOT / "params" / "diff2dparams.py", dx=1.0).shape[1:] == (22, 22)


@pytest.mark.parametrize(
    ("params", "given", "sentence"),
    [
        (SMALL, {"dx": -1}, "the arguments: dx = -1 cannot be used"),
        ({**SMALL, "D": "x +"}, {}, "the parameters"),
        (SMALL, {"dX": 1}, "the arguments: there is no parameter dX"),
        ({"D": 1.0}, {}, "the parameter x1 is missing"),
        (SMALL, {"dx": float("nan")}, "dx = nan"),
        (SMALL, {"dx": 10**30}, "dx"),
        (SMALL, {"D": None}, "D = None is of type NoneType"),
        (SMALL, {"D": np.ones((3, 3))}, "D has the shape (3, 3), and the grid with its boundary nodes (22, 22)"),
        (SMALL, {"x1": np.ones((3, 3))}, "x1 is an array of 2 axes"),
        ("D = 1.0\ndx = 0.1\n", {}, "tomllib.loads"),
        (SMALL, {"grid": "wall\n\x7f\u2028'\""}, "grid"),
        (SMALL, {"grid": "\ud800"}, "UTF-8"),
        (SMALL, {"a b": 1}, "there is no parameter"),
        ({1: 2}, {}, "the key 1"),
        (SMALL, {"boundary": {"left": {"flux": 1}}}, "walls"),
        (SMALL, {"initial": {"kind": "file", "path": "nowhere.npy"}}, "nowhere.npy"),
        ("nowhere.toml", {}, "cannot read the parameter file nowhere.toml"),
        (7, {}, "a path or a dict"),
        (SMALL, {"threads": 0}, "threads = 0"),
        (SMALL, {"threads": True}, "threads = True"),
        (SMALL, {"io": "fast"}, 'io = "fast"'),
        (SMALL, {"max_walltime": "soon"}, "max_walltime = soon"),
        (SMALL, {"checkpoint_every": -1}, "checkpoint_every = -1.0"),
        (SMALL, {"resume": True}, "output"),
        (SMALL, {"output": "p.npy", "resume": True, "force": True}, "one of the two"),
        (SMALL, {"output": "p.npy", "extend": "q.npy"}, "resume=True"),
        (SMALL, {"output": "p.txt"}, ".npy"),
    ],
)
def test_what_cannot_be_used_is_named(params, given, sentence):
    with pytest.raises(diff2d.Error) as error:
        diff2d.run(params, **given)
    assert sentence in str(error.value)
    missing = "nowhere.npy" in sentence
    assert error.value.exit_code == (1 if missing else 2)
    assert isinstance(error.value, diff2d.ResourceError if missing else diff2d.ParameterError)
    assert [path.name for path in Path().iterdir()] == []


def test_outputs_that_are_there_are_refused():
    diff2d.run(SMALL, output="p.npy")
    with pytest.raises(diff2d.ParameterError, match="p.npy"):
        diff2d.run(SMALL, output="p.npy")
    assert diff2d.run(SMALL, output="p.npy", resume=True).report["outcome"] == "already done"
    with pytest.raises(diff2d.ParameterError, match="dx"):
        diff2d.run(SMALL, output="p.npy", resume=True, dx=0.5)
    longer = diff2d.run(SMALL, output="q.npy", runtime=5, resume=True, extend="p.npy")
    assert longer.shape[0] == 5
    assert diff2d.run(SMALL, output="p.npy", force=True, dx=0.5).shape[1] == 42
    with pytest.raises(diff2d.ResourceError):
        diff2d.run(SMALL, output="nowhere/p.npy")
    np.save("theirs.npy", np.zeros(3))
    with pytest.raises(diff2d.ParameterError):
        diff2d.run(SMALL, output="theirs.npy", force=True)


def test_a_cube_in_use_is_refused():
    refused = []

    def again(snapshot):
        if snapshot.index == 0:
            try:
                diff2d.run(SMALL, output="p.npy", resume=True)
            except diff2d.ResourceError as error:
                refused.append(error)
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        diff2d.run(LONG, output="p.npy", on_commit=again)
    assert len(refused) == 1 and refused[0].exit_code == 1


def test_on_commit_hears_of_every_snapshot_in_this_thread():
    heard, threads, notes = [], set(), []

    def on_commit(snapshot):
        heard.append(snapshot)
        threads.add(threading.get_ident())

    cube = diff2d.run(SMALL, output="p.npy", on_commit=on_commit, on_note=notes.append)
    assert tuple(heard) == cube.snapshots and threads == {threading.get_ident()}
    assert any("kernel" in note for note in notes)


def test_a_run_that_ends_early_says_why():
    heard = []
    cube = diff2d.run(
        {**SMALL, "grid": "walls"},
        record={"every": 0.25, "points": {"middle": [0, 0]}},
        until={"column": "t", "above": 1.3},
        output="p.npy",
        on_commit=heard.append,
    )
    assert tuple(heard) == cube.snapshots and cube.is_complete and cube.shape[0] == 3
    assert cube.snapshots[-1].ended == {"what": "t", "value": 1.5, "limit": {"above": 1.3}, "t": 1.5}
    assert cube.snapshots[-2].ended is None


def test_the_journal_says_whether_there_is_a_record_and_how_far_it_reaches():
    cube = diff2d.run(SMALL, output="p.npy", record={"every": 0.5, "totals": True})
    assert len(cube.record["t"]) > 7
    lines = Path("p.journal").read_bytes().splitlines(keepends=True)
    Path("p.journal").write_bytes(lines[0])
    with pytest.raises(diff2d.ParameterError, match="no row yet"):
        diff2d.open("p.npy").record
    assert not hasattr(diff2d.open("p.npy"), "record")
    # A record that lies beside a run without one is that of another.
    diff2d.run(SMALL, output="q.npy")
    for ending in ("csv", "json"):
        Path(f"p.record.{ending}").rename(f"q.record.{ending}")
    assert diff2d.open("q.npy").record is None


def test_an_exception_of_on_commit_stops_the_run_and_is_raised():
    class Enough(Exception):
        pass

    def on_commit(snapshot):
        if snapshot.index == 2:
            raise Enough(snapshot.index)

    with pytest.raises(Enough):
        diff2d.run(LONG, output="p.npy", on_commit=on_commit)
    cube = diff2d.open("p.npy")
    assert 3 <= len(cube) < cube.shape[0]
    assert diff2d.verify(cube)["damaged"] == []


def test_a_run_that_was_stopped_is_continued():
    def stop(snapshot):
        if snapshot.index == 2:
            raise KeyboardInterrupt

    params = {**SMALL, "dx": 0.2, "outtime": 0.05}
    with pytest.raises(KeyboardInterrupt, match="resume=True continues"):
        diff2d.run(params, output="p.npy", on_commit=stop)
    began = len(diff2d.open("p.npy"))
    assert began >= 3
    heard = []
    cube = diff2d.run(params, output="p.npy", resume=True, on_commit=heard.append)
    assert cube.is_complete
    assert [one.index for one in heard] == list(range(began, cube.shape[0]))
    assert np.array_equal(cube.array, diff2d.run(params).array)


CHILD = """
import sys, threading, diff2d
params = %r
ticks = []
def tick():
    while True:
        ticks.append(1); threading.Event().wait(0.005)
        if len(ticks) == 10:
            print("ticked", flush=True)
threading.Thread(target=tick, daemon=True).start()
def heard(snapshot):
    print(snapshot.index, flush=True)
try:
    diff2d.run(params, output="p.npy", on_commit=heard)
except KeyboardInterrupt as error:
    print("stopped:", error, flush=True)
print(diff2d.stats("p.npy").count > 0)
"""


def test_ctrl_c_is_a_keyboard_interrupt_once_the_state_is_durable():
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD % (LONG,)],
        env={**os.environ, "DIFF2D_HOLD_AFTER": "5"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The interpreter is not locked while the run computes.
    assert {child.stdout.readline(), child.stdout.readline()} == {"0\n", "ticked\n"}
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert "stopped: the run was stopped with" in out and "resume=True" in out
    assert out.splitlines()[-1] == "True"
    cube = diff2d.open("p.npy")
    assert 1 <= len(cube) < cube.shape[0]


def test_other_threads_go_on_during_a_run(monkeypatch):
    monkeypatch.setenv("DIFF2D_HOLD_AFTER", "5")
    ticks = []
    ended = threading.Event()

    def tick():
        while not ended.wait(0.002):
            ticks.append(time.monotonic())

    other = threading.Thread(target=tick)
    other.start()
    began = time.monotonic()
    diff2d.run(SMALL, output="p.npy", max_walltime="1s")
    finished = time.monotonic()
    ended.set()
    other.join()
    # None at all if the interpreter were locked.
    assert sum(began < tick < finished for tick in ticks) > 3


def test_runs_go_on_in_several_threads_at_once():
    sums = {}

    def work(number):
        cube = diff2d.run(SMALL, dx=0.2, D=1.0 + number, threads=1)
        sums[number] = cube.snapshots[-1].sha256

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    expected = [diff2d.run(SMALL, dx=0.2, D=1.0 + n).snapshots[-1].sha256 for n in range(4)]
    assert [sums[number] for number in range(4)] == expected


def forked(queue):
    queue.put((diff2d.run(SMALL).snapshots[-1].sha256, diff2d.stats(np.ones(10)).sum))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_runs_go_on_in_a_forked_process():
    expected = diff2d.run(SMALL).snapshots[-1].sha256
    diff2d.stats(np.ones(10))
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=forked, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == (expected, 10.0)
    child.join(60)
    assert child.exitcode == 0


def test_a_walltime_ends_a_run_that_can_be_continued(monkeypatch):
    # The run comes to its step, where its wall time is over.
    monkeypatch.setenv("DIFF2D_HOLD_AFTER", "5")
    cube = diff2d.run(LONG, output="p.npy", max_walltime=datetime.timedelta(seconds=0.1))
    assert cube.report["outcome"] == "out of time" and not cube.is_complete
    assert cube.report["updates"] > 0
    monkeypatch.setenv("DIFF2D_HOLD_AFTER", "10")
    again = diff2d.run(LONG, output="p.npy", resume=True, max_walltime="100ms")
    assert again.report["updates"] > 0 and len(again) >= len(cube)
    with pytest.raises(diff2d.ResourceError, match="allow more time"):
        diff2d.run(LONG, output="p.npy", resume=True, max_walltime=1e-3)


def test_too_little_memory_is_an_error(python):
    text = f"""
import resource, diff2d
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
try:
    diff2d.run({{**{SMALL!r}, "dx": 0.0005, "runtime": 0, "outtime": 0}}, threads=1)
except diff2d.ResourceError as error:
    print(error.exit_code, error)
"""
    assert python(text).startswith("1 ")


def test_a_full_disk_is_an_error(python):
    text = f"""
import resource, diff2d
resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
try:
    diff2d.run({SMALL!r}, output="p.npy", dx=0.1)
except diff2d.ResourceError as error:
    print("refused:", error)
import signal
assert signal.getsignal(signal.SIGBUS) == signal.SIG_DFL
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""
    assert python(text).startswith("refused: ")


def test_a_sweep_has_its_scenarios():
    Path("p.toml").write_text("".join(f"{key} = {value}\n" for key, value in SMALL.items()))
    Path("s.toml").write_text('params = "p.toml"\nD = [0.5, 1]\nruntime = [2.5, 3.75]\ncombine = "zip"\n')
    heard = []
    cube = diff2d.sweep("s.toml", output="s.npy", on_commit=heard.append)
    assert cube.is_sweep and cube.shape == (2, 4, 22, 22) and cube.is_complete
    assert sorted({one.scenario for one in heard}) == [0, 1] and len(heard) == 7
    assert list(cube.parameters["D"]) == [0.5, 1.0]
    for number, params in enumerate([{"D": 0.5, "runtime": 2.5}, {"D": 1.0, "runtime": 3.75}]):
        alone = diff2d.run(SMALL, **params)
        assert np.array_equal(cube.array[number, : len(alone)], alone.array)
        assert np.array_equal(cube.t[number, : len(alone)], alone.t)
    assert np.isnan(cube.array[0, 3]).all()
    assert diff2d.sweep("s.toml", output="s.npy", resume=True).report["outcome"] == "already done"
    found = cube.to_xarray()
    assert found.p.dims == ("scenario", "t", "y", "x") and list(found.D.values) == [0.5, 1.0]


def test_a_sweep_may_be_a_dict():
    base = {**SMALL, "grid": "walls"}
    cube = diff2d.sweep({"params": base, "D": [0.5, 1, 2]}, boundary={"left": [1, 2]}, threads=2)
    assert cube.shape == (6, 4, 21, 21)
    assert list(cube.parameters) == ["D", "boundary.left"]
    ranged = diff2d.sweep({"params": base, "D": {"from": 1, "to": 4, "count": 3, "scale": "log"}})
    assert list(ranged.parameters["D"]) == [1.0, 2.0, 4.0]
    # Scenarios on different grids.
    moved = diff2d.sweep({"params": SMALL, "x1": [-10.0, -20.0], "x2": [10.0, 0.0], "combine": "zip"})
    assert moved.x.shape == (2, 22) and moved.y.shape == (2, 22)
    alone = diff2d.run(SMALL, x1=-20.0, x2=0.0)
    assert np.array_equal(moved.x[1], alone.x)
    assert moved.to_xarray().x_of_node.dims == ("scenario", "x")


@pytest.mark.parametrize(
    ("params", "given", "sentence"),
    [
        ({"params": SMALL, "D": []}, {}, "D has no values"),
        ({"params": SMALL, "DD": [1]}, {}, "there is no parameter DD"),
        ({"params": SMALL, "D": [1, -1]}, {}, "D = -1"),
        ({"D": [1, 2]}, {}, "params"),
        ({"params": "nowhere.toml"}, {}, "nowhere.toml"),
        ({"params": SMALL, "D": [1, 2], "dx": [1, 2, 3]}, {"combine": "zip"}, "zip"),
        ({"params": SMALL, "dx": [1, 0.5]}, {}, "share one shape"),
    ],
)
def test_what_is_no_sweep_is_named(params, given, sentence):
    with pytest.raises(diff2d.ParameterError) as error:
        diff2d.sweep(params, **given)
    assert sentence in str(error.value)


def test_a_sweep_that_was_stopped_is_continued():
    params = {"params": {**SMALL, "dx": 0.2}, "D": [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]}

    def stop(snapshot):
        if snapshot.scenario == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        diff2d.sweep(params, output="s.npy", threads=1, on_commit=stop)
    cube = diff2d.sweep(params, output="s.npy", resume=True)
    assert cube.is_complete
    assert np.array_equal(cube.array, diff2d.sweep(params).array, equal_nan=True)


def test_memory_does_not_grow_with_the_number_of_snapshots(python):
    text = f"""
import resource, diff2d
params = {{**{SMALL!r}, "dx": 0.1}}
diff2d.run(params, output="a.npy", outtime=1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
cube = diff2d.run(params, output="b.npy", outtime=0.01)
print(cube.path.stat().st_size >> 10, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    size, grown = map(int, python(text).split())
    assert size > 100_000 and grown < size / 2
