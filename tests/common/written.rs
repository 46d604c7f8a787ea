//! What each command writes.

/// The arguments that name what is written, with a command line in which `@` stands for the name, and the ending that
/// the name must have.
pub const WRITTEN: [(&str, &str, &str, &str); 21] = [
    ("fit", "--plot", "", ""),
    ("gradient", "--plot", "", ""),
    ("run", "--output", "run p.toml -o @", ".npy"),
    (
        "run",
        "--report",
        "run p.toml -o new.npy --report @",
        ".json",
    ),
    ("run", "--scratch", "", ""),
    ("sweep", "--output", "sweep s.toml -o @", ".npy"),
    (
        "sweep",
        "--report",
        "sweep s.toml -o new.npy --report @",
        ".json",
    ),
    ("compare", "--output", "compare in.npy in.npy -o @", ".npy"),
    ("plot", "--output", "plot in.npy -o @", "/0000.png"),
    ("plot", "--output", "plot in.npy --snapshots 0 -o @", ".png"),
    ("plot", "--html", "plot in.npy --html @", ".html"),
    ("stats", "--output", "stats in.npy --axis 0 -o @", ".npy"),
    (
        "window",
        "--output",
        "window in.npy --window 2,2 --op sum -o @",
        ".npy",
    ),
    (
        "coarsen",
        "--output",
        "coarsen in.npy --by 2,2 --op sum -o @",
        ".npy",
    ),
    ("map", "--output", "map a*2 a=in.npy -o @", ".npy"),
    ("flux", "--output", "flux in.npy --field -o @", ".npy"),
    ("create", "<FILE.npy>", "create @ --shape 2", ".npy"),
    ("export", "--output", "export in.npy --to csv -o @", ".csv"),
    ("man", "<DIR>", "man @", "/diff2d.1"),
    ("repair", "<CUBE>", "", ""),
    ("verify", "<CUBE>", "", ""),
];
