"""Random tables in the forms of loggers and spreadsheets, written by Python's csv module, which fits and functions read.

    loggers_reference.py make DIRECTORY COUNT SEED    commands.txt, and the files of each command
    loggers_reference.py check DIRECTORY              the rows that were read, or the refusal

Every other table is mutated: its file is refused with a sentence, or read.
"""

import csv
import datetime
import io
import json
import random
import sys
from pathlib import Path

BODY = """D = 1.0
x1 = 0.0
x2 = 1.0
dx = 0.5
grid = 'walls'
method = 'exact'
boundary = 'insulated'
initial = { kind = 'constant', value = 'a' }
record = { every = 1e9, points = { p = [0.5, 0.5] } }
runtime = 1e9
outtime = 1e9
constants = { a = 280.0 }
units = { t = 's', p = 'K' }
[fit]
vary = { a = [1.0, 1000.0] }
"""
UNITS = {"K": lambda v: v, "°C": lambda v: v + 273.15, "degC": lambda v: v + 273.15}
FORMS = ["T [{}]", "T ({})", "T / {}", "T, {}", "T_{}"]
DATES = {
    "%Y-%m-%d %H:%M:%S": None,
    "%Y-%m-%dT%H:%M:%S": None,
    "%d.%m.%Y %H:%M:%S": "d.m.y",
    "%m/%d/%Y %I:%M:%S %p": "m/d/y",
    "%y-%m-%d %H:%M:%S": "y-m-d",
}


def table(draw):
    """The text of a file, the keys with which it is read, and its times and values in s and K."""
    delimiter = draw.choice(",;\t")
    comma = delimiter != "," and draw.random() < 0.5
    unit, form = draw.choice(list(UNITS)), draw.choice(FORMS)
    if form == "T_{}":
        unit = draw.choice(["K", "degC"])
    heading = form.format(unit)
    keys = {}
    count = draw.randrange(2, 7)
    times = [0]
    for _ in range(count - 1):
        times.append(times[-1] + draw.randrange(1, 100_000))
    dated = draw.choice([None, *DATES])
    rows = []
    for seconds in times:
        value = repr(draw.choice([round(draw.uniform(-50, 50), 3), float(draw.randrange(9))]))
        rows.append([seconds, value])
    values = [UNITS[unit](float(value)) for _, value in rows]
    fields = []
    for seconds, value in rows:
        time = str(seconds)
        if dated:
            start = datetime.datetime(2026, 1, 5, 22)
            time = (start + datetime.timedelta(seconds=seconds)).strftime(dated)
        if comma:
            value = value.replace(".", ",")
        fields.append([time, value])
    if dated and DATES[dated]:
        keys["dates"] = DATES[dated]
    time_heading = draw.choice(["time", "time [s]"]) if not dated else "time"
    table_rows = [[time_heading, heading], *fields]
    if dated and " " in fields[0][0] and draw.random() < 0.3:
        table_rows = [["date", "clock", heading], *[[*f[0].split(" ", 1), f[1]] for f in fields]]
        keys["time"] = ["date", "clock"]
    elif draw.random() < 0.3:
        table_rows = [[row[1], row[0]] for row in table_rows]
        keys["time"] = "time"
    else:
        keys["time"] = 0
    if draw.random() < 0.3:
        number = draw.randrange(1, 4)
        table_rows = [["Logger"]] * number + table_rows
        if draw.random() < 0.5:
            keys["skip"] = number
    out = io.StringIO()
    quoting = draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
    writer = csv.writer(
        out, delimiter=delimiter, quoting=quoting, lineterminator=draw.choice(["\n", "\r\n", "\r"])
    )
    writer.writerows(table_rows)
    return out.getvalue(), keys, times, values


def mutated(draw, data):
    data = bytearray(data)
    for _ in range(draw.randrange(1, 4)):
        place = draw.randrange(len(data) + 1)
        kind = draw.randrange(5)
        if kind == 0:
            data[place:place] = bytes([draw.randrange(256)])
        elif kind == 1:
            del data[place : place + draw.randrange(1, 9)]
        elif kind == 2:
            data[place:place] = draw.choice([b",", b";", b'"', b"\0", b"\n", b"\r", b"1e999", b"-", b"\xff", b"/"])
        elif kind == 3:
            data[place : place + 1] = bytes([draw.randrange(256)])
        else:
            data[place:place] = data[: draw.randrange(len(data) + 1)]
    return bytes(data)


def make(directory, count, seed):
    draw, commands = random.Random(seed), []
    for number in range(count):
        text, keys, times, values = table(draw)
        encoding = draw.choice(["utf-8", "utf-8-sig", "utf-16", "latin-1"])
        data = text.encode(encoding)
        is_mutated = number % 2 == 1
        (directory / f"{number}.csv").write_bytes(mutated(draw, data) if is_mutated else data)
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        column = next((name for name in ("T_K", "T_degC") if name in text), "T")
        if is_of_fit(number):
            table_of_file = f"[[fit.data]]\ncolumns = {{ {column} = 'p' }}\nsigma = 1.0\n{lines}"
            command = f"fit\t{number}.toml\t-o\t{number}.fit.json\t-q"
        else:
            table_of_file = f"[function.f]\nto = '{column}'\n{lines.replace('time = ', 'from = ', 1)}"
            command = f"plan\t{number}.toml\t--json"
        (directory / f"{number}.toml").write_text(f"{BODY}{table_of_file}file = '{number}.csv'\n")
        expected = None if is_mutated else [times, values]
        (directory / f"{number}.json").write_text(json.dumps(expected))
        commands.append(command)
    (directory / "commands.txt").write_text("\n".join(commands) + "\n")


def is_of_fit(number):
    """Whether a table is read by a fit, and not by a function."""
    return number % 4 < 2


def is_read(directory, number, times, values):
    """Whether the rows that were read are those of the table."""
    if is_of_fit(number):
        with open(directory / f"{number}.fit.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))[1:]
        return [[float(row[column]) for row in rows] for column in (0, 2)] == [times, values]
    function = json.loads((directory / f"{number}.stdout").read_text())["functions"][0]
    ends = [times[0], times[-1]], [min(values), max(values)]
    return function["points"] == len(times) and (function["range"], function["values"]) == ends


def check(directory):
    failures = 0
    commands = (directory / "commands.txt").read_text().splitlines()
    for number in range(len(commands)):

        def read(end):
            return (directory / f"{number}.{end}").read_text()

        expected, code, stderr = json.loads(read("json")), read("code"), read("stderr")
        if expected is None:
            is_right = code in ("0", "1", "2") and "panicked" not in stderr
        else:
            is_right = code == "0" and is_read(directory, number, *expected)
        if not is_right:
            failures += 1
            data = (directory / f"{number}.csv").read_bytes()
            print(number, code, stderr, data, read("toml")[-150:], expected, sep="\n", file=sys.stderr)
    sys.exit(failures > 0)


if sys.argv[1] == "make":
    make(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
else:
    check(Path(sys.argv[2]))
