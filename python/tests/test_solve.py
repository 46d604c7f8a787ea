"""Problems solved in memory: the compiled part."""

import _thread
import tempfile
import threading
import time
import warnings
from pathlib import Path

import diff2d
import numpy as np
import pytest

from conftest import LONG, SMALL

pytest.importorskip("diff2d._native")

WALLS = {**SMALL, "grid": "walls"}
SHAPE = (21, 21)
J, I = np.indices(SHAPE)
STATE = np.sin(J) * I
MASK = np.hypot(J - 9, I - 12) < 4

PROBLEMS = {
    "of the course": SMALL,
    "in single precision": {**SMALL, "precision": "f32"},
    "on a rectangle": {**WALLS, "y1": 0, "y2": 7, "dy": 0.5},
    "between walls of all kinds": {
        **WALLS,
        "boundary": {"left": "sin(t)", "right": {"robin": [1, 2, "y"]}, "bottom": "periodic", "top": "periodic"},
    },
    "steady at last": {**WALLS, "until": {"steady": 0.2}},
    "steady in single precision": {**WALLS, "until": {"steady": 0.2, "after": 1.3}, "precision": "f32"},
    "beyond a limit": {
        **WALLS,
        "record": {"every": 0.1, "points": {"middle": [5, 5]}},
        "until": {"column": "t", "above": 0.4 * WALLS["runtime"]},
    },
    "of rkl2": {**WALLS, "method": "rkl2", "stages": 5, "source": "sin(x)*cos(t)"},
    "exact": {**WALLS, "method": "exact", "decay": 0.1, "boundary": "insulated"},
    "of a steady state": {
        "method": "steady",
        "D": "where(x < 3, 1, 100)",
        **{key: WALLS[key] for key in ("x1", "x2", "dx", "grid")},
        "boundary": {"left": 1.0, "right": {"robin": [1, 2, "y"]}, "bottom": "insulated", "top": {"flux": 0.1}},
    },
    "at times of the course": {**WALLS, "times": "course", "outtime": 0.7, "dt": 0.11},
    "at given times": {**{key: WALLS[key] for key in WALLS if "time" not in key}, "outtimes": [0.1, 1.0, 3.0], "t0": 0.05},
    "without steps": {**SMALL, "runtime": 0, "outtime": 0},
    "with masked and held nodes": {
        **WALLS,
        "mask": {"where": "hypot(x, y) < 3"},
        "held": [{"where": "abs(x - 5) < 1", "value": "2 + y"}],
        "capacity": "1 + x*x",
    },
}

ARRAYS = {
    "as it is": STATE,
    "in Fortran order": np.asfortranarray(STATE),
    "of every other element": np.repeat(np.repeat(STATE, 2, 0), 3, 1)[::2, ::3],
    "backwards": STATE[::-1, ::-1],
    "big endian": STATE.astype(">f4"),
    "f2": STATE.astype("f2"),
    "i1": (10 * np.sin(J)).astype("i1"),
    "u8": (I * J).astype("u8"),
    "b1": MASK,
    "read-only": np.broadcast_to(np.arange(21.0), SHAPE),
}


def is_equal(solution: diff2d.Solution, cube: diff2d.Cube) -> bool:
    """Whether they have the same type, shape, bits and coordinates."""
    pairs = [(solution.p, cube.array), (solution.t, cube.t), (solution.y, cube.y), (solution.x, cube.x)]
    return all(
        (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, np.asarray(b).tobytes()) for a, b in pairs
    )


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_solution_has_the_bits_of_a_run(name):
    problem = PROBLEMS[name]
    solution = diff2d.solve(problem)
    assert not list(Path().iterdir())
    assert is_equal(solution, diff2d.run(problem))
    assert is_equal(diff2d.solve(**problem), diff2d.run(problem))


RECORD = {"every": 0.3, "totals": True, "points": {"middle": [5, 5]}, "region": [{"name": "part", "where": "x < y"}]}

RECORDS = {
    "of trapezoids": {"record": RECORD},
    "of every step": {"record": {**RECORD, "every": "step"}, "precision": "f32", "capacity": "1 + x*x"},
    "up to a limit": {"record": RECORD, "until": {"column": "part_mean", "above": 0.2}},
    "with fields": {"record": {**RECORD, "fields": ["mean", "max"]}},
    "with dates": {"record": {**RECORD, "dates": True}, "units": {"t": "s"}},
    "with a warning": {"record": {"every": 3.75, "totals": True}},
    "without steps": {"record": RECORD, "runtime": 0, "outtime": 0},
}


