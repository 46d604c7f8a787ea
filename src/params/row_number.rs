//! [`RowNumber`]: the numbers of a row of a record, in the order of their columns.

use super::quantity::Quantity;

/// The names of the columns before the numbers of a row: the number of the scenario, which a sweep has, and step and time.
pub const LEADING_COLUMNS: [&str; 3] = ["scenario", "step", "t"];

/// The names of the rates of the sides.
const SIDES: [&str; 4] = ["left", "right", "bottom", "top"];

/// A number of a row of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowNumber {
    /// The mass of the grid.
    Mass,
    /// The smallest value of the grid.
    Min,
    /// The largest value of the grid.
    Max,
    /// The rate with this index: what comes in per time.
    Rate(usize),
    /// What has come in since the first row, by the rate with this index.
    Gain(usize),
    /// What the growth of the mass leaves unexplained.
    Unexplained,
    /// What comes in through the side with this index, by the size of its wall.
    Flux(usize),
    /// The value at the point with this index.
    Point(usize),
    /// The mean over the region with this index.
    RegionMean(usize),
    /// The smallest value in the region with this index.
    RegionMin(usize),
    /// The largest value in the region with this index.
    RegionMax(usize),
    /// The mass of the region with this index.
    RegionMass(usize),
    /// What has come into a region since the first row, by the rate with this index.
    RegionGain(usize),
    /// What comes into a region per time, by the rate with this index.
    RegionRate(usize),
}

impl RowNumber {
    /// Whether the number is left out of records in which another one has the name of its column: not all versions have had it.
    pub fn gives_way(self) -> bool {
        matches!(self, Self::Flux(_))
    }

    /// The numbers of points.
    pub(super) fn of_points<'n>(
        names: impl Iterator<Item = &'n str>,
    ) -> impl Iterator<Item = (String, Self)> {
        names
            .zip(0..)
            .map(|(name, index)| (name.to_owned(), Self::Point(index)))
    }

    /// The numbers of regions, in a problem with `tables` tables of held nodes.
    pub(super) fn of_regions<'n>(
        names: impl Iterator<Item = &'n str>,
        tables: usize,
    ) -> impl Iterator<Item = (String, Self)> {
        let first_rate = first_held_rate() + tables;
        names.zip(0..).flat_map(move |(region, index)| {
            let rate = first_rate + index;
            [
                (format!("{region}_mean"), Self::RegionMean(index)),
                (format!("{region}_min"), Self::RegionMin(index)),
                (format!("{region}_max"), Self::RegionMax(index)),
                (format!("{region}_mass"), Self::RegionMass(index)),
                (format!("{region}_in"), Self::RegionGain(rate)),
                (format!("{region}_in_rate"), Self::RegionRate(rate)),
            ]
        })
    }

    /// The numbers of the whole grid, where these are the tables of held nodes.
    pub fn of_totals(held_names: &[String]) -> Vec<(String, Self)> {
        let mut numbers = vec![
            ("mass".to_owned(), Self::Mass),
            ("min".to_owned(), Self::Min),
            ("max".to_owned(), Self::Max),
        ];
        for (rate, name) in rate_order(held_names.len()).zip(rate_names(held_names)) {
            numbers.push((format!("{name}_rate"), Self::Rate(rate)));
            numbers.push((name, Self::Gain(rate)));
        }
        numbers.push(("unexplained".to_owned(), Self::Unexplained));
        let fluxes = SIDES.map(|side| format!("{side}_flux")).into_iter();
        numbers.extend(fluxes.zip((0..).map(Self::Flux)));
        numbers
    }
}

/// The column that has the rate of a wall by the wall's size, if this is the name of the rate.
pub fn flux_beside(name: &str) -> Option<String> {
    let side = name.strip_suffix("_rate")?;
    SIDES.contains(&side).then(|| format!("{side}_flux"))
}

/// The index of the rate of the first table of held nodes: behind those of the sides and of quantities.
fn first_held_rate() -> usize {
    SIDES.len() + Quantity::WITH_RATE.len()
}

/// The indices of the rates of a grid in the order of their columns, with `tables` tables of held nodes: sides, held nodes,
/// and quantities.
pub fn rate_order(tables: usize) -> impl Iterator<Item = usize> {
    let first_held = first_held_rate();
    (0..SIDES.len())
        .chain(first_held..first_held + tables)
        .chain(SIDES.len()..first_held)
}

/// The names of the rates of a grid in the order of their columns; `held_names` are the tables of held nodes.
pub fn rate_names(held_names: &[String]) -> Vec<String> {
    let quantities = Quantity::WITH_RATE.map(|quantity| quantity.key().to_owned());
    let sides = SIDES.map(str::to_owned).into_iter();
    let names = sides.chain(held_names.iter().cloned()).chain(quantities);
    names.collect()
}

/// Whether a text is valid as the name of a column.
pub fn is_column_name(text: &str) -> bool {
    let mut letters = text.chars();
    !text.is_empty() && letters.all(|letter| letter.is_alphanumeric() || letter == '_')
}
