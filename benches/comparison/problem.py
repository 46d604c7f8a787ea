"""The problems that all programs solve, in the forms in which the programs take them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .process import Failure, run

SEED = Path(__file__).resolve().parents[2] / "params" / "diff2dparams.toml"
# Updates that a program of ordinary speed takes a second or two for: about those of the course's problem.
UPDATES = 1_200_000_000
# There are 27 problems of other kinds, so each takes half as long.
UPDATES_OF_KIND = UPDATES // 2
SIZE_OF_KIND = 1024
# With fewer steps the start and the end of a program would count.
FEWEST_STEPS = 48
# The largest cube that a whole run writes [bytes].
LARGEST_CUBE = 256 << 20
SNAPSHOTS_OF_WHOLE_RUN = 30
PLAN_LIMIT = 60

# How many updates a program is asked for, by its speed: rates are compared, not times. None stands for all.
BUDGETS = {"compiled": None, "arrays": UPDATES, "interpreted": UPDATES // 500}

# What the square consists of: the word for the reference program, the name in tables, the keys of a parameter file.
# benches/reference/physics.cpp has the same numbers and formulas.
MATERIALS = {
    "constant": ("one D", "D = 0.8"),
    "anisotropic": ("Dx and Dy", "Dx = 0.9\nDy = 0.4"),
    "varying": ("D(x, y)", 'D = "1 + 0.4*x*y"'),
    "storing": ("one D, c(x, y)", 'D = 0.8\ncapacity = "1 + 0.4*x*y"'),
    "varying_storing": ("D(x, y), c(x, y)", 'D = "1 + 0.4*x*y"\ncapacity = "1 + 0.4*x*y"'),
}
WALLS = {
    "fixed": "0.0",
    "insulated": "{ flux = 0.0 }",
    "robin": "{ robin = [1.0, 2.0, 0.5] }",
    "periodic": '"periodic"',
}


@dataclass(frozen=True)
class Kind:
    """A kind of problem other than the course's: what the square consists of, what all four sides have, and whether there
    is a source, 0.1 x + y²."""

    material: str
    walls: str
    has_source: bool

    def name(self):
        source = ", source" if self.has_source else ""
        return f"{MATERIALS[self.material][0]}{source}, {self.walls}"

    def keys(self):
        """Its keys in a parameter file; spacing and times are set beside it."""
        source = 'source = "0.1*x + y*y"\n' if self.has_source else ""
        sides = "".join(f"{side} = {WALLS[self.walls]}\n" for side in ("left", "right", "bottom", "top"))
        return ("x1 = -1.0\nx2 = 1.0\ndx = 0.5\nruntime = 1.0\nouttime = 1.0\ngraphics = false\n"
                f'grid = "walls"\ntimes = "course"\n{MATERIALS[self.material][1]}\n{source}[boundary]\n{sides}')


def kinds():
    """All kinds but the course's own, one D between fixed walls. One D with a source is computed as Dx and Dy."""
    materials = [("constant", False), ("anisotropic", False), ("anisotropic", True), ("varying", False),
                 ("varying", True), ("storing", False), ("varying_storing", False)]
    every_kind = [Kind(material, walls, has_source) for material, has_source in materials for walls in WALLS]
    return every_kind[1:]


