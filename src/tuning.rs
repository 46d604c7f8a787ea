//! Tiles measured on this machine, for runs long enough to be worth it, and remembered.
//!
//! Without a measurement a tile follows from the sizes of the caches. Which tile is used changes no
//! bit of a result.

use diff2d_stencil::{Element, Equation, Operator, Stencil, Tile};
use diff2d_sys as sys;
use std::{collections::BTreeMap, env, fs, path::PathBuf};

/// Updates from which on a measurement of a few tenths of a second is worth it: some ten seconds.
const LONG: u64 = 200_000_000_000;

/// The tile for `updates` updates of a field of `rows × columns` nodes on the current rayon pool.
#[must_use]
pub fn tile<T: Element>(
    stencil: &Stencil<T>,
    (rows, columns): (usize, usize),
    updates: u64,
) -> Tile {
    let threads = rayon::current_num_threads().min(sys::threads());
    if updates < LONG {
        return stencil.tile_for_passes((rows, columns), threads);
    }
    let way = match (stencil.may_skew_columns(), stencil.may_advance_twice()) {
        (true, _) => ", skewed",
        (false, true) => ", two levels a sweep",
        (false, false) => "",
    };
    let kind = format!(
        "{}, {} {}, {}{way}, {} bytes, {rows} x {columns} on {threads}",
        env!("CARGO_PKG_VERSION"),
        sys::machine_name(),
        stencil.kernel(),
        kind_of(stencil.equation()),
        size_of::<T>()
    );
    let mut known = read();
    let remembered = known.get(&kind).and_then(|text| text.parse().ok());
    remembered.unwrap_or_else(|| {
        let tile = stencil.calibrate((rows, columns));
        known.insert(kind, tile.to_string());
        write(&known);
        tile
    })
}

/// What a step computes: kinds differ in the tiles that suit them.
fn kind_of<T>(equation: &Equation<T>) -> &'static str {
    match (&equation.operator, equation.source.is_some()) {
        (Operator::Isotropic { .. }, false) => "one D",
        (Operator::Isotropic { .. } | Operator::Anisotropic { .. }, true) => "Dx and Dy, source",
        (Operator::Anisotropic { .. }, false) => "Dx and Dy",
        (Operator::Variable { .. }, false) => "D varies",
        (Operator::Variable { .. }, true) => "D varies, source",
    }
}

/// Where measurements are kept: `diff2d/tiles.json` in the user's cache directory.
fn file() -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let given = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .and_then(absolute);
    let usual = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
    Some(given.or_else(usual)?.join("diff2d").join("tiles.json"))
}

/// What has been measured; nothing where it cannot be read.
fn read() -> BTreeMap<String, String> {
    file()
        .and_then(|file| fs::read(file).ok())
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// Keeps measurements; where it cannot, the next run measures again.
fn write(known: &BTreeMap<String, String>) {
    let kept = || {
        let file = file()?;
        fs::create_dir_all(file.parent()?).ok()?;
        sys::write_file(&file, serde_json::to_string_pretty(known).ok()?.as_bytes()).ok()
    };
    let _ = kept();
}

#[cfg(test)]
mod tests {
    use super::kind_of;
    use crate::problem::Problem;
    use std::collections::BTreeSet;

    #[test]
    fn kinds_of_equation_have_tiles_of_their_own() {
        let common = "x1 = 0\nx2 = 1\ndx = 0.1\nruntime = 1\nouttime = 1\n";
        let materials = ["D = 1", "Dx = 1\nDy = 2", "D = '1 + x'"];
        let kinds = materials.iter().flat_map(|material| {
            ["", "source = 1.0\n"].map(|source| {
                let text = format!("{material}\n{common}{source}");
                let problem: Problem = text.parse().unwrap();
                kind_of(problem.stencil::<f64>().equation())
            })
        });
        // One D with a source is computed as Dx and Dy with one.
        assert_eq!(kinds.collect::<BTreeSet<_>>().len(), 5);
    }
}
