// What the C++ programs share: parameters, first state, clock, result. Nothing of it is timed.
#pragma once

#include <memory>
#include <string>

using Field = std::unique_ptr<double[]>;

struct Problem {
    double x1, x2, dx, r;
    long npnts, nsteps;
    std::string final_file; // "-" writes none

    // Arguments: D x1 x2 dx steps final_file
    Problem(int argc, char** argv);

    // Memory for npnts*npnts values that nobody has touched yet.
    Field field() const;

    // Row j of the first state: four peaks inside, zero on the boundary.
    void initial_row(long j, double* row) const;

    // Prints the result and writes the final state, row by row.
    void report(double seconds, int threads, const double* final_state) const;
};

// A clock that only goes forward, in seconds.
double now();