@pytest.mark.parametrize("name", RECORDS)
def test_the_record_of_a_solution_is_that_of_a_run_and_needs_no_file(name, monkeypatch):
    Path("walls.csv").write_text("time,T\n2026-01-05 00:00:00,0.5\n2026-01-05 00:01:00,9.5\n")
    function = {"T": {"file": "walls.csv", "from": "time", "to": "T"}}
    problem = {**WALLS, "function": function, "boundary": {"left": "T(t)"}, **RECORDS[name]}
    with monkeypatch.context() as nowhere, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        nowhere.setattr(tempfile, "tempdir", "/nowhere")
        record = diff2d.solve(problem).record
    with warnings.catch_warnings(record=True) as told_of_run:
        warnings.simplefilter("always", UserWarning)
        expected = diff2d.run(problem).record
    messages, expected_messages = (
        [str(one.message) for one in found if one.category is UserWarning] for found in (told, told_of_run)
    )
    assert messages == expected_messages
    of_files = {"rows_sha256", "fields_sha256"}
    assert record.about == {key: expected.about[key] for key in expected.about.keys() - of_files}
    assert list(record) == list(expected)
    for column in expected:
        assert record[column].dtype == expected[column].dtype
        assert record[column].tobytes() == expected[column].tobytes(), column


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_any_order_and_type_are_files_of_the_same(name):
    array = ARRAYS[name]
    before = array.tobytes()
    np.save("a.npy", array)
    solution = diff2d.solve(WALLS, initial=array)
    assert is_equal(solution, diff2d.run(WALLS, initial={"kind": "file", "path": "a.npy"}))
    assert array.tobytes() == before
    assert len(list(Path().iterdir())) == 1


@pytest.mark.parametrize("more", [{}, {"precision": "f32"}, {"method": "rkl2", "stages": 7}, {"method": "steady"}])
def test_arrays_stand_for_every_input(more):
    inputs = {
        "D": 1 + J / 50,
        "capacity": 2 + np.cos(I),
        "decay": (I % 3).astype("u1"),
        "source": np.cos(J - I),
        "mask": MASK,
    }
    for one in [*([key] for key in inputs), list(inputs)]:
        files = {}
        for key in one:
            np.save(f"{key}.npy", inputs[key])
            files[key] = {"file": f"{key}.npy"}
        keys = {**WALLS, **more, "initial": STATE}
        np.save("u.npy", STATE)
        cube = diff2d.run({**keys, "initial": {"kind": "file", "path": "u.npy"}}, **files)
        assert is_equal(diff2d.solve(keys, **{key: inputs[key] for key in one}), cube), one
    keys = {**WALLS, **more, "initial": {"kind": "file", "path": np.stack([STATE, 2 * STATE]), "snapshot": -1}}
    apart = diff2d.solve(keys, Dx=inputs["D"], Dy={"file": 2 * inputs["D"]})
    np.save("u.npy", 2 * STATE)
    np.save("Dy.npy", 2 * inputs["D"])
    files = {"initial": {"kind": "file", "path": "u.npy"}, "Dx": {"file": "D.npy"}, "Dy": {"file": "Dy.npy"}}
    assert is_equal(apart, diff2d.run({**WALLS, **more}, **files))


