# The problem of the course in the course's own form: `name = literal`, as Python reads it.
# diff2d takes it as it takes diff2dparams.toml; the two give the same bits.
D = 1.0           # diffusion coefficient [length²/time]
x1 = -10.0        # left end of the domain [length]
x2 = 10.0         # right end [length]
runtime = 15.0    # simulated time to reach [time]
dx = 0.0667       # wanted spacing of the nodes [length]; the grid takes 20/299 = 0.06689
outtime = 0.5     # simulated time per snapshot [time]
graphics = False  # True draws every snapshot while running
