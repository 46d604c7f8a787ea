// Compiled with -ffp-contract=off whatever the flags of the program: all start from the same bits.
#include "physics.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

static const double Dx = 0.9, Dy = 0.4, D = 0.8;
static const double a = 1, b = 2, c = 0.5;

static int one_of(const char* word, std::vector<const char*> words) {
    for (size_t k = 0; k < words.size(); k++)
        if (!std::strcmp(word, words[k])) return static_cast<int>(k);
    std::fprintf(stderr, "unknown: %s\n", word);
    std::exit(2);
}

Physics::Physics(int argc, char** argv) {
    if (argc != 10) {
        std::fprintf(stderr, "usage: %s material walls source x1 x2 nodes dt steps final_file\n", argv[0]);
        std::exit(2);
    }
    material = static_cast<Material>(one_of(argv[1], {"constant", "anisotropic", "varying", "storing", "varying_storing"}));
    walls = static_cast<Walls>(one_of(argv[2], {"fixed", "insulated", "robin", "periodic"}));
    has_source = one_of(argv[3], {"none", "source"});
    x1 = std::strtod(argv[4], nullptr);
    x2 = std::strtod(argv[5], nullptr);
    npnts = std::strtol(argv[6], nullptr, 10);
    dt = std::strtod(argv[7], nullptr);
    nsteps = std::strtol(argv[8], nullptr, 10);
    final_file = argv[9];
    ends_on_walls = true;
    dx = (x2 - x1) / (npnts - 1);

    const bool one = material == Material::constant || material == Material::storing;
    rx = ((one ? D : Dx) / (dx * dx)) * dt;
    ry = ((one ? D : Dy) / (dx * dx)) * dt;
    r = rx;
    if (varies(material)) varying_faces();
    if (stores(material)) {
        rate.resize(npnts * npnts);
        for (long j = 0; j < npnts; j++)
            for (long i = 0; i < npnts; i++) rate[j * npnts + i] = 1.0 / coefficient(j, i);
    }
    if (has_source) {
        source.resize(npnts * npnts);
        for (long j = 0; j < npnts; j++)
            for (long i = 0; i < npnts; i++) {
                const double x = node(place(i)), y = node(place(j));
                source[j * npnts + i] = dt * (0.1 * x + y * y);
            }
    }
    for (auto& side : ghosts) side.assign(npnts, {0, 0});
    if (walls == Walls::robin) robin_walls();
}

// Both ends of a periodic axis are the same point.
long Physics::place(long i) const {
    if (walls != Walls::periodic) return i;
    const long period = npnts - 1;
    return (i + period) % period;
}

double Physics::coefficient(long j, long i) const {
    return 1 + 0.4 * node(place(i)) * node(place(j));
}

// The harmonic mean of two nodes' coefficients.
double Physics::face(long j, long i, long other_j, long other_i) const {
    const double one = coefficient(j, i), other = coefficient(other_j, other_i);
    return one == other ? one : 2.0 * one * other / (one + other);
}

void Physics::varying_faces() {
    const long n = npnts;
    x.resize(n * (n + 1));
    y.resize((n + 1) * n);
    // Beyond a wall the face has the coefficient of the inner face.
    const bool wraps = walls == Walls::periodic;
    for (long k = 0; k <= n; k++) {
        const long inner = wraps ? k : k == 0 ? 1 : k == n ? n - 1 : k;
        for (long at = 0; at < n; at++) {
            x[at * (n + 1) + k] = (face(at, inner - 1, at, inner) / (dx * dx)) * dt;
            y[k * n + at] = (face(inner - 1, at, inner, at) / (dx * dx)) * dt;
        }
    }
}

void Physics::robin_walls() {
    const long n = npnts;
    for (long k = 0; k < n; k++) {
        const long nodes[4][4] = {{k, 0, k, 1}, {k, n - 1, k, n - 2}, {0, k, 1, k}, {n - 1, k, n - 2, k}};
        for (int side = 0; side < 4; side++) {
            const auto& at = nodes[side];
            double ratio = 1;
            if (varies(material))
                ratio = coefficient(at[0], at[1]) / face(at[0], at[1], at[2], at[3]);
            const double factor = 2.0 * dx * ratio;
            ghosts[side][k] = {factor * (c / b), factor * (a / b)};
        }
    }
}
