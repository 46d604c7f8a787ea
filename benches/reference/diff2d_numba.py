"""Diffusion in numba: the loops of the C++ program, compiled on the fly, rows shared by threads."""

import time

import numba
from common import Problem


@numba.njit(parallel=True, cache=True)
def advance(p, following, r, nsteps):
    ny, nx = p.shape
    for s in range(nsteps):
        for j in numba.prange(1, ny - 1):
            for i in range(1, nx - 1):
                lapl = p[j + 1, i] + p[j - 1, i] + p[j, i + 1] + p[j, i - 1] - 4 * p[j, i]
                following[j, i] = p[j, i] + r * lapl
        p, following = following, p
    return p


problem = Problem()
p = problem.initial()
following = p.copy()
advance(p, following, problem.r, 0)  # compiles

start = time.perf_counter()
p = advance(p, following, problem.r, problem.nsteps)
seconds = time.perf_counter() - start
problem.report(seconds, numba.get_num_threads(), p, f"numba {numba.__version__}")
