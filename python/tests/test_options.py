"""Every option of a command is an argument of its function; pictures; what functions take and say beside that."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import diff2d
import numpy as np
import pytest
from diff2d._errors import in_python

from conftest import SMALL

pytest.importorskip("diff2d._native")

PRINTED = {"json", "csv", "sbatch", "quiet", "verbose", "help", "version"}
"""Options that say how an answer is printed."""
NAMED_OTHERWISE = {"set": "**", "no-lock": "lock"}
"""What stands in the place of an option."""
LEFT_OUT = {
    "run": {
        "no-cube": "solve writes no cube",
        "report": "Cube.report has the figures",
        "log-every": "on_commit is called",
        "memory": "a parameter",
    },
    "sweep": {"report": "Cube.results", "log-every": "on_commit is called"},
    "plan": {"memory": "a parameter", "output": "of the job that --sbatch prints"},
    "info": {"scenarios": "the answer has all"},
    "fit": {name: "nothing is written" for name in ("output", "plot", "force", "plan")} | {"memory": "a parameter"},
}
COMMANDS = [
    "check", "coarsen", "compare", "export", "fit", "flux", "gradient", "info", "label", "map", "plan", "plot", "probe", "repair", "run", "stats",
    "sweep", "verify", "window",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_an_argument_of_its_function(command):
    shown = subprocess.run(
        [sys.executable, "-m", "diff2d", command, "--help"], capture_output=True, text=True, check=True
    ).stdout
    options = set(re.findall(r"^ +(?:-\w, )?--([a-z][a-z-]*)", shown, re.MULTILINE))
    assert len(options) > 2
    signature = inspect.signature(getattr(diff2d, command))
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    # Who waits for a run does so on the command line.
    missing = options - PRINTED - set(LEFT_OUT.get(command, ())) - {"follow"}
    for option in sorted(missing):
        name = NAMED_OTHERWISE.get(option, option.replace("-", "_"))
        has = inspect.Parameter.VAR_KEYWORD in kinds if name == "**" else name in signature.parameters
        assert has, f"diff2d.{command} has no {name}"


def test_options_do_what_they_do_on_the_command_line(tmp_path):
    hours = np.arange(48.0).reshape(48, 1) % 24
    found = diff2d.stats(hours, axis="t", every=24, axes="t:h,x")
    assert np.array_equal(found.mean[:, 0], np.arange(24)) and repr(found).startswith("Statistics(count=<(24, 1) float64>")
    diff2d.stats(hours, axis=0, output="mean.npy")
    with pytest.raises(diff2d.ParameterError, match="force=True"):
        diff2d.stats(hours, axis=0, output="mean.npy")
    diff2d.stats(hours, axis=0, output="mean.npy", force=True)
    slab = {
        **{"D": 2.0, "x1": 0, "x2": 1, "dx": 0.1, "grid": "walls", "method": "steady"},
        "boundary": {"left": 1.0, "right": 0.0, "bottom": "insulated", "top": "insulated"},
    }
    cube = diff2d.run(slab, "slab.npy", initial=0.5)
    assert np.load("slab.npy").shape == cube.shape
    assert diff2d.flux(cube, effective=True)["effective"] == pytest.approx(2.0)
    assert np.allclose(diff2d.flux(cube, field=True), np.reshape([2.0, 0.0], (1, 2, 1, 1)))
    assert diff2d.flux(cube, field=True, output="q.npy").shape == (1, 2, *cube.shape[1:])
    sweep = diff2d.sweep({"params": slab, "D": [1.0, 3.0]})
    assert diff2d.flux(sweep, effective=True)["effective"] == pytest.approx([1.0, 3.0])
    assert diff2d.export(hours_file(hours), "csv", name="T", axes="t:h,x").read_text().splitlines()[0].endswith("T")
    sweep = diff2d.sweep({"params": SMALL, "D": [1.0, 2.0]}, "s.npy", scenarios=(0, 1))
    assert not sweep.is_complete
    assert diff2d.sweep({"params": SMALL, "D": [1.0, 2.0]}, output="s.npy", scenarios="1:").is_complete
    diff2d.label(hours_file(hours), "t:h,x")
    assert diff2d.stats("hours.npy", axis="t", every=24).mean.shape == (24, 1)
    diff2d.label("hours.npy", "t:h,x", force=True)


def hours_file(values):
    np.save("hours.npy", values)
    return "hours.npy"


def test_the_initial_state_is_a_number_a_formula_or_a_function():
    problem = {**SMALL, "grid": "walls", "boundary": "insulated", "runtime": 1, "outtime": 1}
    x = np.linspace(-10, 10, 21)
    expected = np.exp(-(x**2))
    for initial in ("exp(-x**2)", lambda x, y: np.exp(-(x**2)), lambda x, y: 2.0 if x > 100 else float(np.exp(-(x**2)))):
        for found in (diff2d.solve(problem, initial=initial), diff2d.solve({**problem, "initial": initial})):
            assert np.allclose(found.p[0], expected, rtol=1e-15)
    assert np.all(diff2d.solve(problem, initial=20).p == 20)
    assert np.all(diff2d.run(problem, initial=20).array == 20)
    Path("state.toml").write_text("D = 1\nx1 = 0\nx2 = 1\ndx = 0.1\ngrid = 'walls'\nruntime = 1\nouttime = 1\nboundary = 'insulated'\n"
                                  "initial = { kind = 'constant', value = 3 }\n")
    for params in ("state.toml", {**problem, "x1": 0, "x2": 1, "dx": 0.1, "initial": 0.0}):
        for compute in (lambda *args, **given: diff2d.solve(*args, **given).p, lambda *args, **given: diff2d.run(*args, **given).array):
            assert np.allclose(compute(params, initial=np.full((11, 11), 20.0)), 20)
        assert diff2d.plan(params, initial=np.full((11, 11), 20.0))["snapshots"] == 2
    assert np.array_equal(diff2d.solve(SMALL, initial="peaks").p, diff2d.solve(SMALL).p)
    assert diff2d.plan(problem, initial=lambda x, y: x + y)["snapshots"] == 2
    with pytest.raises(diff2d.ParameterError, match="initial is a function of x and y"):
        diff2d.solve(problem, initial=lambda x: x)
    found = diff2d.solve(problem, initial=1)
    assert repr(found) == "<diff2d.Solution: p (t, y, x) float64 (2, 21, 21), t from 0 to 1>"


def test_functions_of_the_place_stand_wherever_arrays_do():
    problem = {**SMALL, "grid": "walls", "boundary": "insulated", "runtime": 1, "outtime": 1}
    by_formula = diff2d.solve(problem, D="1 + 0.1*x*x", capacity="2 + y/20", source="x*y")
    by_function = diff2d.solve(problem, D=lambda x, y: 1 + 0.1 * x * x, capacity=lambda x, y: 2 + y / 20, source=lambda x, y: x * y)
    assert np.allclose(by_formula.p, by_function.p, rtol=1e-12)
    with pytest.raises(diff2d.ParameterError, match="boundary.left is a function of Python; expected a number or a formula in quotes"):
        diff2d.solve(problem, boundary={"left": lambda y, t: y})


def test_what_other_packages_call_otherwise_is_there_or_named():
    problem = {**SMALL, "record": {"every": 0.5, "totals": True}}
    heat, cube = diff2d.solve(problem), diff2d.run(problem, output="c.npy")
    assert np.array_equal(heat[-1], heat.p[-1]) and np.array_equal(cube[0], cube.array[0])
    assert np.array_equal(heat.sel(t=2.4), heat.p[2]) and float(cube.sel(t=2.4, x=0.2, y=0.0)) == cube[2, 11, 11]
    with pytest.raises(diff2d.ParameterError, match="'mass' may be a column of .record"):
        cube["mass"]
    pandas = pytest.importorskip("pandas")
    for record in (heat.record, cube.record):
        assert pandas.DataFrame(record)["mass"].tolist() == record["mass"].tolist()
        assert record.to_pandas().index.tolist() == record["t"].tolist()
    assert np.array_equal(diff2d.map("a*2", heat), 2 * heat.p)
    exported = diff2d.export(heat, "csv", output="h.csv")
    assert exported.read_text().startswith("t,y,x,")
    assert np.array_equal(diff2d.window(heat.p, {0: 2}, op="mean"), diff2d.window(heat.p, (2, 1, 1), op="mean"))
    assert np.array_equal(diff2d.window("c.npy", {-1: 3}, op="max"), diff2d.window("c.npy", (1, 1, 3), op="max"))
    for call, kind, words in (
        (lambda: diff2d.run(problem, "d.npy", overwrite=True), diff2d.ParameterError, "overwrite: force=True"),
        (lambda: diff2d.run(problem, out="d.npy"), diff2d.ParameterError, "out: output is"),
        (lambda: diff2d.sweep({**problem, "D": [1.0, 2.0]}), diff2d.ParameterError, r'sweep\(\{"params": body'),
        (lambda: diff2d.open("none.npy"), diff2d.ParameterError, "there is no file none.npy"),
        (lambda: diff2d.export(heat, "xdmf"), diff2d.ParameterError, "in memory is exported to zarr, hdf5 or csv"),
        (lambda: diff2d.window(heat.p, {3: 2}, op="mean"), diff2d.ParameterError, "of 3 axes has no axis 3"),
        (lambda: diff2d.stats(np.array(["a"])), diff2d.ParameterError, "the array"),
    ):  # fmt: skip
        with pytest.raises(kind, match=words):
            call()


def test_pictures_are_drawn_by_matplotlib_or_by_the_program():
    import matplotlib

    matplotlib.use("Agg")
    problem = {**SMALL, "grid": "walls", "units": {"x": "m", "t": "s"}}
    heat, cube = diff2d.solve(problem), diff2d.run(problem, output="p.npy")
    for array in (heat, cube, "p.npy"):
        mesh = diff2d.plot(array)
        # A picture ends where the domain ends.
        assert mesh.axes.get_xlim() == (-10, 10) and mesh.axes.get_xlabel() == "x [m]"
        assert mesh.axes.get_title() == "t = 3.75 s"
    assert heat.plot(0, colormap="magma", range=(0, 1)).get_clim() == (0, 1)
    assert heat.plot(0, cmap="magma").get_cmap().name == "magma"
    assert np.array_equal(diff2d.plot(heat.p[1]).get_array(), heat.p[1])
    for array in (heat, cube, "p.npy"):
        assert diff2d.plot(array, t=2.4).axes.get_title() == "t = 2.5 s"
    assert heat.plot(t=2.4, contours=3).data.startswith(b"\x89PNG")
    for array, options, words in (
        (heat, {"t": 40}, "from 0 to 3.75"), (heat.p, {"t": 1}, "snapshots=…"), (heat, {"t": 1, "snapshots": 2}, "give one of them"),
    ):  # fmt: skip
        with pytest.raises(diff2d.ParameterError, match=words):
            diff2d.plot(array, **options)
    picture = cube.plot(contours=5)
    assert picture.data.startswith(b"\x89PNG") and "data:image/png" in picture._repr_html_()
    film = heat.animate(fps=5, size=(300, 300))
    assert film.data.startswith(b"GIF8") and film.save("film.gif").stat().st_size == len(film.data)
    assert [path.name for path in cube.plot(output="last.png", snapshots="-1:")] == ["last.png"]
    assert cube.plot(history={"x": 0, "y": 0}, output="h.svg")[0].name == "h.svg"
    assert "<img" in heat._repr_html_() and "<img" in cube._repr_html_()
    with pytest.raises(diff2d.ParameterError, match="ax is drawn by matplotlib"):
        cube.plot(ax=mesh.axes, contours=3)


def test_a_map_of_a_whole_file_is_not_copied(monkeypatch):
    np.save("big.npy", np.arange(24.0).reshape(4, 6))
    copied = []
    monkeypatch.setattr("diff2d._call.npy", lambda name, array, file: copied.append(name) or np.save(file, array))
    whole = np.load("big.npy", mmap_mode="r")
    assert diff2d.stats(whole).sum == 276 and not copied
    assert diff2d.stats(whole[1:]).sum == 261 and len(copied) == 1
    assert diff2d.stats(whole.T, axis=0).sum[0] == 15 and len(copied) == 2
    private = np.load("big.npy", mmap_mode="c")
    private[0, 0] = 100
    assert diff2d.stats(private).sum == 376 and len(copied) == 3


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("p.npy exists already: --force replaces it, -o writes elsewhere", "p.npy exists already: force=True replaces it, output=… writes elsewhere"),
        ("--op trend is along an axis: --axis says which, such as --axis t or --axis 0", "op=… trend is along an axis: axis=… says which, such as axis=t or axis=0"),
        ("`diff2d repair p.npy --force` computes it", "`diff2d repair p.npy --force` computes it"),
        ("--set: D = 1 cannot be used", "--set: D = 1 cannot be used"),
        ("take --memory 4GiB", "take memory=4GiB"),
        ("--field is of a run", "field=True is of a run"),
        ("cannot open --help: there is no such file", "cannot open --help: there is no such file"),
    ],
)
def test_messages_speak_of_arguments(sentence, expected):
    assert in_python(sentence) == expected
