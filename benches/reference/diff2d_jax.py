"""Diffusion in JAX: whole arrays, compiled on the fly, on as many processors as there are to be threads."""

import functools
import os
import time

# Its pool has a thread for each processor that the process may use.
threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import numpy  # noqa: E402
from common import Problem  # noqa: E402

jax.config.update("jax_enable_x64", True)


@functools.partial(jax.jit, donate_argnums=0)
def advance(p, r, nsteps):
    def step(_, p):
        c = p[1:-1, 1:-1]
        lapl = p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * c
        return p.at[1:-1, 1:-1].set(c + r * lapl)

    return jax.lax.fori_loop(0, nsteps, step, p)


problem = Problem()
p = jax.numpy.asarray(problem.initial())
p = advance(p, problem.r, 0).block_until_ready()  # compiles

start = time.perf_counter()
p = advance(p, problem.r, problem.nsteps).block_until_ready()
seconds = time.perf_counter() - start
problem.report(seconds, threads, numpy.asarray(p), f"jax {jax.__version__}")
