// What this machine can do at most: the triad of STREAM for its memory (J. D. McCalpin, 1995), independent additions and
// multiplications in the registers for its arithmetic. Argument: elements of each array of the triad, which the caches together
// should not hold.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
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

// Numbers that no compiler knows, so that it leaves out no operation.
static volatile double addend = 0.5, factor = 1 + 0x1p-52;

// Operations a second, all threads together, each with the fastest of a hundred short passes: other processes may disturb some.
// A round adds to `sums` registers of `width` bytes and multiplies `products` of them; none waits for another.
template <int width, int sums, int products>
static double operations() {
    typedef double lanes __attribute__((vector_size(width)));
    const long rounds = 2000000 / (sums + products), passes = 100;
    double all = 0;
#pragma omp parallel reduction(+ : all)
    {
        const lanes add = lanes{} + addend, by = lanes{} + factor;
        lanes sum[sums], product[products + 1];
#pragma GCC unroll 32
        for (int i = 0; i < sums; i++) sum[i] = lanes{} + i;
#pragma GCC unroll 32
        for (int i = 0; i < products; i++) product[i] = lanes{} + 1 + i;
        double best = 0;
        for (int pass = 0; pass < passes; pass++) {
            const double start = now();
            for (long k = 0; k < rounds; k++) {
#pragma GCC unroll 32
                for (int i = 0; i < sums; i++) sum[i] = sum[i] + add;
#pragma GCC unroll 32
                for (int i = 0; i < products; i++) product[i] = product[i] * by;
            }
            double total = 0;
#pragma GCC unroll 32
            for (int i = 0; i < sums; i++) total += sum[i][0];
#pragma GCC unroll 32
            for (int i = 0; i < products; i++) total += product[i][0];
            // The clock is read once the sum is known.
            const double end = total > 0 ? now() : 0;
            const double rate = double(rounds) * (sums + products) * (width / sizeof(double)) / (end - start);
            if (rate > best) best = rate;
        }
        all += best;
    }
    return all;
}

static double largest(std::initializer_list<double> rates) {
    double best = 0;
    for (const double rate : rates) best = rate > best ? rate : best;
    return best;
}

// The fastest of several numbers of registers: how many hide the latency, and how many there are, depends on the processor.
template <int width>
static double additions() {
    return largest({operations<width, 8, 0>(), operations<width, 12, 0>(), operations<width, 24, 0>()});
}

// Five additions to two multiplications, as in an update.
template <int width>
static double mixed() {
    return largest({operations<width, 5, 2>(), operations<width, 10, 4>(), operations<width, 20, 8>()});
}

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s elements\n", argv[0]);
        return 2;
    }
    std::printf("bytes=%.6e\n", triad(std::strtol(argv[1], nullptr, 10)));
    std::printf("operations=%.6e\n", largest({mixed<16>(), mixed<32>(), mixed<64>()}));
    std::printf("additions=%.6e\n", largest({additions<16>(), additions<32>(), additions<64>()}));
}
