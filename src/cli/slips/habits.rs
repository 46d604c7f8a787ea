//! Words of other programs, and what has their place here.

/// Words that are typed by habit.
#[derive(Debug)]
pub(super) struct Habit {
    /// The commands behind which they are typed, or the program where there is none; empty for any command.
    commands: &'static str,
    /// The words.
    words: &'static str,
    /// The option that has their place, which the command must have; empty if none has. The option that they follow if they are
    /// values.
    pub(super) option: &'static str,
    /// A sentence for the person who typed them.
    pub(super) tip: &'static str,
}

impl Habit {
    /// Whether the habit is one of a command.
    pub(super) fn is_of(&self, command: &str) -> bool {
        self.commands.is_empty() || has_word(self.commands, command)
    }

    /// Whether a word is among those of the habit.
    pub(super) fn has(&self, word: &str) -> bool {
        has_word(self.words, word)
    }
}

fn has_word(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

const fn habit(
    commands: &'static str,
    words: &'static str,
    option: &'static str,
    tip: &'static str,
) -> Habit {
    Habit {
        commands,
        words,
        option,
        tip,
    }
}

const PARAVIEW: &str = "ParaView and VTK read the formats xdmf and hdf5: 'diff2d export CUBE --to xdmf' copies nothing";
const NETCDF: &str = "netCDF-4 and xarray read what 'diff2d export CUBE --to hdf5' writes";
const ANIMATION: &str =
    "an animation is a GIF, which '--animate' draws without a value; '-o film.gif' names it";
const RUN: &str = "a problem is solved by 'diff2d run PARAMS.toml'";
const PLOT: &str = "pictures are drawn by 'diff2d plot CUBE'";
const STATS: &str = "sums, means, deviations and extremes are computed by 'diff2d stats FILE', along an axis with '--axis t'";
const BRACKETS: &str = "a part of an array stands in brackets behind its name, as in 'FILE.npy[10]' or 'FILE.npy[t=5]'";

/// Commands of other programs, and of earlier versions.
pub(super) const COMMANDS: &[Habit] = &[
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

/// Options of other programs.
pub(super) const OPTIONS: &[Habit] = &[
    habit("diff2d", "p i f c in params input file", "", RUN),
    habit("", "continue", "resume", "'--resume' continues a run"),
    habit(
        "",
        "restart",
        "resume",
        "'--resume' continues a run, '--force' starts it over",
    ),
    habit(
        "",
        "overwrite f y yes replace clobber O",
        "force",
        "'--force' replaces what is there",
    ),
    habit(
        "run sweep distribute",
        "np ranks nprocs ntasks mpi",
        "threads",
        "threads of one process are '--threads N', and ranks are started by 'mpirun -np N diff2d run PARAMS.toml'",
    ),
    habit(
        "",
        "nproc jobs j n np nthreads num-threads cores parallel",
        "threads",
        "the option is '--threads N'",
    ),
    habit(
        "",
        "threads nproc jobs j nthreads num-threads cores",
        "",
        "the environment variable RAYON_NUM_THREADS sets the number of threads of this command",
    ),
    habit(
        "",
        "mem max-memory memory-limit ram",
        "memory",
        "the option is '--memory SIZE', such as '--memory 4GiB'",
    ),
    habit(
        "",
        "out outfile outdir save savefig saveas output-file dest",
        "output",
        "the option is '-o PATH'",
    ),
    habit(
        "",
        "i in input infile config params-file case c",
        "",
        "the file that is read stands without an option",
    ),
    habit(
        "run sweep plan check fit",
        "param params parameter p define d override D",
        "set",
        "parameters are set as in '--set dx=0.1'",
    ),
    habit(
        "run plan check fit",
        "t_end tend tmax end-time endTime stop-time time",
        "set",
        "the simulated time to reach is '--set runtime=…'",
    ),
    habit(
        "run plan check fit",
        "nx N cells resolution",
        "set",
        "the grid follows from the spacing: '--set dx=…'",
    ),
    habit(
        "run plan check fit",
        "deltaT timestep time-step",
        "set",
        "the time step is '--set dt=…'",
    ),
    habit(
        "run sweep fit",
        "dry-run dryrun test validate only-check",
        "",
        "'diff2d plan' says what would be done, and does nothing",
    ),
    habit(
        "run sweep",
        "walltime wall-time timeout time-limit max-time",
        "max-walltime",
        "the option is '--max-walltime TIME', such as '--max-walltime 55min'",
    ),
    habit(
        "run sweep",
        "plot animate movie gif graphics show",
        "",
        "what a run has written is drawn by 'diff2d plot CUBE'",
    ),
    habit(
        "",
        "version",
        "",
        "'diff2d --version' stands without a command",
    ),
    habit(
        "",
        "silent no-progress s",
        "quiet",
        "the option is '--quiet'",
    ),
    habit(
        "",
        "debug log-level loglevel",
        "verbose",
        "'--verbose' says which decisions are taken",
    ),
    habit(
        "plot",
        "cmap palette colors colours color colour colormap-name lut",
        "colormap",
        "the option is '--colormap NAME'",
    ),
    habit(
        "plot",
        "vmin vmax zmin zmax cmin cmax clim caxis zlim limits lim min max",
        "range",
        "the values that the colours cover are '--range LO:HI'",
    ),
    habit(
        "plot",
        "levels contour contourf isolines nlevels isosurfaces",
        "contours",
        "contour lines are '--contours N', or '--contours V1,V2,…' at values of your own",
    ),
    habit(
        "plot",
        "time times t frame frames step steps timestep index snapshot selyear",
        "snapshots",
        "frames are chosen by number, '--snapshots 3', or by time, '--snapshots t=0.1'",
    ),
    habit(
        "plot",
        "gif movie video film mp4 anim animation avi",
        "animate",
        "an animation is '--animate', a GIF, which '-o film.gif' names",
    ),
    habit(
        "plot",
        "show display view interactive gui web page",
        "html",
        "pictures are files, and '--html page.html' writes a page to look around in",
    ),
    habit(
        "plot",
        "profile slice cut section lineout plotoverline y x",
        "line",
        "a profile is '--line y=0.5' or '--line x=0.5'",
    ),
    habit(
        "plot",
        "probe point series timeseries at",
        "history",
        "values at a place over time are '--history x=0,y=0'",
    ),
    habit(
        "plot",
        "column columns variable var",
        "record",
        "columns of a record are '--record T1,left_rate'",
    ),
    habit(
        "",
        "format ext filetype type",
        "to",
        "the option is '--to FORMAT'",
    ),
    habit(
        "plot",
        "format ext filetype type",
        "output",
        "the ending of the file that -o names is the format, as in '-o figure.pdf'",
    ),
    habit(
        "plot",
        "logscale lognorm norm log-scale",
        "log",
        "the option is '--log'",
    ),
    habit(
        "plot",
        "figsize width height figure-size resolution",
        "size",
        "the option is '--size WIDTHxHEIGHT', in pixels",
    ),
    habit(
        "plot",
        "framerate rate delay duration r",
        "fps",
        "the option is '--fps N', frames of an animation to the second",
    ),
    habit(
        "plot",
        "name clabel colorbar-label quantity unit units",
        "label",
        "the name of the quantity, with its unit, is '--label TEXT'",
    ),
    habit(
        "stats",
        "groupby group-by freq resample period month day hour season year",
        "every",
        "periods of N indices along an axis are taken together by '--every N': of hourly values '--every 24' gives the mean day",
    ),
    habit(
        "stats",
        "percentile percentiles quantile q",
        "quantiles",
        "the option is '--quantiles', from 0 to 1, as in '--quantiles 0.95'",
    ),
    habit(
        "stats",
        "median",
        "quantiles",
        "the median is '--quantiles 0.5', and 'window' has '--op median'",
    ),
    habit(
        "stats",
        "mean average avg sum std min max minimum maximum",
        "",
        "sum, mean, std, min and max are among the results of 'stats' already, along an axis with '--axis t'",
    ),
    habit(
        "stats",
        "hist bins",
        "histogram",
        "the option is '--histogram N'",
    ),
    habit(
        "stats",
        "trend slope linear detrend",
        "op",
        "the trend along an axis is '--op trend --axis t'",
    ),
    habit(
        "stats",
        "threshold exceed greater gt",
        "above",
        "how many values lie above V is '--above V'",
    ),
    habit(
        "stats window coarsen",
        "nan skipna nanmean ignore-nan",
        "skip-nan",
        "the option is '--skip-nan'",
    ),
    habit(
        "window",
        "size length width kernel w",
        "window",
        "the lengths along all axes are '--window W0,W1,…'",
    ),
    habit(
        "window",
        "center centre centered mode padding boundary same",
        "pad",
        "'--pad MODE' gives every element a window that is centred on it; without it windows lie within the array",
    ),
    habit(
        "window",
        "step skip",
        "stride",
        "the option is '--stride S0,S1,…'",
    ),
    habit(
        "window coarsen",
        "func function how stat statistic mean average median min max std",
        "op",
        "the option is '--op', as in '--op mean'",
    ),
    habit(
        "coarsen",
        "factor factors block blocks size window n stride",
        "by",
        "the lengths of blocks along all axes are '--by N0,N1,…'",
    ),
    habit(
        "probe",
        "point p loc location coords position xy",
        "at",
        "a point is '--at t=0.1,y=0.5,x=0.5'",
    ),
    habit(
        "compare",
        "tol tolerance eps epsilon delta",
        "atol",
        "the option is '--atol A' for differences, or '--rtol R' for relative ones",
    ),
    habit(
        "flux",
        "wall walls side boundary patch",
        "",
        "the table has a column for every wall: left_rate, right_rate, bottom_rate, top_rate",
    ),
    habit(
        "fit",
        "data observations measured csv xdata ydata",
        "",
        "data stand in the parameter file: [[fit.data]] with file, time, columns and sigma",
    ),
    habit(
        "fit",
        "free vary unknowns bounds lb ub p0 x0",
        "set",
        "what is to be found, and its bounds, stand in the parameter file, or '--set fit.vary.D=[0.1,2]' says them",
    ),
    habit(
        "check",
        "grids refine levels refinement richardson",
        "",
        "'check' chooses its grids itself: the given one, and coarser or finer ones",
    ),
    habit(
        "check",
        "exact analytic analytical reference",
        "",
        "'check' without a file compares with exact solutions, and with one it estimates the error from several grids",
    ),
    habit(
        "create",
        "size dims n dim",
        "shape",
        "the length of every axis is '--shape N0,N1,…'",
    ),
    habit(
        "create",
        "value expr formula values",
        "fill",
        "the option is '--fill', a number or a formula",
    ),
    habit(
        "create map",
        "type",
        "dtype",
        "the option is '--dtype TYPE'",
    ),
    habit(
        "export",
        "variable var varname",
        "name",
        "the option is '--name NAME'",
    ),
    habit(
        "export",
        "compression complevel deflate zlib",
        "compress",
        "the option is '--compress'",
    ),
    habit("", "dim dims axes along", "axis", "the option is '--axis'"),
    habit("", "select sel isel subset box", "", BRACKETS),
];

/// Values of other programs, by the option that they follow.
pub(super) const VALUES: &[Habit] = &[
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::{Arg, CommandFactory};

    /// An option of its own comes before a habit, and a habit without the option that it names says nothing.
    #[test]
    fn every_habit_can_be_met() {
        let mut program = Cli::command();
        program.build();
        for habit in OPTIONS {
            let commands = program.get_subcommands();
            let mut commands = commands.filter(|command| habit.is_of(command.get_name()));
            let is_met = commands.any(|command| {
                let names: Vec<&str> = command.get_arguments().filter_map(Arg::get_long).collect();
                let has_option = habit.option.is_empty() || names.contains(&habit.option);
                has_option && habit.words.split(' ').any(|word| !names.contains(&word))
            });
            assert!(is_met || habit.commands == program.get_name(), "{habit:?}");
        }
    }
}
