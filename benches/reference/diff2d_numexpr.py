"""Diffusion in numexpr: one expression a step, evaluated piece by piece by its threads."""

import time

import numexpr as ne
from common import Problem

problem = Problem()
r = problem.r
p = problem.initial()
following = p.copy()


def views(p):
    return {
        "c": p[1:-1, 1:-1],
        "n": p[2:, 1:-1],
        "s": p[:-2, 1:-1],
        "e": p[1:-1, 2:],
        "w": p[1:-1, :-2],
        "r": r,
    }


now, later = (p, views(p)), (following, views(following))
start = time.perf_counter()
for s in range(problem.nsteps):
    ne.evaluate("c + r*(n + s + e + w - 4*c)", local_dict=now[1], out=later[1]["c"])
    now, later = later, now
seconds = time.perf_counter() - start
problem.report(seconds, ne.nthreads, now[0], f"numexpr {ne.__version__}")
