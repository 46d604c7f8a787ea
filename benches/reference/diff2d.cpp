// Diffusion as the course writes it in C++: one loop for the Laplacian, one for the new density.
#include "common.hpp"

#include <utility>

int main(int argc, char** argv) {
    const Problem problem(argc, argv);
    const long n = problem.npnts;
    const double r = problem.r;

    Field dens = problem.field(), densnext = problem.field(), laplacian = problem.field();
    for (long j = 0; j < n; j++) {
        problem.initial_row(j, &dens[j * n]);
        problem.initial_row(j, &densnext[j * n]);
        for (long i = 0; i < n; i++) laplacian[j * n + i] = 0;
    }

    const double start = now();
    for (long s = 0; s < problem.nsteps; s++) {
        const double* p = dens.get();
        double *next = densnext.get(), *lapl = laplacian.get();
        for (long j = 1; j < n - 1; j++)
            for (long i = 1; i < n - 1; i++)
                lapl[j * n + i] = p[(j + 1) * n + i] + p[(j - 1) * n + i] + p[j * n + i + 1] +
                                  p[j * n + i - 1] - 4 * p[j * n + i];
        for (long j = 1; j < n - 1; j++)
            for (long i = 1; i < n - 1; i++) next[j * n + i] = p[j * n + i] + r * lapl[j * n + i];
        std::swap(dens, densnext);
    }
    problem.report(now() - start, 1, dens.get());
}
