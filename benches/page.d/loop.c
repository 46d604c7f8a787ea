// A plain loop over the nodes, as a module of WebAssembly.
//
// clang --target=wasm32 -O3 -msimd128 -nostdlib -Wl,--no-entry -Wl,--export-dynamic -o loop.wasm loop.c
#define EXPORTED __attribute__((visibility("default")))

enum { LARGEST = 1026 };

static double fields[2][LARGEST * LARGEST];

static void step(const double *restrict old, double *restrict new, int nodes, double r) {
    for (int j = 1; j < nodes - 1; j++) {
        for (int i = 1; i < nodes - 1; i++) {
            int k = j * nodes + i;
            new[k] = old[k] + r * (old[k - nodes] + old[k - 1] + old[k + 1] + old[k + nodes] - 4 * old[k]);
        }
    }
}

// A field of nodes² nodes after some steps, an even number, from a peak in its middle.
EXPORTED const double *march(int nodes, int steps, double r) {
    for (int k = 0; k < nodes * nodes; k++) {
        fields[0][k] = fields[1][k] = 0;
    }
    fields[0][nodes / 2 * nodes + nodes / 2] = 1;
    for (int number = 0; number < steps; number++) {
        step(fields[number % 2], fields[(number + 1) % 2], nodes, r);
    }
    return fields[0];
}