def test_a_run_takes_arrays_as_solve_does_and_is_continued_with_them():
    function = {"initial": lambda x, y: np.sin(x) * y}
    arrays = {"initial": STATE, "D": 1 + J / 50, "source": np.cos(J - I), "mask": {"file": MASK}}
    for given in (function, arrays):
        expected = diff2d.solve(WALLS, **given)
        assert is_equal(expected, diff2d.run(WALLS, **given)) and is_equal(expected, diff2d.run({**WALLS, **given}))
        assert diff2d.flux(diff2d.run(WALLS, **given))["source_rate"].tobytes() == diff2d.flux(expected)["source_rate"].tobytes()
    assert not list(Path().iterdir())

    def of_arrays() -> set[str]:
        return {path.name.split(".")[1] for path in Path().glob("c.*.npy")}

    diff2d.run(WALLS, output="c.npy", **arrays)
    # As a run that was killed behind its first snapshot has left it.
    journal = Path("c.journal")
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:2]))
    assert of_arrays() == set(arrays)
    kept = {path: path.read_bytes() for path in Path().glob("c.*.npy")}
    for given, more, words in (
        ({**arrays, "initial": STATE + 1}, {"resume": True}, "initial"),
        ({**arrays, "initial": STATE + 1}, {}, "resume=True"),
        ({"initial": STATE + 1, "dx": -1.0}, {"force": True}, "dx"),
    ):
        with pytest.raises(diff2d.ParameterError, match=words):
            diff2d.run({**WALLS, **given}, output="c.npy", **more)
        assert {path: path.read_bytes() for path in Path().glob("c.*.npy")} == kept
    cube = diff2d.run(WALLS, output="c.npy", resume=True, **arrays)
    assert cube.is_complete and is_equal(diff2d.solve(WALLS, **arrays), cube)
    assert diff2d.plan(cube)["nsteps"] and len(diff2d.flux("c.npy")["t"]) == len(cube)
    assert is_equal(diff2d.solve(WALLS, initial=STATE), diff2d.run(WALLS, output="c.npy", force=True, initial=STATE))
    assert of_arrays() == {"initial"}
    diff2d.run(WALLS, output="c.npy", force=True)
    assert not of_arrays() and not list(Path().glob(".*"))


def is_flux_equal(solution: diff2d.Solution, cube: diff2d.Cube, snapshots: object) -> bool:
    """Whether they have fluxes of the same names and bits."""
    found, expected = (diff2d.flux(one, snapshots=snapshots) for one in (solution, cube))
    pairs = zip(found.items(), expected.items(), strict=True)
    return all(a == b and rate.tobytes() == other.tobytes() for (a, rate), (b, other) in pairs)


@pytest.mark.parametrize("name", PROBLEMS)
def test_fluxes_of_a_solution_have_the_bits_of_those_of_a_cube(name):
    solution, cube = diff2d.solve(PROBLEMS[name]), diff2d.run(PROBLEMS[name])
    for snapshots in (None, -1, (0, 2), "::2"):
        assert is_flux_equal(solution, cube, snapshots), snapshots


@pytest.mark.parametrize("more", [{}, {"record": {"every": 0.5, "totals": True}}, {"precision": "f32", "mask": MASK}])
def test_fluxes_of_a_solution_are_those_of_its_arrays(more):
    arrays = {"D": 1 + J / 50, "capacity": 2 + np.cos(I), "source": np.cos(J - I)}
    solution = diff2d.solve(WALLS, **arrays, **more)
    for key, array in {**arrays, "mask": MASK}.items():
        np.save(f"{key}.npy", array)
    named = {key: {"file": f"{key}.npy"} for key in {**arrays, **more} if key in ("mask", *arrays)}
    assert is_flux_equal(solution, diff2d.run({**WALLS, **more, **named}), None)


def test_fluxes_are_those_of_the_files_that_were_read():
    np.save("D.npy", 1 + J / 50)
    solution = diff2d.solve(WALLS, D={"file": "D.npy"})
    diff2d.flux(solution)
    np.save("D.npy", 2 + J / 50)
    with pytest.raises(diff2d.DataError, match="has changed"):
        diff2d.flux(solution)
    with pytest.raises(diff2d.ParameterError, match="of the 4 snapshots"):
        diff2d.flux(diff2d.solve(WALLS), snapshots=4)


def test_masked_arrays_have_no_value_at_masked_elements():
    state = np.ma.masked_array(I, MASK)
    solution = diff2d.solve(WALLS, initial=state, mask=MASK)
    assert np.array_equal(np.isnan(solution.p[-1]), MASK)


def test_a_solution_begins_from_another():
    first = diff2d.solve(WALLS, runtime=1.25)
    both = diff2d.solve(WALLS, runtime=2.5)
    assert np.array_equal(diff2d.solve(WALLS, runtime=1.25, initial=first.p[-1]).p[-1], both.p[-1])


def test_a_solution_begins_at_the_time_of_a_snapshot():
    diff2d.run(WALLS, output="c.npy")
    keys = {key: WALLS[key] for key in WALLS if "time" not in key}
    begins = {"t0": "initial", "outtimes": [4.0, 5.0], "initial": {"kind": "file", "path": "c.npy", "snapshot": 2}}
    solution = diff2d.solve(keys, **begins)
    assert list(solution.t) == [2.5, 4.0, 5.0]
    assert is_equal(solution, diff2d.run(keys, **begins))


