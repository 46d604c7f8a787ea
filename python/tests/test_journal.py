"""Journals, and what is read by them."""

import json
import copy as copy_module
import os
import pickle
import shutil
from pathlib import Path

import diff2d
import numpy as np
import pytest
from diff2d import _pure
from diff2d._record import Record

from conftest import FIXTURES


def copy(name: str) -> Path:
    for end in (".npy", ".journal"):
        shutil.copy(FIXTURES / f"{name}{end}", f"cube{end}")
    return Path("cube.npy")


def lines() -> list[bytes]:
    return Path("cube.journal").read_bytes().splitlines(keepends=True)


def sealed(body: dict, run_id: str) -> bytes:
    text = json.dumps(body, separators=(",", ":")).encode()[:-1]
    crc = _pure.crc32c(text, _pure.crc32c(run_id.encode()))
    return text + b',"crc":"%08x"}\n' % crc


def test_the_check_sum_is_crc32c():
    assert _pure.crc32c(b"123456789") == 0xE3069283
    assert _pure.crc32c(b"6789", _pure.crc32c(b"12345")) == 0xE3069283


@pytest.mark.parametrize("name", ["finished", "half", "half-f32", "checkpoint", "half-sweep"])
def test_numpy_alone_reads_what_the_compiled_part_reads(name):
    native = pytest.importorskip("diff2d._native")
    header, snapshots = native.journal(FIXTURES / f"{name}.npy")
    found, found_snapshots = _pure.journal(FIXTURES / f"{name}.npy")
    assert header.items() <= found.items() and snapshots == found_snapshots


@pytest.mark.parametrize("name", ["finished", "recorded", "recorded-sweep", "half-recorded"])
def test_numpy_alone_reads_the_rows_that_the_compiled_part_reads(name):
    native = pytest.importorskip("diff2d._native")
    assert _pure.rows(FIXTURES / f"{name}.npy") == native.rows(FIXTURES / f"{name}.npy")


def test_numpy_alone_reads_labels():
    text = b'{"format":1,"shape":[3,2],"axes":[{"name":"kind","labels":["a","b","c"]},null]}'
    Path("made.axes.json").write_bytes(text)
    assert _pure.labels("made.npy", (3, 2)) == text
    assert _pure.labels("made.npy", (2, 3)) == _pure.labels("other.npy", (3, 2)) == b"{}"


def test_numpy_alone_reads_no_torn_line_and_names_damage():
    cube = copy("half")
    whole = lines()
    Path("cube.journal").write_bytes(b"".join(whole)[:-5])
    assert len(_pure.journal(cube)[1]) == 5
    for damaged in ([whole[0], whole[1][:-9] + whole[1][-1:], *whole[2:]], [whole[0], *whole[2:]]):
        Path("cube.journal").write_bytes(b"".join(damaged))
        with pytest.raises(diff2d.DataError, match="line 2 of cube.journal is damaged"):
            _pure.journal(cube)
    copy("half")
    os.truncate(cube, 5000)
    with pytest.raises(diff2d.DataError, match="cannot be read"):
        _pure.journal(cube)
    np.save(cube, np.zeros(3))
    with pytest.raises(diff2d.ParameterError, match="another array"):
        _pure.journal(cube)


@pytest.mark.parametrize(
    ("name", "committed", "total"),
    [("finished", 9, 9), ("half", 6, 9), ("half-f32", 4, 9), ("checkpoint", 3, 9)],
)
def test_cubes_show_what_is_committed(name, committed, total):
    cube = diff2d.open(FIXTURES / f"{name}.npy")
    assert len(cube) == len(cube.snapshots) == len(cube.t) == committed
    assert cube.shape[0] == total and cube.is_complete == (committed == total)
    assert cube.array.shape == (committed, *cube.shape[1:]) == (committed, len(cube.y), len(cube.x))
    assert not cube.array.flags.writeable
    whole = np.load(FIXTURES / f"{name}.npy")
    assert np.array_equal(cube.array, whole[:committed])
    for record, values in zip(cube.snapshots, cube.array):
        assert (record.min, record.max) == (values.min(), values.max())
    assert [record.simtime for record in cube.snapshots] == list(cube.t)
    assert cube.params["D"] == 1.0 and not cube.is_sweep


def test_a_sweep_shows_its_complete_scenarios():
    cube = diff2d.open(FIXTURES / "half-sweep.npy")
    assert cube.is_sweep and cube.shape == (6, 9, 10, 10) and len(cube.snapshots) == 14
    assert cube.array.shape == (2, 9, 10, 10) and cube.t.shape == (2, 9)
    assert list(cube.parameters) == ["D", "outtime"]
    assert list(cube.parameters["D"]) == [0.5, 0.5, 1.0, 1.0, 2.0, 2.0]
    assert cube.scenarios[1]["outtime"] == 25.0 and "D" not in cube.params
    assert np.isnan(cube.t[1, 5:]).all() and np.isnan(cube.array[1, 5:]).all()


