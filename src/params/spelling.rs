//! Spelling mistakes: finds the key or file that was probably meant.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

/// The candidate that was probably meant by `word`: one with a similar spelling, as a whole or within its table.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|name| Some((edits(word, name)?, name)))
        .min_by_key(|&(edits, _)| edits)
        .map(|(_, name)| name)
}

/// The number of letters of a word, or of its part within a table, that have to change, if it is small enough for a
/// spelling mistake.
fn edits(word: &str, name: &str) -> Option<usize> {
    let is_in_table = word.contains('.') || name.contains('.');
    let edits_within_table = if is_in_table {
        few_edits(within_table(word), within_table(name)).map(|edits| edits + 1)
    } else {
        None
    };
    few_edits(word, name)
        .into_iter()
        .chain(edits_within_table)
        .min()
}

fn few_edits(word: &str, name: &str) -> Option<usize> {
    let most_edits = 1.max(name.len() / 3);
    // Much longer words are not compared letter by letter.
    if word.chars().nth(name.len() + most_edits).is_some() {
        return None;
    }
    let edits = strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase());
    (edits <= most_edits && edits < name.len()).then_some(edits)
}

/// The last part of a dotted name.
fn within_table(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A hint for a message: `", did you mean …?"` or an empty text.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |name| format!(", did you mean {name}?"))
}

/// A key that was probably meant by a name, and the words of a message that say so.
#[derive(Debug, PartialEq, Eq)]
pub struct Meant<'a> {
    /// The key.
    pub key: &'a str,
    /// The words, which follow the name that was typed.
    pub hint: String,
}

/// The key that was probably meant by a name, by the habits of other programs.
pub fn habit<'a>(
    word: &str,
    candidates: &(impl IntoIterator<Item = &'a str> + Clone),
) -> Option<Meant<'a>> {
    let mut habits = HABITS
        .iter()
        .filter(|(words, ..)| words.split(' ').any(|known| known == word));
    habits.find_map(|&(_, meant, sentence)| {
        let key = candidates.clone().into_iter().find(|name| *name == meant)?;
        let hint = sentence.to_owned();
        Some(Meant { key, hint })
    })
}

/// The key that was probably meant by a name: by habit, or by a similar spelling.
pub fn meant<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<Meant<'a>> {
    habit(word, &candidates).or_else(|| {
        let key = nearest(word, candidates)?;
        let hint = format!(", did you mean {key}?");
        Some(Meant { key, hint })
    })
}

/// The table that was probably meant by the table of a dotted name.
pub fn meant_table<'a>(name: &str, tables: impl IntoIterator<Item = &'a str>) -> Option<Meant<'a>> {
    let (typed_table, last_part) = name.rsplit_once('.')?;
    let key = nearest(typed_table, tables)?;
    let hint = format!(", did you mean {key}.{last_part}?");
    Some(Meant { key, hint })
}

