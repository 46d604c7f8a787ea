// Diffusion with any walls, materials, capacities and sources in C++ with one loop, its rows shared among OpenMP
// threads. Around the nodes lies a ring of ghosts, written before every step.
#include "physics.hpp"

#include <cmath>
#include <omp.h>
#include <utility>

// What a row reads besides the state.
struct Row {
    double rx, ry;
    const double *x, *y_north, *y_south, *source, *rate;
};

template <Material material, bool has_source>
static void step_row(long first, long last, const Row& row, const double* __restrict__ north,
                     const double* __restrict__ p, const double* __restrict__ south,
                     double* __restrict__ next) {
    const double* __restrict__ x = row.x;
    const double* __restrict__ yn = row.y_north;
    const double* __restrict__ ys = row.y_south;
    const double* __restrict__ source = row.source;
    const double* __restrict__ rate = row.rate;
    const double rx = row.rx, ry = row.ry;
    for (long i = first; i < last; i++) {
        if (material == Material::storing && !has_source) {
            // Rounded as the program rounds it: std::fma is one instruction.
            const double sum = (south[i] + p[i + 1]) + (north[i] + p[i - 1]);
            next[i] = std::fma(rx * rate[i], std::fma(-4.0, p[i], sum), p[i]);
            continue;
        }
        double increment;
        if (material == Material::constant && !has_source)
            increment = rx * (south[i] + north[i] + p[i + 1] + p[i - 1] - 4 * p[i]);
        else if (!Physics::varies(material))
            increment = rx * ((p[i + 1] + p[i - 1]) - (p[i] + p[i])) +
                        ry * ((south[i] + north[i]) - (p[i] + p[i]));
        else
            increment = (x[i + 1] * (p[i + 1] - p[i]) - x[i] * (p[i] - p[i - 1])) +
                        (ys[i] * (south[i] - p[i]) - yn[i] * (p[i] - north[i]));
        const double change = has_source ? increment + source[i] : increment;
        next[i] = p[i] + (Physics::stores(material) ? rate[i] * change : change);
    }
}

// The ghosts beyond both ends of row k and of column k.
static void write_ghosts(const Physics& problem, long k, double* p, long stride) {
    const long n = problem.npnts;
    if (problem.walls == Walls::fixed) return;
    const auto end = [&](int side, double* outermost, long outward, const double* opposite) {
        if (problem.walls == Walls::periodic) {
            outermost[outward] = *opposite;
            return;
        }
        const Ghost ghost = problem.ghosts[side][k];
        outermost[outward] = outermost[-outward] + (ghost.alpha - ghost.beta * *outermost);
    };
    double *row = p + k * stride, *column = p + k;
    end(0, row, -1, row + n - 2);
    end(1, row + n - 1, 1, row + 1);
    end(2, column, -stride, column + (n - 2) * stride);
    end(3, column + (n - 1) * stride, stride, column + stride);
}

template <Material material, bool has_source>
static void run(const Physics& problem) {
    const long n = problem.npnts, stride = n + 2;
    const long first = problem.first(), last = problem.last();
    Field even(new double[stride * stride]), odd(new double[stride * stride]);

    // Whoever advances a row is the first to touch it.
#pragma omp parallel for schedule(static)
    for (long j = 0; j < n; j++) {
        problem.initial_row(j, &even[(j + 1) * stride + 1]);
        problem.initial_row(j, &odd[(j + 1) * stride + 1]);
    }

    const double start = now();
#pragma omp parallel
    {
        double *p = &even[stride + 1], *next = &odd[stride + 1];
        for (long s = 0; s < problem.nsteps; s++) {
#pragma omp for schedule(static)
            for (long k = 0; k < n; k++) write_ghosts(problem, k, p, stride);
#pragma omp for schedule(static)
            for (long j = first; j < last; j++) {
                const Row row = {problem.rx,
                                 problem.ry,
                                 problem.x.data() + j * (n + 1),
                                 problem.y.data() + j * n,
                                 problem.y.data() + (j + 1) * n,
                                 problem.source.data() + j * n,
                                 problem.rate.data() + j * n};
                double* here = p + j * stride;
                step_row<material, has_source>(first, last, row, here - stride, here, here + stride,
                                               next + j * stride);
            }
            std::swap(p, next);
        }
    }
    const double seconds = now() - start;
    const double* result = (problem.nsteps % 2 ? odd : even).get() + stride + 1;
    problem.report(seconds, omp_get_max_threads(), result, stride);
}

template <bool has_source>
static void run(const Physics& problem) {
    switch (problem.material) {
    case Material::constant: return run<Material::constant, has_source>(problem);
    case Material::anisotropic: return run<Material::anisotropic, has_source>(problem);
    case Material::varying: return run<Material::varying, has_source>(problem);
    case Material::storing: return run<Material::storing, has_source>(problem);
    case Material::varying_storing: return run<Material::varying_storing, has_source>(problem);
    }
}

int main(int argc, char** argv) {
    const Physics problem(argc, argv);
    problem.has_source ? run<true>(problem) : run<false>(problem);
}
