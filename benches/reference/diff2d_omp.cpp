// Diffusion in C++ with one loop, its rows shared among OpenMP threads.
#include "common.hpp"

#include <omp.h>
#include <utility>

static void step_row(long n, double r, const double* __restrict__ south, const double* __restrict__ p,
                     const double* __restrict__ north, double* __restrict__ next) {
    for (long i = 1; i < n - 1; i++) {
        const double lapl = north[i] + south[i] + p[i + 1] + p[i - 1] - 4 * p[i];
        next[i] = p[i] + r * lapl;
    }
}

int main(int argc, char** argv) {
    const Problem problem(argc, argv);
    const long n = problem.npnts;

    // Whoever advances a row is the first to touch it.
    Field even = problem.field(), odd = problem.field();
#pragma omp parallel for schedule(static)
    for (long j = 0; j < n; j++) {
        problem.initial_row(j, &even[j * n]);
        problem.initial_row(j, &odd[j * n]);
    }

    const double start = now();
#pragma omp parallel
    {
        double *p = even.get(), *next = odd.get();
        for (long s = 0; s < problem.nsteps; s++) {
#pragma omp for schedule(static)
            for (long j = 1; j < n - 1; j++)
                step_row(n, problem.r, &p[(j - 1) * n], &p[j * n], &p[(j + 1) * n], &next[j * n]);
            std::swap(p, next);
        }
    }
    const double seconds = now() - start;
    problem.report(seconds, omp_get_max_threads(), (problem.nsteps % 2 ? odd : even).get());
}
