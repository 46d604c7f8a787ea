// Compiled with -ffp-contract=off whatever the flags of the program: all start from the same bits.
#include "common.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

Problem::Problem(int argc, char** argv) {
    if (argc != 7) {
        std::fprintf(stderr, "usage: %s D x1 x2 dx steps final_file\n", argv[0]);
        std::exit(2);
    }
    const double D = std::strtod(argv[1], nullptr);
    x1 = std::strtod(argv[2], nullptr);
    x2 = std::strtod(argv[3], nullptr);
    const double wanted = std::strtod(argv[4], nullptr);
    nsteps = std::strtol(argv[5], nullptr, 10);
    final_file = argv[6];

    const long nrows = static_cast<long>((x2 - x1) / wanted);
    npnts = nrows + 2;
    dx = (x2 - x1) / nrows;
    const double dt = 0.25 * dx * dx / D;
    r = (D / (dx * dx)) * dt;
}

Field Problem::field() const { return Field(new double[npnts * npnts]); }

double Problem::node(long i) const {
    if (ends_on_walls) return i == npnts - 1 ? x2 : x1 + i * dx;
    const double start = x1 - dx, stop = x2 + dx;
    return i == npnts - 1 ? stop : i * ((stop - start) / (npnts - 1)) + start;
}

static double peak(const Problem& p, double x) {
    const double xm = (p.x1 + p.x2) / 2;
    return 1 - std::abs(1 - 4 * std::abs((x - xm) / (p.x2 - p.x1)));
}

void Problem::initial_row(long j, double* row) const {
    const bool wall = j == 0 || j == npnts - 1;
    const double along_y = peak(*this, node(j));
    for (long i = 0; i < npnts; i++)
        row[i] = wall || i == 0 || i == npnts - 1 ? 0 : along_y * peak(*this, node(i));
}

void Problem::report(double seconds, int threads, const double* final_state, long stride) const {
    std::printf("nodes=%ld\nsteps=%ld\nr=%.17g\nthreads=%d\nseconds=%.9f\n", npnts, nsteps, r, threads,
                seconds);
    if (final_file == "-") return;
    std::FILE* file = std::fopen(final_file.c_str(), "wb");
    const size_t count = npnts;
    bool written = file;
    for (long j = 0; written && j < npnts; j++)
        written = std::fwrite(final_state + j * (stride ? stride : npnts), sizeof(double), count, file) == count;
    if (!written || std::fclose(file)) {
        std::perror(final_file.c_str());
        std::exit(1);
    }
}

double now() {
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}
