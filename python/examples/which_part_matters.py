"""Which part of a thermal bridge matters: how its heat loss, and its coldest corner, depend on the conductivity at each place.

    python which_part_matters.py [spacing in mm]

The section is that of params/thermal_bridge.toml, a concrete slab with insulation below it, which an aluminium profile holds by a
strip of wood. Materials stand at nodes here, as an array D of which each value has a derivative. A value times its derivative is
what a change of the conductivity by a fraction, at that place alone, does to the answer by as much of that fraction. Maps of it are
drawn into which_part_matters.png.
"""

import sys

import diff2d
import matplotlib.pyplot as plt
import numpy as np

STEP = float(sys.argv[1]) * 1e-3 if len(sys.argv) > 1 else 0.25e-3
X, Y = np.meshgrid(np.linspace(0, 0.5, round(0.5 / STEP) + 1), np.linspace(0, 0.0475, round(0.0475 / STEP) + 1))
ROOM, STRIP = Y < 0.0015, X < 0.0151
PARTS = {
    "concrete": Y > 0.0415,
    "wood": STRIP & (Y > 0.0365) & (Y <= 0.0415),
    "aluminium": ROOM | (X < 0.0015) & (Y <= 0.0365) | STRIP & (Y > 0.035) & (Y <= 0.0365),
}
PARTS["insulation"] = ~np.any(list(PARTS.values()), axis=0)
CONDUCTIVITIES = {"concrete": 1.15, "wood": 0.12, "aluminium": 230.0, "insulation": 0.029}
D = sum(CONDUCTIVITIES[name] * part for name, part in PARTS.items())
BRIDGE = {
    "method": "steady", "x1": 0.0, "x2": 0.5, "y1": 0.0, "y2": 0.0475, "dx": STEP, "dy": STEP, "grid": "walls", "D": D,
    "boundary": {
        "left": "insulated", "right": "insulated",
        "bottom": {"robin": ["1/0.11", 230.0, "20/0.11"]}, "top": {"robin": ["1/0.06", 1.15, 0.0]},
    },
    "record": {"totals": True, "points": {"corner": [0.0, 0.0]}},
}  # fmt: skip

if __name__ == "__main__":
    figure, axes = plt.subplots(2, 1, figsize=(10, 5), layout="constrained")
    answers = {"bottom_rate": "heat that enters from the room, W/m", "corner": "temperature of the room side at the profile, °C"}
    for panel, (column, title) in zip(axes, answers.items()):
        found = diff2d.gradient(BRIDGE, of=column, by="D")
        shares = D * np.asarray(found.by["D"])
        print(f"{title}: {found.value:.4f}")
        for name, part in PARTS.items():
            print(f"    1 % more conductivity in the {name}: {shares[part].sum() / 100:+.4f}")
        # Each order of magnitude has a part of the colours.
        largest = np.abs(shares).max()
        top = 10.0 ** np.floor(np.log10(largest))
        norm = plt.matplotlib.colors.SymLogNorm(1e-2 * largest, vmin=-largest, vmax=largest)
        picture = panel.imshow(shares, origin="lower", extent=(0, 500, 0, 47.5), cmap="coolwarm", norm=norm, aspect="auto")
        figure.colorbar(picture, ax=panel, ticks=[-top, -top / 10, 0, top / 10, top], label="D times its derivative")
        panel.set(title=title, xlim=(0, 120), ylabel="y, mm")
    axes[-1].set_xlabel("x, mm")
    figure.savefig("which_part_matters.png", dpi=100)