def test_complete_scenarios_behind_one_that_is_not_are_named():
    path = copy("half-sweep")
    for lost, complete in [([1], [0]), ([0], [1]), ([0, 1], [])]:
        kept = [line for line in lines() if not any(b'"scenario":%d,' % number in line for number in lost)]
        Path("cube.journal").write_bytes(b"".join(kept))
        cube = diff2d.open(path)
        assert list(cube.journal.complete) == complete
        if complete != [1]:
            assert len(cube.array) == len(complete)
        else:
            with pytest.warns(UserWarning, match="up to scenario 0, which is not complete; 1 behind it are, the first of them 1"):
                assert len(cube.array) == 0
        copy("half-sweep")


def test_a_cube_that_was_started_over_is_no_longer_read():
    cube = diff2d.open(copy("half"))
    seen = cube.array[:]
    for end in (".npy", ".journal"):
        Path(f"cube{end}").unlink()
    copy("checkpoint")
    assert np.array_equal(seen, diff2d.open(FIXTURES / "half.npy").array)
    with pytest.raises(diff2d.ResourceError, match="was started over"):
        cube.refresh()
    del cube.__dict__["array"]
    with pytest.raises(diff2d.ResourceError, match="was started over"):
        cube.array
    assert len(diff2d.open("cube.npy")) == 3


def test_files_that_change_before_the_array_is_mapped_are_errors_of_ours():
    for change, error in (
        (lambda: os.truncate("cube.npy", 5000), diff2d.DataError),
        (lambda: os.remove("cube.npy"), diff2d.ResourceError),
        (lambda: (os.truncate("cube.journal", 0), os.truncate("cube.npy", 0)), diff2d.ResourceError),
    ):
        cube = diff2d.open(copy("finished"))
        change()
        with pytest.raises(error):
            cube.array


def test_a_torn_last_line_does_not_count():
    cube = copy("half")
    Path("cube.journal").write_bytes(b"".join(lines())[:-5])
    assert len(diff2d.open(cube)) == 5
    # A hole that a power cut left, with lines behind it that were never synced.
    six = lines()
    Path("cube.journal").write_bytes(b"".join(six[:3]) + b"\0" * 100 + b"".join(six[4:]))
    assert len(diff2d.open(cube)) == 2


def test_damage_is_named():
    cube = copy("half")
    whole = lines()
    flipped = whole[2].replace(b'"index":1', b'"index":2')
    Path("cube.journal").write_bytes(b"".join([*whole[:2], flipped, *whole[3:]]))
    with pytest.raises(diff2d.DataError, match="line 3 of cube.journal is damaged") as error:
        diff2d.open(cube)
    assert error.value.exit_code == 3 and isinstance(error.value, ValueError)
    Path("cube.journal").write_bytes(b"".join([whole[0], *whole[2:]]))
    with pytest.raises(diff2d.DataError, match="line 2"):
        diff2d.open(cube)
    Path("cube.journal").write_bytes(b"".join([whole[0].replace(b"D", b"E", 1), *whole[1:]]))
    with pytest.raises(diff2d.DataError, match="line 1"):
        diff2d.open(cube)


def test_records_of_another_run_are_not_believed():
    cube = copy("half")
    strange = sealed({**json.loads(lines()[7 - 1]), "index": 6, "step": 48}, "another run")
    Path("cube.journal").write_bytes(b"".join([*lines(), strange]))
    assert len(diff2d.open(cube)) == 6


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [10**9, 10**9, 10**9]},
        {"shape": [9, 10]},
        {"shape": "nine"},
        {"nsteps": -1},
        {"nper": 0},
        {"dx": None},
        {"dt": 1e999},
        {"dtype": "|O"},
        {"data_offset": 0},
        {"params": 7},
        {"varied": {}},
        {"varied": {"dt": [1.0]}},
        {"varied": 3},
    ],
)
def test_headers_that_cannot_be_right_are_refused(change):
    cube = copy("half")
    header = json.loads(lines()[0])
    del header["crc"]
    header |= change
    Path("cube.journal").write_bytes(sealed(header, header["run_id"]))
    with pytest.raises(diff2d.DataError, match="line 1 of cube.journal"):
        diff2d.open(cube)


@pytest.mark.parametrize("text", [b"[" * 100_000, b"\xff\xfe", b"{}", b"null", b'{"format":3}', b'{"format":1e400,"run_id":"a","program_version":"1"}'])
def test_what_is_no_journal_is_refused(text):
    cube = copy("half")
    Path("cube.journal").write_bytes(text + b"\n")
    with pytest.raises(diff2d.DataError):
        diff2d.open(cube)


@pytest.mark.parametrize(
    ("format", "told"),
    [(4, r"format 4, written by diff2d 9\.0"), (1, "format 1, from before the release .*: move cube.journal and cube.npy away")],
)
def test_another_format_is_named(format, told):
    cube = copy("half")
    header = json.loads(lines()[0])
    del header["crc"]
    header |= {"format": format, "program_version": "9.0"}
    Path("cube.journal").write_bytes(sealed(header, header["run_id"]))
    with pytest.raises(diff2d.ResourceError, match=told) as error:
        diff2d.open(cube)
    assert error.value.exit_code == 1 and isinstance(error.value, OSError)


