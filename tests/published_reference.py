"""Published steady states, computed from their series.

    published_reference.py column                    ISO 10211 case 1: the 28 temperatures, row by row from the top
    published_reference.py discs CONTRAST SHARE…     square arrays of discs: effective conductivity for each share of the area

The column of case 1 is 1 wide and 2 high, 20 at the top, 0 on the left and at the bottom, insulated on the right; the nodes are a
quarter of the width apart. The array is solved by Rayleigh's method (Perrins, McKenzie, McPhedran, Proc. R. Soc. Lond. A 369,
1979): multipoles of odd order on the discs, which conduct CONTRAST times as well as what is between them and are 1 apart.
"""

import json
import math
import sys

import numpy as np

TERMS = 60
S4 = math.gamma(0.25) ** 8 / (960 * math.pi**2)


def column():
    n = np.arange(1, 400, 2)
    rows = []
    for below in np.arange(1, 8) / 4:
        ratio = np.exp(-n * np.pi * below / 2) * (1 - np.exp(-n * np.pi * (2 - below))) / (1 - np.exp(-n * np.pi * 2))
        rows.append([float((80 / (n * np.pi) * np.sin(n * np.pi * x / 2) * ratio).sum()) for x in np.arange(1, 5) / 4])
    return rows


def lattice_sums(count):
    """The sums of u**-k over the points u = i + 1j*j but 0; those not divisible by 4 vanish, but for the one of 2, which is pi."""
    sums = {2: math.pi, 4: S4}
    for k in range(6, count + 1, 2):
        # Of the Laurent coefficients of Weierstrass' function c_m = (2m - 1) sum_2m.
        m = k // 2
        c = lambda j: (2 * j - 1) * sums[2 * j] if j > 1 else 0.0
        sums[k] = 3 / ((2 * m + 1) * (m - 3)) * sum(c(j) * c(m - j) for j in range(2, m - 1)) / (2 * m - 1) if m > 3 else 0.0
    return sums


def disc(contrast, share):
    radius = math.sqrt(share / math.pi)
    orders = np.arange(1, 2 * TERMS, 2)
    sums = lattice_sums(4 * TERMS)
    # Scaled by the radius, so that powers stay small.
    system = np.array([[math.comb(int(l + m - 1), int(l)) * sums[l + m] * radius ** (l + m) for m in orders] for l in orders])
    system += np.diag(np.full(len(orders), (1 + contrast) / (1 - contrast)))
    right = np.where(orders == 1, radius, 0.0)
    return 1 - 2 * math.pi * np.linalg.solve(system, right)[0] * radius


if __name__ == "__main__":
    kind, *numbers = sys.argv[1:]
    numbers = [float(number) for number in numbers]
    print(json.dumps(column() if kind == "column" else [disc(numbers[0], share) for share in numbers[1:]]))
