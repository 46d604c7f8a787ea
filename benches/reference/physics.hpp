// Problems with any walls, materials, capacities and sources on the square, as the programs of `benches/compare --physics`
// take them. Nothing of it is timed.
#pragma once

#include "common.hpp"

#include <vector>

enum class Material { constant, anisotropic, varying, storing, varying_storing };
enum class Walls { fixed, insulated, robin, periodic };

// ghost = inner + (alpha - beta * outermost) beyond an insulated or a Robin wall
struct Ghost {
    double alpha, beta;
};

struct Physics : Problem {
    Material material;
    Walls walls;
    bool has_source;
    double rx, ry;
    // Of a varying material: x[j*(n+1) + i] is the face west of node [j, i], y[j*n + i] the one between rows j-1 and j.
    std::vector<double> x, y;
    std::vector<double> source;
    // 1/c of a material that stores.
    std::vector<double> rate;
    // One for each node of a side: left, right, bottom, top.
    std::vector<Ghost> ghosts[4];

    // Arguments: material walls source x1 x2 nodes dt steps final_file
    Physics(int argc, char** argv);

    // The nodes first … last-1 of a row are computed, and as many rows.
    long first() const { return walls == Walls::fixed ? 1 : 0; }
    long last() const { return walls == Walls::fixed ? npnts - 1 : npnts; }

    static constexpr bool varies(Material of) { return of == Material::varying || of == Material::varying_storing; }
    static constexpr bool stores(Material of) { return of == Material::storing || of == Material::varying_storing; }

private:
    double dt;
    long place(long i) const;
    // D or c of a material where it varies.
    double coefficient(long j, long i) const;
    double face(long j, long i, long other_j, long other_i) const;
    void varying_faces();
    void robin_walls();
};
