"""From parameters to a labelled plot."""

import diff2d
import matplotlib.pyplot as plt

plate = {"D": 1.0, "x1": -5, "x2": 5, "dx": 0.125, "runtime": 4, "outtime": 1, "grid": "walls"}
cube = diff2d.run(plate, boundary={"left": 1.0, "top": {"flux": 0.0}})
snapshots = cube.to_xarray().p

snapshots.isel(t=slice(1, None)).plot(col="t", cmap="inferno", size=3, aspect=1)
plt.savefig("plate.png", dpi=120)
print(f"mass {cube.snapshots[-1].mass:.3f} at t = {cube.t[-1]:g}, written to plate.png")
