"""Diffusion as the course writes it in NumPy: slices, and a Laplacian array."""

import time

import numpy as np
from common import Problem

problem = Problem()
r = problem.r
p = problem.initial()
lapl = np.zeros_like(p)

start = time.perf_counter()
for s in range(problem.nsteps):
    lapl[1:-1, 1:-1] = (
        p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * p[1:-1, 1:-1]
    )
    p = p + r * lapl
seconds = time.perf_counter() - start
problem.report(seconds, 1, p, f"NumPy {np.__version__}")
