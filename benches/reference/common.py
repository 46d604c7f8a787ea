"""What the Python programs share: parameters and result. Nothing of it is timed."""

import sys


class Problem:
    """Arguments: D x1 x2 dx steps final_file ("-" writes none)."""

    def __init__(self):
        if len(sys.argv) != 7:
            sys.exit(f"usage: {sys.argv[0]} D x1 x2 dx steps final_file")
        D, self.x1, self.x2, dx = map(float, sys.argv[1:5])
        self.nsteps = int(sys.argv[5])
        self.final_file = sys.argv[6]
        nrows = int((self.x2 - self.x1) / dx)
        self.npnts = nrows + 2
        self.dx = (self.x2 - self.x1) / nrows
        dt = 0.25 * self.dx * self.dx / D
        self.r = (D / (self.dx * self.dx)) * dt

    def initial(self):
        """The first state: four peaks inside, zero on the boundary."""
        import numpy

        x = numpy.linspace(self.x1 - self.dx, self.x2 + self.dx, num=self.npnts)
        xm = (self.x1 + self.x2) / 2
        a = 1 - abs(1 - 4 * abs((x - xm) / (self.x2 - self.x1)))
        p = a[:, None] * a[None, :]
        p[[0, -1], :] = 0
        p[:, [0, -1]] = 0
        return p

    def report(self, seconds, threads, final_state, version):
        """Prints the result and writes the final state, an object with tofile, row by row."""
        print(f"nodes={self.npnts}\nsteps={self.nsteps}\nr={self.r!r}")
        print(f"threads={threads}\nversion={version}\nseconds={seconds:.9f}")
        if self.final_file != "-":
            with open(self.final_file, "wb") as file:
                final_state.tofile(file)
