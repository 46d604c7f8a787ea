//! Analyses an array that another program wrote: statistics, and means over windows.
//!
//! `cargo run --release --example foreign_array`

use diff2d::{
    Progress,
    arrays::{
        output::{Destination, Output},
        stats,
        window::{Op, Request, Windows},
    },
    npy::ArrayFile,
};
use std::{error::Error, fs};

/// The whole example; `tests/repository/examples.rs` calls it.
pub fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("measured.npy");
    fs::write(&path, foreign())?;

    let array = ArrayFile::open(&path)?;
    let progress = Progress::default();
    let options = stats::Options {
        skip_nan: false,
        above: None,
        memory: 64 << 20,
    };
    let statistics = stats::whole(&array, options, &progress)?;
    println!("mean {}, std {:.3}", statistics.mean, statistics.std);
    assert_eq!(statistics.mean, 49.5);

    // Means over windows of 3 × 5 elements.
    let windows = Windows::new(
        &array,
        Request {
            op: Op::Mean,
            window: vec![3, 5],
            weights: None,
            pad: None,
            skip_nan: None,
            stride: vec![1, 1],
            select: array.npy.shape.iter().map(|&length| 0..length).collect(),
            dtype: None,
            memory: 64 << 20,
        },
    )?;
    let smooth = directory.path().join("smooth.npy");
    let output = Output::create(
        Destination::examine(&smooth)?,
        windows.shape(),
        windows.dtype(),
        false,
    )?;
    windows.all(&array, &output, &progress)?;
    output.finish()?;

    let smooth = ArrayFile::open(&smooth)?;
    assert_eq!(smooth.npy.shape, [8, 6]);
    println!("first window: {:?}", smooth.element(0)?);
    Ok(())
}

/// What `numpy.save` writes for `numpy.arange(100, dtype=">i2").reshape(10, 10)`.
fn foreign() -> Vec<u8> {
    let header = "{'descr': '>i2', 'fortran_order': False, 'shape': (10, 10), }";
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(format!("{header:<117}\n").bytes());
    bytes.extend((0..100_i16).flat_map(i16::to_be_bytes));
    bytes
}