def test_cubes_that_do_not_match_are_refused():
    cube = copy("half")
    content = cube.read_bytes()
    cube.write_bytes(content[:-1])
    with pytest.raises(diff2d.DataError, match="7295 bytes|bytes"):
        diff2d.open(cube)
    cube.write_bytes(b"\0" * len(content))
    with pytest.raises(diff2d.DataError, match="it is not a .npy file"):
        diff2d.open(cube)
    np.save(cube, np.zeros(3))
    with pytest.raises(diff2d.ParameterError, match="another array"):
        diff2d.open(cube)
    cube.unlink()
    with pytest.raises(diff2d.DataError, match="gone"):
        diff2d.open(cube)


def test_what_has_no_journal_is_no_cube():
    np.save("plain.npy", np.zeros(3))
    for name in ("plain.npy", "nowhere.npy"):
        with pytest.raises(diff2d.ParameterError, match="no journal") as error:
            diff2d.open(name)
        assert error.value.exit_code == 2
    # Nor does an empty one tell what an array holds.
    Path("plain.journal").touch()
    with pytest.raises(diff2d.ParameterError, match="no journal"):
        diff2d.open("plain.npy")


def test_a_link_stands_for_the_cube_it_leads_to():
    cube = copy("half")
    Path("there").mkdir()
    link = Path("there/link.npy")
    link.symlink_to(cube.resolve())
    assert len(diff2d.open(link)) == 6


def test_a_cube_is_read_again_as_it_grows():
    cube = copy("half")
    whole = lines()
    Path("cube.journal").write_bytes(b"".join(whole[:3]))
    opened = diff2d.open(cube)
    assert len(opened.array) == len(opened.t) == 2
    Path("cube.journal").write_bytes(b"".join(whole))
    assert len(opened.refresh().array) == len(opened.t) == 6


def test_a_cube_is_an_array_and_a_path():
    cube = diff2d.open(FIXTURES / "half.npy")
    assert np.array_equal(np.asarray(cube), cube.array) and len(cube) == 6
    assert np.array(cube, dtype=np.float32).dtype == np.float32
    assert Path(cube) == FIXTURES / "half.npy"
    assert "run" in repr(cube) and "6 of 9 snapshots committed" in repr(cube)


def test_results_are_those_of_the_last_committed_snapshot():
    cube = diff2d.open(copy("half-sweep"))
    assert not cube.is_complete
    results = cube.results
    for number in range(len(cube.scenarios)):
        committed = [one for one in cube.snapshots if one.scenario == number]
        if not committed:
            assert all(np.isnan(results[name][number]) for name in ("time", "mass", "min", "max"))
            continue
        last = max(committed, key=lambda one: one.index)
        found = [results[name][number] for name in ("time", "mass", "min", "max")]
        assert found == [last.simtime, last.mass, last.min, last.max]
    alone = diff2d.open(copy("finished"))
    assert alone.results["mass"].tolist() == [alone.snapshots[-1].mass]


def test_a_file_that_is_cut_short_under_its_map_is_an_error():
    cube = diff2d.open(copy("finished"))
    array = cube.array
    kept = array[:2]
    total = float(array.sum())
    assert total == float(np.load("cube.npy").sum())
    os.truncate("cube.npy", 4096)
    uses = [
        lambda: array[-1],
        lambda: kept[0],
        lambda: array.max(),
        lambda: array + 1,
        lambda: np.asarray(cube),
        lambda: np.array(cube, dtype="f4"),
        lambda: array.copy(),
        lambda: array.tolist(),
        lambda: array.argmax(),
        lambda: copy_module.deepcopy(array),
        lambda: pickle.dumps(array),
        lambda: np.concatenate([array, kept]),
        lambda: np.stack([kept, kept]),
        lambda: np.where(array > 0, array, 0),
        lambda: np.quantile(array, 0.5),
        lambda: np.save("copy.npy", array),
        lambda: list(array.flat),
        lambda: repr(array),
    ]
    for number, use in enumerate(uses):
        with pytest.raises(diff2d.DataError, match="has become shorter"):
            use()
            pytest.fail(f"use {number}")


@pytest.mark.parametrize("name", ["cube.journal", "cube.npy"])
def test_pipes_are_not_waited_for(name):
    path = copy("finished")
    os.remove(name)
    os.mkfifo(name)
    with pytest.raises(diff2d.ResourceError, match="no file"):
        diff2d.open(path)


def test_a_record_has_its_columns_as_arrays_as_far_as_rows_are_whole():
    for end in ("json", "csv"):
        shutil.copy(FIXTURES / f"recorded.record.{end}", f"c.record.{end}")
    names, *rows = Path("c.record.csv").read_text().splitlines()
    os.truncate("c.record.csv", os.path.getsize("c.record.csv") - 5)
    found = Record.beside(Path("c.npy"))
    assert list(found) == names.split(",") and found["step"].dtype == np.int64
    assert found["t"].tolist() == [float(row.split(",")[1]) for row in rows[:-1]]
    with pytest.raises(diff2d.ResourceError, match="no record"):
        Record.beside(Path("d.npy"))
