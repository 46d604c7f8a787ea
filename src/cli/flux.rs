//! `diff2d flux`: what comes in at each snapshot of a cube.

use super::{axes, number, terminal::Terminal};
use crate::{
    cube::Cube,
    error::Error,
    run::{FluxRow, FluxTable},
};
use clap::Args;
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::{fmt, path::PathBuf};

/// What comes in per time through walls, from held nodes and the source, and by decay, at each snapshot of a cube
///
/// From the values of the snapshot and the parameters of its journal; what leaves is negative. The rates are bit for bit those of
/// a record.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d flux output/diff2dparams.npy
  diff2d flux output/diff2dparams.npy --snapshots -1: --json")]
pub(super) struct FluxArgs {
    /// The cube of a run
    #[arg(value_name = "CUBE")]
    cube: PathBuf,
    /// Snapshots, as K or START:STOP[:STEP], from the end if negative
    #[arg(
        long,
        value_name = "R",
        allow_hyphen_values = true,
        default_value = ":"
    )]
    snapshots: String,
    /// Print a JSON array of objects
    #[arg(long)]
    json: bool,
    /// Print CSV with a header line (the default)
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(super) fn flux(args: &FluxArgs, terminal: &Terminal) -> Result<(), Error> {
    let cube = Cube::open(&args.cube)?;
    let some = axes::slice(&args.snapshots, cube.committed()).ok_or_else(|| {
        Error::Usage(format!(
            "--snapshots {}: expected a range as in Python, such as 2:8, :3, -1: or ::24, of the {} committed snapshots",
            args.snapshots,
            cube.committed()
        ))
    })?;
    let records = cube.records().iter();
    let records: Vec<_> = records
        .filter(|record| some.contains(record.index))
        .collect();
    let table = FluxTable::of(&cube, &records)?;
    terminal.answer(&Rates(table), args.json)
}

/// The rates of snapshots, as CSV or as an array of objects.
struct Rates(FluxTable);

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: String = self
            .0
            .names
            .iter()
            .map(|name| format!("{name}_rate,"))
            .collect();
        write!(f, "snapshot,t,{names}unexplained")?;
        for row in &self.0.rows {
            let rates: String = row
                .rates
                .iter()
                .map(|&rate| number::python(rate) + ",")
                .collect();
            let (t, unexplained) = (number::python(row.t), number::python(row.unexplained));
            write!(f, "\n{},{t},{rates}{unexplained}", row.snapshot)?;
        }
        Ok(())
    }
}

impl Serialize for Rates {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct FluxObject<'a>(&'a [String], &'a FluxRow);
        impl Serialize for FluxObject<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Self(names, row) = self;
                let mut object = serializer.serialize_map(None)?;
                object.serialize_entry("snapshot", &row.snapshot)?;
                object.serialize_entry("t", &row.t)?;
                for (name, rate) in names.iter().zip(&row.rates) {
                    object.serialize_entry(&format!("{name}_rate"), rate)?;
                }
                object.serialize_entry("unexplained", &row.unexplained)?;
                object.end()
            }
        }
        let rows = self.0.rows.iter();
        serializer.collect_seq(rows.map(|row| FluxObject(&self.0.names, row)))
    }
}