/// Names that other programs have for parameters, the key that has their place, and what a message says of it. Keys of a table in a
/// value, such as that of a wall, stand without the name of the table.
const HABITS: [(&str, &str, &str); 46] = [
    (
        "neumann Neumann gradient fixedGradient heatflux heat_flux derivative q",
        "flux",
        ": D times the outward derivative is flux",
    ),
    (
        "convection convective htc h mixed film transfer",
        "robin",
        ": a wall that passes h (p - p_air) is { robin = [h, D, h*p_air] }, h p + D dp/dn = h p_air",
    ),
    (
        "value dirichlet Dirichlet fixedValue fixed T p u temperature constant",
        "flux",
        ": a fixed value stands alone, such as boundary.left = 20.0",
    ),
    (
        "type kind bc",
        "flux",
        ": no kind is named: a fixed value stands alone, such as boundary.left = 20.0, and a table has flux or robin",
    ),
    (
        "expression formula expr condition region shape circle radius rectangle box",
        "where",
        ": areas are formulas, such as where = \"hypot(x - 0.5, y - 0.5) < 0.1\"",
    ),
    (
        "T temperature p u density concentration val",
        "value",
        ": what is held is value",
    ),
    (
        "R r conductance h contact thickness",
        "resistance",
        ": what is between both sides is resistance, the difference by the flux",
    ),
    (
        "path csv npy data filename name table",
        "file",
        ": the name of a file is file",
    ),
    ("picture png img", "image", ": a picture is image"),
    (
        "interpolation kind method interp",
        "between",
        ": what holds between two points is between",
    ),
    (
        "extrapolate extrapolation outside bounds fill_value bounds_error",
        "beyond",
        ": what holds before the first and behind the last point is beyond",
    ),
    (
        "error errors std stdev uncertainty noise weight weights",
        "sigma",
        ": the standard deviation of a measured value is sigma",
    ),
    (
        "times t date timestamp",
        "time",
        ": the column of times is time",
    ),
    (
        "mask mask.expression mask.formula mask.value",
        "mask.where",
        ", did you mean mask.where?",
    ),
    (
        "mask.circle mask.radius mask.rectangle mask.box mask.shape mask.region",
        "mask.where",
        ": areas are formulas, such as mask.where = \"hypot(x - 0.5, y - 0.5) < 0.1\"",
    ),
    (
        "initial ic u0 p0 T0 c0 init initial_condition initial_conditions u_init",
        "initial.kind",
        ", did you mean [initial] with kind = \"expression\" and value = \"…\"?",
    ),
    (
        "diffusivity Diffusivity diffusion diffusion_coefficient alpha kappa lambda conductivity DT nu",
        "D",
        ": the diffusivity is D",
    ),
    (
        "rho cp rho_cp heat_capacity porosity storage",
        "capacity",
        ": what stands before dp/dt is capacity",
    ),
    (
        "k reaction reaction_rate decay_rate sink",
        "decay",
        ": the rate k of k p is decay, the diffusivity D",
    ),
    (
        "S f Q rhs heat_source heating q",
        "source",
        ": what is added to the equation is source",
    ),
    (
        "nx N n Nx npoints npts nrows ncols ncells cells resolution gridsize grid_size nodes M",
        "dx",
        ": a grid has a spacing, not a number of cells: N cells along x are dx = (x2 - x1)/N",
    ),
    (
        "ny Ny",
        "dy",
        ": a grid has a spacing, not a number of cells: N cells along y are dy = (y2 - y1)/N",
    ),
    (
        "L Lx length width xmax x_max size domain",
        "x2",
        ": the domain reaches from x1 to x2, and from y1 to y2",
    ),
    ("xmin x_min x0", "x1", ": the domain reaches from x1 to x2"),
    (
        "Ly height H ymax y_max",
        "y2",
        ": the domain reaches from y1 to y2",
    ),
    ("ymin y_min", "y1", ": the domain reaches from y1 to y2"),
    (
        "t_end tend tmax t_max T tfinal t_final tstop t1 tf endTime end_time stopTime stop_time simtime total_time time duration",
        "runtime",
        ": the simulated time to reach is runtime",
    ),
    (
        "nt nsteps n_steps steps maxsteps max_steps niter",
        "runtime",
        ": steps are not counted: runtime is the simulated time, and dt the step",
    ),
    (
        "startTime start_time t_start tstart",
        "t0",
        ": the time of the first snapshot is t0",
    ),
    (
        "deltaT delta_t timestep time_step timeStep Dt tau",
        "dt",
        ": the time step is dt",
    ),
    (
        "cfl CFL courant maxCo",
        "safety",
        ": the fraction of the largest stable step is safety",
    ),
    (
        "writeInterval write_interval output_interval output_every save_every saveat tout t_save tlist dtout nout outstep writeControl",
        "outtime",
        ": the time from one snapshot to the next is outtime; outtimes lists times",
    ),
    (
        "bc bcs BC boundary_conditions boundaries walls boundaryField",
        "boundary.left",
        ": [boundary] has left, right, bottom and top",
    ),
    (
        "boundary.inlet boundary.outlet boundary.wall boundary.walls boundary.all boundary.sides",
        "boundary.left",
        ": sides have the names left, right, bottom and top, and boundary = … sets all four",
    ),
    (
        "boundary.west boundary.xmin boundary.x1 boundary.x0",
        "boundary.left",
        ", did you mean boundary.left?",
    ),
    (
        "boundary.east boundary.xmax boundary.x2",
        "boundary.right",
        ", did you mean boundary.right?",
    ),
    (
        "boundary.south boundary.ymin boundary.y1",
        "boundary.bottom",
        ", did you mean boundary.bottom?",
    ),
    (
        "boundary.north boundary.ymax boundary.y2",
        "boundary.top",
        ", did you mean boundary.top?",
    ),
    (
        "solver scheme integrator stepper ddtSchemes",
        "method",
        ": the way to the solution is method",
    ),
    (
        "tol rtol atol eps epsilon RelTol AbsTol",
        "tolerance",
        ": how well a steady state is solved is tolerance",
    ),
    (
        "dtype float double",
        "precision",
        ": f64 or f32 is precision",
    ),
    (
        "record.interval record.dt record.step record.period",
        "record.every",
        ": the time from row to row is record.every",
    ),
    (
        "record.probes record.sensors record.point",
        "record.points",
        ": places are record.points",
    ),
    (
        "tol tolerance rate change eps",
        "steady",
        ": the rate of change is steady",
    ),
    (
        "materials material regions subdomains",
        "D",
        ": materials are formulas: D = \"where(x < 0.5, 1, 2)\"",
    ),
    (
        "constant parameters params variables",
        "constants",
        ": numbers with names stand in [constants]",
    ),
];

