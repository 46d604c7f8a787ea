"""What must hold on a disk after a power cut, given what had been reported before it."""

import json
import os
import re
import subprocess
from collections import Counter


class File:
    """What was reported of one file: commands begun on it, how far they had succeeded, lines printed."""

    def __init__(self):
        self.begun, self.succeeded, self.lines, self.codes = [], 0, [], set()


def files_reported(reports):
    """The files that the reports are about, by name."""
    files = {}
    for report in reports:
        name, _, said = report.partition(" ")
        word, _, value = said.partition(" ")
        file = files.setdefault(name, File())
        if word == "begin":
            file.begun.append(value)
        elif word == "exit":
            file.codes.add(int(value))
            if value == "0":
                file.succeeded = len(file.begun)
        else:
            file.lines.append(said)
    return files


def records(journal):
    """The snapshots that a journal lists, by (scenario, index), without what is new in every run."""
    listed = {}
    with open(journal, "rb") as file:
        for line in file.read().split(b"\n")[1:]:
            try:
                record = json.loads(line)
            except ValueError:
                continue  # torn
            record.pop("crc")
            listed[record.get("scenario", 0), record["index"]] = record
    return listed


def content(path):
    with open(path, "rb") as file:
        return file.read()


class Checks:
    """Compares files with those of an undisturbed program."""

    def __init__(self, program, directory, cubes, results):
        """Makes the files to compare with in that directory."""
        self.program, self.directory, self.cubes, self.results = program, directory, cubes, results
        self.count = Counter()  # what was checked
        for key in cubes | results:
            done = self.diff2d(self.command(key, self.path(key)))
            if done.returncode != 0:
                raise SystemExit(f"tests/powercut: {key}: {done.stderr.strip()}")
        self.snapshots = {key: records(self.journal(self.path(key))) for key in cubes}
        self.headers = {}
        for key in cubes:
            with open(self.journal(self.path(key)), "rb") as journal:
                self.headers[key] = json.loads(journal.readline())

    def path(self, key):
        return os.path.join(self.directory, f"{key}.npy")

    def journal(self, path):
        return path.removesuffix(".npy") + ".journal"

    def command(self, key, output):
        words = (self.cubes | self.results)[key].replace("OUT", output).split()
        return [os.path.join(self.directory, word[1:]) if re.match(r"/\w+\.(toml|npy)$", word) else word for word in words]

    def diff2d(self, words):
        return subprocess.run(
            [self.program, *words], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def after_cut(self, mounted, files):
        """Checks all files that were begun before the cut; yields (kind of file, what is wrong)."""
        for name, file in files.items():
            kind, check = ("cubes", self.cube) if file.begun[0] in self.cubes else ("results", self.result)
            for wrong in check(os.path.join(mounted, name), file):
                yield kind, f"{name}: {wrong}"

    def before_cuts(self, files):
        """Checks what was reported by all commands, killed ones apart; yields what is wrong."""
        for name, file in files.items():
            self.count_checkpoints(file.begun[0], file.lines)
            for code in file.codes - {0, 137}:
                yield f"{name}: exit {code} before any power cut: {' '.join(file.lines[-1:])}"

    def result(self, path, file):
        """It is what was reported last, or what a later command was about to put there; whole in any case."""
        allowed = file.begun[max(file.succeeded - 1, 0) :]
        self.count["results"] += bool(file.succeeded)
        if not os.path.exists(path):
            if file.succeeded:
                yield "reported and gone"
            return
        found = content(path)
        if not any(found == content(self.path(key)) for key in allowed):
            reported = "reported, and" if file.succeeded else "under its name, but"
            yield f"{reported} not whole: {len(found)} bytes, {found.count(0)} of them zeros"

    def cube(self, path, file):
        """What was reported is listed, what is listed is whole, and a resume ends with the reference's bytes."""
        key = file.begun[0]
        reference, snapshots, journal = content(self.path(key)), self.snapshots[key], self.journal(path)
        listed = records(journal) if os.path.exists(journal) else {}
        reported = self.reported(snapshots, file.lines)
        self.count["snapshots"] += len(reported)
        if lost := reported - listed.keys():
            yield f"{len(lost)} of {len(reported)} snapshots reported are not in the journal"
        if listed:
            found, shape = content(path) if os.path.exists(path) else b"", self.headers[key]["shape"]
            size = 8 * shape[-1] * shape[-2]
            wrong = 0
            for (scenario, index), record in listed.items():
                at = 4096 + (scenario * shape[-3] + index) * size
                same = found[at : at + size] == reference[at : at + size]
                wrong += not same or record != snapshots.get((scenario, index))
            if wrong:
                yield f"{wrong} of {len(listed)} snapshots listed are not those of an undisturbed run"
            verified = self.diff2d(["verify", path])
            if verified.returncode != 0:
                yield f"verify: exit {verified.returncode}: {verified.stderr.strip()}"
        if len(reported) < len(snapshots):
            yield from self.resume(path, key)

    def resume(self, path, key):
        self.count["resumes"] += 1
        resumed = self.diff2d(self.command(key, path))
        self.count_checkpoints(key, resumed.stderr.splitlines())
        if resumed.returncode != 0:
            yield f"resume: exit {resumed.returncode}: {resumed.stderr.strip()}"
        elif content(path) != content(self.path(key)):
            yield "resume: other bytes than an undisturbed run's"
        elif records(self.journal(path)) != self.snapshots[key]:
            yield "resume: another journal than an undisturbed run's"
        else:
            for end in ("record.csv", "record.json", "mean.npy"):
                stream, reference = (name.removesuffix("npy") + end for name in (path, self.path(key)))
                if os.path.exists(reference) and not (os.path.exists(stream) and content(stream) == content(reference)):
                    yield f"resume: another {end} than an undisturbed run's"

    def reported(self, snapshots, lines):
        """Snapshots that printed lines report: a run prints their times, a sweep its complete scenarios."""
        numbers = {float(line) for line in lines if re.fullmatch(r"\d[\d.e-]*", line)}
        return {
            place
            for place, record in snapshots.items()
            if record.get("scenario", record["simtime"]) in numbers
        }

    def count_checkpoints(self, key, lines):
        """Counts how often a run continued from a checkpoint or a scratch: after a step that is no snapshot's."""
        for line in lines:
            step = re.search(r"continuing after step (\d+)", line)
            if step and int(step[1]) % self.headers[key].get("nper", 1) != 0:
                self.count["from a scratch" if key == "bands" else "from a checkpoint"] += 1