def test_parameters_come_from_a_file_and_arguments():
    Path("p.toml").write_text("".join(f"{key} = {value}\n" for key, value in SMALL.items()))
    assert is_equal(diff2d.solve("p.toml", dx=2.0), diff2d.run(SMALL, dx=2.0))


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({}, diff2d.ParameterError, "D is missing"),
        ({**SMALL, "dx": -1}, diff2d.ParameterError, "dx"),
        ({**SMALL, "depth": 1}, diff2d.ParameterError, "depth"),
        ({**WALLS, "initial": np.zeros((3, 4))}, diff2d.ParameterError, "(3, 4), and the grid with its boundary nodes (21, 21)"),
        ({**WALLS, "initial": np.zeros((2, *SHAPE))}, diff2d.ParameterError, "cube of 2 snapshots"),
        ({**WALLS, "D": np.zeros(SHAPE) - 1}, diff2d.ParameterError, "-1.0 at x = -10.0"),
        ({**WALLS, "initial": np.full(SHAPE, np.nan)}, diff2d.ParameterError, "initial.path = … cannot be used: it is NaN at x = -10.0"),
        ({**WALLS, "source": np.full(SHAPE, 1j)}, diff2d.ParameterError, "c16"),
        ({**WALLS, "source": np.full(SHAPE, "a", object)}, diff2d.ParameterError, "source has the type object; expected numbers"),
        ({**WALLS, "mask": np.ones(SHAPE)}, diff2d.ParameterError, "mask"),
        ({**WALLS, "x1": np.zeros((2, 2))}, diff2d.ParameterError, "x1 is an array of 2 axes"),
        ({**WALLS, "D": {"file": "nowhere.npy"}}, diff2d.ResourceError, "nowhere.npy"),
        ({**WALLS, "source": "exp(exp(10*t))*1e300"}, diff2d.ResourceError, "no finite value"),
        ({**WALLS, "memory": "4KiB"}, diff2d.ResourceError, "may take"),
        ({**WALLS, "runtime": 1e9, "outtime": 1e-4, "dt": 1e-5}, diff2d.Error, "of memory"),
    ],
)
def test_refusals_are_sentences(given, kind, words):
    with pytest.raises(kind) as raised:
        diff2d.solve(given)
    assert words in str(raised.value)
    assert not list(Path().iterdir())


def test_a_keyboard_interrupt_ends_it_and_other_threads_go_on():
    counted = 0
    over = threading.Event()

    def count():
        nonlocal counted
        while not over.wait(0.01):
            counted += 1
            if counted == 30:
                _thread.interrupt_main()

    thread = threading.Thread(target=count)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            diff2d.solve(LONG)
    finally:
        over.set()
        thread.join()
    assert counted >= 30


def test_a_solution_is_a_dataset_and_an_array():
    pytest.importorskip("xarray")
    keys = {**WALLS, "units": {"t": "h", "p": "K"}, "D": 1 + J / 50}
    solution = diff2d.solve(keys)
    np.save("D.npy", keys["D"])
    found, other = solution.to_xarray(), diff2d.run({**keys, "D": {"file": "D.npy"}}).to_xarray()
    assert found.equals(other) and found.p.dims == ("t", "y", "x")
    for name in ("p", "t", "y", "x"):
        assert found[name].attrs == other[name].attrs, name
    differing = {"D", "Dx", "Dy", "cube", "run_id", "snapshots_committed"}
    assert {key: value for key, value in other.attrs.items() if key not in differing} == {
        key: value for key, value in found.attrs.items() if key not in differing
    }
    assert np.asarray(solution) is solution.p and len(solution) == 4
    assert diff2d.stats(solution).max == solution.p.max()
    assert diff2d.compare(solution, other.p.values)


def test_parameters_of_check_and_plan_may_be_arrays_and_those_of_a_cube():
    np.save("u.npy", STATE)
    keys = {**WALLS, "initial": {"kind": "file", "path": "u.npy"}}
    told = diff2d.check(keys, at=[(0, 0.5)])
    assert diff2d.check(WALLS, initial=STATE, at=[(0, 0.5)]) == told
    cube = diff2d.run(keys)
    assert diff2d.check(cube, at=[(0, 0.5)]) == told
    assert diff2d.plan(cube)["nsteps"] == diff2d.plan({**WALLS, "initial": STATE})["nsteps"]
