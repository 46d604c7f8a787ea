// What this machine can do at most: the triad of STREAM for its memory (J. D. McCalpin, 1995), independent multiply-adds for
// its arithmetic. Argument: elements of each array of the triad, which the caches together should not hold.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

static double now() {
    using namespace std::chrono;
    return duration<double>(steady_clock::now().time_since_epoch()).count();
}

// Bytes a second of the fastest of five passes: two values read and one written for each element, as STREAM counts.
static double triad(long n) {
    const std::unique_ptr<double[]> a(new double[n]), b(new double[n]), c(new double[n]);
    double *x = a.get(), *y = b.get(), *z = c.get();
    // Whoever computes an element is the first to touch it.
#pragma omp parallel for schedule(static)
    for (long i = 0; i < n; i++) x[i] = 0, y[i] = 1, z[i] = 2;
    double best = 0;
    for (int pass = 0; pass < 5; pass++) {
        const double factor = 3 + pass, start = now();
#pragma omp parallel for schedule(static)
        for (long i = 0; i < n; i++) x[i] = y[i] + factor * z[i];
        const double rate = 24.0 * n / (now() - start);
        if (rate > best && x[n - 1] == 1 + factor * 2) best = rate;
    }
    return best;
}

// Operations a second of the fastest of five passes; a multiply-add is two.
static double arithmetic() {
    // As many as the registers hold.
#ifdef __AVX512F__
    const long chains = 64;
#else
    const long chains = 40;
#endif
    const long rounds = 20000000;
    double best = 0;
    for (int pass = 0; pass < 5; pass++) {
        double sum = 0, threads = 0;
        const double start = now();
#pragma omp parallel reduction(+ : sum, threads)
        {
            double p[chains];
            for (long i = 0; i < chains; i++) p[i] = i + pass;
            for (long k = 0; k < rounds; k++)
                for (long i = 0; i < chains; i++) p[i] = p[i] * 0.75 + 0.25;
            for (long i = 0; i < chains; i++) sum += p[i];
            threads += 1;
        }
        const double rate = 2.0 * rounds * chains * threads / (now() - start);
        if (rate > best && sum > 0) best = rate;
    }
    return best;
}

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s elements\n", argv[0]);
        return 2;
    }
    std::printf("bytes=%.6e\noperations=%.6e\n", triad(std::strtol(argv[1], nullptr, 10)), arithmetic());
}
