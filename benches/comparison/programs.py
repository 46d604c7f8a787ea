"""The reference programs: how they are built, and what is missing for those that cannot be."""

import os
import platform
from dataclasses import dataclass, field
from pathlib import Path

from .process import Failure, run

SOURCES = Path(__file__).resolve().parents[1] / "reference"
COMPILER_LIMIT = 300


@dataclass
class Program:
    """A program that can be run.

    `measured` says what its time is: "steps" of diff2d, which reports them; "whole" for a run of diff2d from start to end;
    "printed" for a program that prints its own. `budget` is a key of problem.BUDGETS.
    """

    name: str
    language: str
    command: list
    flags: str = ""
    version: str = ""
    is_threaded: bool = False
    budget: str = "compiled"
    may_contract: bool = False
    measured: str = "printed"


@dataclass
class Language:
    """A compiled language, with its compiler and its programs: name, source, and whether they take several threads."""

    name: str
    variable: str
    compiler: str
    remedy: str
    programs: list
    support: list = field(default_factory=list)
    flags: str = "-O3"
    native_flag: str = "-march=native"
    has_portable_build: bool = True
    contracts: bool = True


CPP = Language("C++", "CXX", "g++", "on Debian: apt install g++", support=["common.cpp"],
               programs=[("C++, one loop", "diff2d_omp.cpp", True), ("C++, two loops", "diff2d.cpp", False)])
CPP_OF_KINDS = Language("C++", "CXX", "g++", "on Debian: apt install g++", support=["common.cpp", "physics.cpp"],
                        programs=[("C++, one loop", "diff2d_physics.cpp", True)], has_portable_build=False)
FORTRAN = Language("Fortran", "FC", "gfortran", "on Debian: apt install gfortran", support=["common.f90"],
                   programs=[("Fortran, do loops", "diff2d_do.f90", True),
                             ("Fortran, array syntax", "diff2d_array.f90", False)])
RUST = Language("Rust", "RUSTC", "rustc", "https://rustup.rs", programs=[("Rust, one loop", "diff2d_rust.rs", False)],
                flags="-Copt-level=3", native_flag="-Ctarget-cpu=native", contracts=False)

# A program in Python: name, source, modules, whether it takes several threads, budget.
SCRIPTS = [
    ("JAX", "diff2d_jax.py", ["numpy", "jax"], True, "arrays"),
    ("numba", "diff2d_numba.py", ["numpy", "numba"], True, "compiled"),
    ("numexpr", "diff2d_numexpr.py", ["numpy", "numexpr"], True, "arrays"),
    ("NumPy, in place", "diff2d_numpy_inplace.py", ["numpy"], False, "arrays"),
    ("NumPy, slices", "diff2d_numpy.py", ["numpy"], False, "arrays"),
    ("Python", "diff2d_python.py", [], False, "interpreted"),
]


def programs_of_diff2d(diff2d, version):
    """diff2d twice: its steps alone, and a whole run with its cube."""
    steps = Program("diff2d", "Rust", [diff2d], version=version, is_threaded=True, measured="steps")
    whole_run = Program("diff2d, whole run with its cube", "Rust", [diff2d], "every snapshot durable", version,
                        is_threaded=True, measured="whole")
    return [steps, whole_run]


def user_program(words):
    """A program of the user's own; its files are looked for where the user is."""
    command = [str(Path(word).resolve()) if "/" in word and Path(word).exists() else word for word in words]
    return Program(" ".join(words), "own", command, is_threaded=True, budget="arrays", may_contract=True)


class Workshop:
    """Builds reference programs in a directory, and keeps what was built, by which tools, and what is missing and why."""

    def __init__(self, directory):
        self.directory = directory
        self.programs = []
        self.ceilings = None
        self.tools = {}
        self.missing = []

    def build(self, with_physics):
        """All programs for the problem of the course, or those for problems of other kinds."""
        if with_physics:
            self.build_language(CPP_OF_KINDS)
            return
        for language in (CPP, FORTRAN, RUST):
            self.build_language(language)
        self.add_julia()
        self.add_scripts()

    def tool(self, variable, usual, language, remedy):
        """The tool that a variable names or the usual one, or None; its version is kept."""
        command = os.environ.get(variable) or usual
        try:
            version = run([command, "--version"], COMPILER_LIMIT).stdout
        except Failure as failure:
            self.missing.append(f"no {language} programs: {failure} ({remedy})")
            return None
        self.tools[command] = (version.splitlines() or [""])[0].strip()
        return command

    def compile(self, compiler, flags, sources, output):
        # Objects and modules of Fortran are made where the compiler works.
        run([compiler, *flags, *sources, "-o", output], COMPILER_LIMIT, self.directory)
        return self.directory / output

    def build_language(self, language):
        compiler = self.tool(language.variable, language.compiler, language.name, language.remedy)
        if compiler is None:
            return
        try:
            objects = [self.compile(compiler, ["-O3", "-ffp-contract=off", "-c"], [SOURCES / source], f"{source}.o")
                       for source in language.support]
        except Failure as failure:
            self.missing.append(f"no {language.name} programs: {failure}")
            return
        if language is CPP:
            self.build_ceilings(compiler)
        for name, source, is_threaded in language.programs:
            for is_native in (False, True) if language.has_portable_build else (True,):
                native_flag = [language.native_flag] if is_native else []
                flags = [language.flags, *native_flag, *(["-fopenmp"] if is_threaded else [])]
                binary = f"{source}.{'native' if is_native else 'portable'}"
                try:
                    path = self.compile(compiler, flags, [SOURCES / source, *objects], binary)
                except Failure as failure:
                    self.missing.append(f"{name} with {' '.join(flags)} is left out: {failure}")
                    continue
                # Every 64-bit Arm has fused operations; x86-64 has them only where the compiler may use what is there.
                may_contract = language.contracts and (is_native or platform.machine() != "x86_64")
                self.programs.append(Program(name, language.name, [path], " ".join(flags), self.tools[compiler],
                                             is_threaded, may_contract=may_contract))

    def build_ceilings(self, compiler):
        flags = ["-O3", "-march=native", "-ffp-contract=off", "-fopenmp"]
        try:
            self.ceilings = self.compile(compiler, flags, [SOURCES / "ceilings.cpp"], "ceilings")
        except Failure as failure:
            self.missing.append(f"no ceilings: {failure}")

    def add_julia(self):
        julia = self.tool("JULIA", "julia", "Julia", "https://julialang.org/downloads")
        if julia is not None:
            self.programs.append(Program("Julia, one loop", "Julia", [julia, SOURCES / "diff2d_julia.jl"],
                                         version=self.tools[julia], is_threaded=True))

    def add_scripts(self):
        python = self.tool("PYTHON", "python3", "Python", "on Debian: apt install python3")
        if python is None:
            return
        failures = {}
        for name, source, modules, is_threaded, budget in SCRIPTS:
            for module in modules:
                if module not in failures and module not in self.tools:
                    try:
                        imported = run([python, "-c", f"import {module}; print({module}.__version__)"], COMPILER_LIMIT)
                        self.tools[module] = imported.stdout.strip()
                    except Failure as failure:
                        failures[module] = failure
            absent = [module for module in modules if module in failures]
            if absent:
                self.missing.append(f"{name} is left out: {failures[absent[0]]} (pip install {' '.join(modules)})")
                continue
            # XLA, of which JAX is a front end, lets its compiler contract.
            self.programs.append(Program(name, "Python", [python, "-B", SOURCES / source], version=self.tools[python],
                                         is_threaded=is_threaded, budget=budget, may_contract=name == "JAX"))
