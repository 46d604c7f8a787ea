// What the C++ programs share: parameters, first state, clock, result. Nothing of it is timed.
#pragma once

#include <memory>
#include <string>

using Field = std::unique_ptr<double[]>;

struct Problem {
    double x1, x2, dx, r;
    long npnts, nsteps;
    bool ends_on_walls = false; // or a spacing beyond them
    std::string final_file;     // "-" writes none

    // Arguments: D x1 x2 dx steps final_file
    Problem(int argc, char** argv);

    // The coordinate of node i, along x and along y.
    double node(long i) const;

    // Memory for npnts*npnts values that nobody has touched yet.
    Field field() const;

    // Row j of the first state: four peaks inside, zero on the boundary.
    void initial_row(long j, double* row) const;

    // Prints the result and writes the final state, row by row; `stride` is the length of a row in memory,
    // npnts if 0.
    void report(double seconds, int threads, const double* final_state, long stride = 0) const;

protected:
    Problem() = default;
};

// A clock that only goes forward, in seconds.
double now();
