"""Diffusion in NumPy without temporaries: each operation writes into memory that is there."""

import time

import numpy as np
from common import Problem

problem = Problem()
r = problem.r
p = problem.initial()
lapl = np.empty((problem.npnts - 2, problem.npnts - 2))
four = np.empty_like(lapl)
centre, north, south = p[1:-1, 1:-1], p[2:, 1:-1], p[:-2, 1:-1]
east, west = p[1:-1, 2:], p[1:-1, :-2]

start = time.perf_counter()
for s in range(problem.nsteps):
    np.add(north, south, out=lapl)
    lapl += east
    lapl += west
    np.multiply(centre, 4, out=four)
    lapl -= four
    lapl *= r
    centre += lapl
seconds = time.perf_counter() - start
problem.report(seconds, 1, p, f"NumPy {np.__version__}")