/// A [`hint`] for a missing file: a similar name in its directory.
pub fn hint_of_file(path: &Path) -> String {
    /// The largest number of files of a directory that are compared.
    const MOST: usize = 10_000;
    let typed = path.to_string_lossy();
    if typed.contains("://") {
        return "; files are read from this machine: download it first".to_owned();
    }
    if typed.contains(['*', '?']) {
        return "; a pattern in quotes is not filled in by the shell".to_owned();
    }
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let (Some(word), Ok(entries)) = (stem_of(path), fs::read_dir(directory)) else {
        return String::new();
    };
    let names = entries.flatten().take(MOST);
    let names: Vec<PathBuf> = names.map(|entry| entry.file_name().into()).collect();
    let stems = names
        .iter()
        .filter(|name| name.extension() == path.extension())
        .filter_map(|name| stem_of(name));
    let nearest_stem = nearest(word, stems).map(|stem| match path.extension() {
        Some(extension) => path.with_file_name(stem).with_extension(extension),
        None => path.with_file_name(stem),
    });
    // The error may also be in what follows the dot.
    let meant_file = nearest_stem.or_else(|| {
        let mut candidates = names
            .iter()
            .filter(|name| has_our_extension(name) && !has_our_extension(path));
        let name = candidates.find(|name| stem_of(name) == Some(word))?;
        Some(path.with_file_name(name))
    });
    meant_file.map_or_else(String::new, |name| {
        format!(", did you mean {}?", name.display())
    })
}

fn stem_of(name: &Path) -> Option<&str> {
    name.file_stem().and_then(OsStr::to_str)
}

fn has_our_extension(name: &Path) -> bool {
    let extension = name.extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| ["toml", "py", "npy", "npz"].contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_in_tables_too() {
        let names = [
            "D",
            "dx",
            "runtime",
            "initial.sigma",
            "initial.kind",
            "boundary.left",
        ];
        for (word, meant) in [
            ("run_time", Some("runtime")),
            ("DX", Some("dx")),
            ("initial.sigm", Some("initial.sigma")),
            ("intial.kind", Some("initial.kind")),
            ("sigma", Some("initial.sigma")),
            ("boundary.sigma", Some("initial.sigma")),
            ("initial.runtime", Some("runtime")),
            ("colour", None),
            ("physics.rate", None),
        ] {
            assert_eq!(nearest(word, names), meant, "{word}");
        }
    }

    #[test]
    fn a_habit_comes_before_a_similar_spelling() {
        let names = ["D", "t0", "dx", "runtime", "initial.alpha"];
        for (word, key) in [
            ("alpha", "D"),
            ("T", "runtime"),
            ("nx", "dx"),
            ("runtim", "runtime"),
        ] {
            assert_eq!(meant(word, names).unwrap().key, key, "{word}");
        }
        // A word may mean another key in each table.
        for (word, names, key) in [
            ("h", ["flux", "robin"], "robin"),
            ("h", ["where", "resistance"], "resistance"),
            ("value", ["flux", "robin"], "flux"),
            ("tol", ["column", "steady"], "steady"),
        ] {
            assert_eq!(meant(word, names).unwrap().key, key, "{word}");
        }
        assert_eq!(meant("deltaT", names), None, "there is no dt here");
    }
}
