# The problem of the SciNet course "High Performance Scientific Computing with Python", in the form of
# its programs: `name = literal`, as Python reads it. diff2dparams.toml is the same problem in TOML; both
# give the same bits.
D = 1.0           # diffusion coefficient [length²/time]
x1 = -10.0        # left end of the domain [length]
x2 = 10.0         # right end [length]
runtime = 15.0    # simulated time to reach [time]
dx = 0.0667       # wanted spacing of the nodes [length]; the grid takes 20/299 = 0.06689
outtime = 0.5     # simulated time per snapshot [time]
graphics = False  # True draws every snapshot while running
