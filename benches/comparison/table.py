"""Results as tables, which are also Markdown."""

import math

# What the figures mean, for the JSON file.
DEFINITIONS = [
    "an update is one interior node advanced one step",
    "time is that of the stepping loop alone, median of the rounds; of the whole run it is that of the process",
    "ratio is the time per update by that of diff2d with as many threads",
    "throughput counts 16 bytes an update, one value read and one written, whatever was really moved: temporal tiling moves less, so it may exceed that of the memory",
    "the ceiling of the memory is the traffic of STREAM's triad (24 bytes an element, arrays that no cache holds) by 16 bytes; where fields do not fit into the caches, a loop that takes one step at a time cannot pass it",
    "the ceiling of the arithmetic is the rate of independent operations in the registers, five additions to two multiplications, by the 7 operations of an update; a program that performs them all cannot pass it unless its compiler contracts multiplications and additions",
    "the ceiling of additions is the rate of independent additions in the registers by 3, the fewest operations that give the bits of an update: where r is a quarter and the field is smooth, a step is a quarter of the sum of the four neighbours",
    "final is the last state compared with that of diff2d; where a compiler may contract a*b + c to one rounding, the largest difference must be below steps * 2^-51, in problems of other kinds steps * 2^-48",
]
REMARKS_ON_CEILINGS = [
    "ceiling of the memory: the triad of STREAM; a loop that takes one step at a time moves 16 bytes an update where its fields fit into no cache",
    "ceiling of the arithmetic: five independent additions to two multiplications in the registers; an update has 7 flops, five additions and subtractions and two multiplications",
    "ceiling of additions: independent additions in the registers; three are the fewest operations of an update, enough where r is a quarter and the field smooth",
]
# A time is called disturbed where the longest exceeds the median by more than this, of three times or more.
USUAL_EXCESS = 1.5
FEWEST_TIMES = 3


def three_digits(value):
    """A number with three significant digits: 0.0853, 1.42, 13.9, 337."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(2 - math.floor(math.log10(abs(value))), 0)
    return f"{value:.2e}" if decimals > 6 else f"{value:.{decimals}f}"


def verdict(final):
    if final is None:
        return "–"
    if final["equal"]:
        return "equal"
    if 0 < final["allowed"] >= final["largest_difference"]:
        return f"within {final['largest_difference']:.1e}"
    return f"DIFFERS by {final['largest_difference']:.1e}"


def aligned(header, rows, columns_of_words):
    """A table whose columns have one width; those of words are aligned to the left."""
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    rule = ["-" * width if column in columns_of_words else "-" * (width - 1) + ":" for column, width in enumerate(widths)]

    def line(row):
        cells = (cell.ljust(width) if column in columns_of_words else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths)))
        return f"| {' | '.join(cells)} |"

    return "\n".join(line(row) for row in [header, rule, *rows])


def head(results):
    """The problem, and the machine with a remark on other processes."""
    problem = results["problem"]
    r = f", r = {problem['r']!r}" if "r" in problem else ""
    of_course = " (the problem of the course)" if problem["seed"] else ""
    return (f"{problem['size']} × {problem['size']} interior nodes, {problem['steps']} steps{r}{of_course}\n"
            f"{results['machine']}{disturbance(results)}")


def disturbance(results):
    load = results["load_before"]
    return f"; other processes were running (load {load:.1f} before)" if load is not None and load >= 0.5 else ""


def table_of_programs(results, ceilings):
    """A line for each program and number of threads, and for each ceiling."""
    header = ["program", "flags", "threads", "steps", "median s", "min–max s", "10⁹ updates/s", "time by diff2d's",
              "final state"]
    rows = []
    for entry in results["entries"]:
        seconds = entry["seconds"]
        rows.append([entry["program"], entry["flags"], entry["threads"], entry["steps"], three_digits(seconds["median"]),
                     f"{three_digits(seconds['min'])}–{three_digits(seconds['max'])}",
                     three_digits(entry["updates_per_second"] / 1e9),
                     "–" if entry["ratio"] is None else three_digits(entry["ratio"]), verdict(entry["final"])])
    for ceiling in ceilings:
        for name, amount, updates in ceiling.limits():
            rows.append([name, amount, ceiling.threads, "–", "–", "–", three_digits(updates / 1e9), "–", "–"])
    return aligned(header, rows, {0, 1, 8})


def table_of_kinds(every_result):
    """A line for each kind of problem and number of threads, with the loop in C++ beside diff2d."""
    header = ["problem", "threads", "diff2d s", "C++ s", "diff2d 10⁹/s", "C++ 10⁹/s", "time by diff2d's", "final state"]
    rows = []
    for results in every_result:
        loops = {entry["threads"]: entry for entry in results["entries"] if entry["language"] == "C++"}
        for entry in results["entries"]:
            if entry["program"] != "diff2d":
                continue
            loop = loops.get(entry["threads"])
            figures = [three_digits(entry["seconds"]["median"]), "–", three_digits(entry["updates_per_second"] / 1e9), "–",
                       "–", "–"]
            if loop is not None:
                figures[1] = three_digits(loop["seconds"]["median"])
                figures[3] = three_digits(loop["updates_per_second"] / 1e9)
                figures[4] = three_digits(loop["ratio"])
                figures[5] = verdict(loop["final"])
            rows.append([results["name"], entry["threads"], *figures])
    return aligned(header, rows, {0, 7})


def remarks(results):
    """What stands below the table."""
    lines = [f"{tool['name']}: {tool['version']}" for tool in results["tools"]]
    lines += [f"missing: {missing}" for missing in results["missing"]]
    if any(entry["steps"] != results["problem"]["steps"] for entry in results["entries"]):
        lines.append("slow programs take fewer steps: compare their updates per second")
    if results["ceilings"]:
        lines += REMARKS_ON_CEILINGS
    disturbed = [(entry["seconds"]["max"] / entry["seconds"]["median"], entry) for entry in results["entries"]
                 if len(entry["seconds"]["rounds"]) >= FEWEST_TIMES and entry["seconds"]["median"] > 0]
    excess, entry = max(disturbed, key=lambda pair: pair[0], default=(0, None))
    if excess > USUAL_EXCESS:
        lines.append(f"{entry['program']}, threads {entry['threads']}: one round took {excess:.1f} times the median; "
                     "other processes may have disturbed it")
    return "\n".join(f"- {line}" for line in lines)