class Problem:
    """The course's problem or one of another kind, of `size` interior nodes a side and `steps` steps if they are given.

    The program itself tells grid and time step, by `diff2d plan`; the parameter file is written into `directory`.
    """

    def __init__(self, diff2d, directory, kind=None, size=None, steps=None):
        self.kind = kind
        self.params = directory / "params.toml"
        self.params.write_text(SEED.read_text() if kind is None else kind.keys())
        course = plan(diff2d, self.params)
        self.x1, self.x2 = course["params"]["x1"], course["params"]["x2"]
        self.diffusivity = course["params"].get("D")
        if kind is not None and size is None:
            size = SIZE_OF_KIND
        # Half a cell away from where truncation would change the number of cells. With nodes on the walls there is one cell
        # more than there are interior nodes.
        cells_beyond = 0.5 if kind is None else 1.5
        self.wanted_dx = course["params"]["dx"] if size is None else (self.x2 - self.x1) / (size + cells_beyond)
        planned = plan(diff2d, self.params, [f"dx={self.wanted_dx!r}"])
        self.nodes, self.dx, self.dt = planned["nx"], planned["dx"], planned["dt"]
        self.r = planned["r"]
        self.size = self.nodes - 2
        has_course_size = kind is None and self.nodes == course["nx"]
        usual_steps = course["nsteps"] if has_course_size else self.usual_steps()
        self.steps = usual_steps if steps is None else steps
        self.is_of_course = has_course_size and self.steps == usual_steps
        if (planned_steps := plan(diff2d, self.params, self.settings(self.steps))["nsteps"]) != self.steps:
            raise Failure(f"diff2d would take {planned_steps} steps where {self.steps} are asked for")

    def usual_steps(self):
        updates = UPDATES if self.kind is None else UPDATES_OF_KIND
        return min(max(updates // self.interior(), FEWEST_STEPS), 1_000_000)

    def name(self):
        return "one D, fixed" if self.kind is None else self.kind.name()

    def interior(self):
        return self.size * self.size

    def field_bytes(self):
        return self.nodes * self.nodes * 8

    def time_of(self, steps):
        """A time that truncates to a number of steps."""
        return (steps + 0.5) * self.dt

    def settings(self, steps):
        """What to --set for a number of steps with only the first and the last snapshot."""
        runtime = self.time_of(steps)
        return [f"dx={self.wanted_dx!r}", f"runtime={runtime!r}", f"outtime={runtime!r}"]

    def settings_of_whole_run(self):
        """What to --set for the whole run with its snapshots; None where its cube would be too large to measure."""
        if self.kind is not None:
            return None
        if self.is_of_course:
            return []
        if (SNAPSHOTS_OF_WHOLE_RUN + 1) * self.field_bytes() > LARGEST_CUBE:
            return None
        between = max(self.steps // SNAPSHOTS_OF_WHOLE_RUN, 1)
        return [*self.settings(self.steps)[:2], f"outtime={self.time_of(between)!r}"]

    def params_file(self, steps):
        """A file of all its parameters for a number of steps."""
        path = self.params.with_name(f"params-{steps}.toml")
        text = self.params.read_text()
        for setting in self.settings(steps):
            key, _, value = setting.partition("=")
            text = re.sub(rf"^{key}\s*=.*$", f"{key} = {value}", text, flags=re.MULTILINE)
        path.write_text(text)
        return path

    def arguments(self, steps):
        """The arguments of the reference programs, without the file for the final state."""
        if self.kind is None:
            return [repr(float(value)) for value in (self.diffusivity, self.x1, self.x2, self.wanted_dx)] + [str(steps)]
        source = "source" if self.kind.has_source else "none"
        return [self.kind.material, self.kind.walls, source, repr(float(self.x1)), repr(float(self.x2)), str(self.nodes),
                repr(self.dt), str(steps)]

    def steps_for(self, budget):
        """How many steps a program of that budget takes, a key of BUDGETS."""
        updates = BUDGETS[budget]
        # The times that the course gives for operations on arrays are those of its whole problem.
        if updates is None or (budget == "arrays" and self.is_of_course):
            return self.steps
        return min(max(updates // self.interior(), 1), self.steps)

    def contraction(self, steps):
        """The largest difference that contraction explains after some steps.

        For states within ±1 contraction changes a step of the course's by less than 2^-51: it leaves out the rounding of
        r*lapl, at most 2^-53 as |r*lapl| ≤ 2, and may round the sum to the other side, at most 2^-52. The schemes do not
        amplify differences, so they add up. The other kinds have up to four products, at most 2 in all as stable weights add
        up to at most 1, three sums of them, a source and a ghost: less than 2^-48.
        """
        return steps * 2.0 ** (-51 if self.kind is None else -48)

    def as_json(self):
        kind = {} if self.kind is None else {
            "variant": {"material": self.kind.material, "walls": self.kind.walls, "source": self.kind.has_source}}
        return {"seed": self.is_of_course, **kind, "size": self.size, "nodes": self.nodes, "steps": self.steps,
                **({"r": self.r} if self.kind is None else {}), "dx": self.dx, "dt": self.dt,
                "x1": self.x1, "x2": self.x2, "wanted_dx": self.wanted_dx}


def plan(diff2d, params, settings=()):
    """What `diff2d plan --json` answers."""
    overrides = [word for setting in settings for word in ("--set", setting)]
    return json.loads(run([diff2d, "--quiet", "plan", params, *overrides, "--json"], PLAN_LIMIT).stdout)
