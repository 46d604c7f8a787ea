"""Diffusion in Python alone: lists and loops."""

import platform
import time
from array import array

from common import Problem

problem = Problem()
n, r = problem.npnts, problem.r
start, stop = problem.x1 - problem.dx, problem.x2 + problem.dx
x = [i * ((stop - start) / (n - 1)) + start for i in range(n)]
x[-1] = stop
xm = (problem.x1 + problem.x2) / 2
a = [1 - abs(1 - 4 * abs((x[i] - xm) / (problem.x2 - problem.x1))) for i in range(n)]
inside = range(1, n - 1)
p = [[0.0] * n for j in range(n)]
lapl = [[0.0] * n for j in range(n)]
for j in inside:
    for i in inside:
        p[j][i] = a[j] * a[i]

start = time.perf_counter()
for s in range(problem.nsteps):
    for j in inside:
        for i in inside:
            lapl[j][i] = p[j + 1][i] + p[j - 1][i] + p[j][i + 1] + p[j][i - 1] - 4 * p[j][i]
    for j in inside:
        for i in inside:
            p[j][i] = p[j][i] + r * lapl[j][i]
seconds = time.perf_counter() - start
final = array("d", [value for row in p for value in row])
problem.report(seconds, 1, final, f"Python {platform.python_version()}")
