//! Values of other programs.

use super::{Habit, NETCDF, PARAVIEW, PLOT, habit};

const ANIMATION: &str =
    "an animation is a GIF, which '--animate' draws without a value; '-o film.gif' names it";

/// Values of other programs, by the option that they follow.
pub(in crate::cli::slips) const VALUES: &[Habit] = &[
    habit("", "nc netcdf netcdf4 cdf h5 hdf", "to", NETCDF),
    habit("", "vtk vti vtu vts pvd paraview", "to", PARAVIEW),
    habit(
        "",
        "xls xlsx excel ods tsv txt",
        "to",
        "spreadsheets read the format csv: 'diff2d export CUBE --to csv'",
    ),
    habit(
        "",
        "npy npz numpy",
        "to",
        "a cube is a .npy file already: numpy.load reads it",
    ),
    habit(
        "",
        "mat matlab",
        "to",
        "MATLAB reads the format hdf5, by h5read",
    ),
    habit("", "png gif pdf svg", "to", PLOT),
    habit("", "apng gif mp4", "animate", ANIMATION),
    habit(
        "window coarsen",
        "average avg",
        "op",
        "the mean is '--op mean'",
    ),
    habit(
        "stats",
        "mean average sum std min max",
        "op",
        "means are among the results of 'stats', and 'window' has '--op mean'",
    ),
    habit(
        "",
        "all max auto",
        "threads",
        "without '--threads' all processors compute; else it is a whole number, such as '--threads 4'",
    ),
    habit(
        "",
        "day month hour season year week daily monthly hourly",
        "every",
        "a period is a whole number of indices: of hourly values '--every 24' is the day",
    ),
];
