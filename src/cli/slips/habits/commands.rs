//! Commands of other programs, and of earlier versions.

use super::{BRACKETS, Habit, NETCDF, PARAVIEW, PLOT, RUN, habit};

const STATS: &str = "sums, means, deviations and extremes are computed by 'diff2d stats FILE', along an axis with '--axis t'";

/// Commands of other programs, and of earlier versions.
pub(in crate::cli::slips) const COMMANDS: &[Habit] = &[
    habit(
        "",
        "bench benchmark",
        "",
        "the script 'benches/compare' of the repository builds the programs in other languages and times them beside diff2d",
    ),
    habit("", "netcdf nc", "", NETCDF),
    habit("", "paraview vti vtk paraFoam foamToVTK", "", PARAVIEW),
    habit(
        "",
        "apng gif animate animation movie film",
        "",
        "an animation is drawn by 'diff2d plot CUBE --animate'",
    ),
    habit(
        "",
        "solve simulate start execute compute integrate march laplacianFoam pdepe solvepde",
        "",
        RUN,
    ),
    habit(
        "",
        "resume restart continue",
        "",
        "a run is continued by 'diff2d run PARAMS.toml --resume'",
    ),
    habit(
        "",
        "draw show view visualize visualise paint image imshow",
        "",
        PLOT,
    ),
    habit(
        "",
        "convert save write netcdf4",
        "",
        "other formats are written by 'diff2d export CUBE --to FORMAT'",
    ),
    habit(
        "",
        "describe header inspect dump ncdump sinfo infon",
        "",
        "what a file holds is said by 'diff2d info FILE'",
    ),
    habit(
        "",
        "diff cmp allclose",
        "",
        "arrays are compared by 'diff2d compare A B'",
    ),
    habit(
        "",
        "mean average std statistics aggregate reduce timmean fldmean timstd",
        "",
        STATS,
    ),
    habit(
        "",
        "rolling filter smooth convolve runmean",
        "",
        "what moves along an array is computed by 'diff2d window FILE --op mean'",
    ),
    habit(
        "",
        "resample downsample regrid remap gridboxmean",
        "",
        "blocks are reduced to their means by 'diff2d coarsen FILE --by N0,N1,…'",
    ),
    habit(
        "",
        "sample point interpolate remapnn value",
        "",
        "values at points are read by 'diff2d probe FILE --at t=…,y=…,x=…'",
    ),
    habit(
        "",
        "select slice sel isel sellonlatbox ncks selmon seltimestep",
        "",
        BRACKETS,
    ),
    habit(
        "",
        "calc eval expr apply",
        "",
        "formulas of arrays are computed by 'diff2d map FORMULA NAME=FILE.npy -o OUT.npy'",
    ),
    habit(
        "",
        "optimize optimise calibrate estimate inverse lsqcurvefit",
        "",
        "numbers are found from measured series by 'diff2d fit PARAMS.toml'",
    ),
    habit(
        "",
        "scan study ensemble parametric batch",
        "",
        "several runs are made by 'diff2d sweep SWEEP.toml'",
    ),
    habit(
        "",
        "dry-run dryrun preview",
        "",
        "what a run would do is said by 'diff2d plan PARAMS.toml'",
    ),
    habit(
        "",
        "validate fsck lint",
        "",
        "a cube is proved by 'diff2d verify CUBE', a problem is judged by 'diff2d plan PARAMS.toml' and 'diff2d check PARAMS.toml'",
    ),
    habit(
        "",
        "decomposePar mpirun",
        "",
        "nothing is decomposed before a run: 'mpirun -np N diff2d run PARAMS.toml'",
    ),
    habit("", "ver about", "", "'diff2d --version' prints the version"),
];
