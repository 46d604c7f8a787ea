//! Parameters: [`RawParams`] are parameters as typed, [`Params`] are valid parameters.
//!
//! A file is TOML or Python assignments as in the course's `diff2dparams.py` ([`python`]). Both become
//! [`Typed`](typed::Typed) values with names and places. [`keys`] is the table of all [keys](key::Key): types, defaults, and
//! sentences for messages. A new parameter is an entry there and a field of [`Params`] with the line that takes it;
//! `--set`, sweeps, journals and the comparison by resume follow from the entry.

mod area;
mod canonical;
mod choice;
mod constants;
mod coordinates;
mod error;
mod fit_values;
mod function_table;
mod initial;
mod judge;
pub mod key;
pub mod keys;
mod place;
mod profile;
pub mod python;
mod quantity;
mod raw;
mod record;
mod row_number;
mod samples;
mod snapshots;
mod spelling;
mod sweep;
mod toml_text;
pub mod typed;
mod until;
mod valid;
pub mod value;
mod varied;

pub use area::Area;
pub use canonical::{Canonical, rename_files};
pub use choice::{
    Alpha, Choice, Face, Interpolation, Isolated, Layout, Precision, Regrid, StepMethod, Times,
};
pub(crate) use choice::{choice, with_precision};
pub use constants::number_of;
pub use coordinates::Coordinates;
pub use error::ParamsError;
pub(crate) use fit_values::{
    bounds_and_scale, bounds_key, errors_in_fit, names_of_unknowns, pair, pair_at,
    reason_for_no_number,
};
pub use function_table::{CsvColumns, FunctionTable, PointsOfFile};
pub use initial::{Gaussian, InitialState, Sine};
pub use keys::is_key;
pub use place::Place;
pub use profile::{Boundary, Formula, Function, Profile, Wall};
pub use quantity::Quantity;
pub use raw::{InputPlace, RawParams};
pub use record::{DATE_COLUMN, PointValue, RecordField, RecordKeys, RecordPoint, RowTimes};
pub use row_number::{LEADING_COLUMNS, RowNumber, flux_beside, rate_names, rate_order};
pub use spelling::{hint, hint_of_file, nearest};
pub use sweep::SweepParams;
pub(crate) use sweep::WrongScenarios;
pub use toml_text::path_from;
pub use until::{End, Limit, Until};
pub use valid::{MOST_STAGES, Params, SIDES};
pub use varied::MOST_SCENARIOS;
