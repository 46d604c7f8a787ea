//! `diff2d distribute`: an array sent to the ranks that `mpirun` started, each its portion.

use super::{
    answer::Answer, axes::Axes, bar::Unit, json::Value, number, open, ranks, terminal::Terminal,
    values,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    JournalledArray,
    comm::Comm,
    distribute::{self, Delivery, ScatterSource},
};
use diff2d_arrays::progress::Progress;
use std::path::{Path, PathBuf};

/// Send every rank its portion of any .npy file, and check what arrives (exit code 3 if it differs)
///
/// Rank 0 reads the file and sends each of the K ranks its portion, as numpy.array_split(a, K, A)
/// cuts it. Of each rank: the shape of its portion, the SHA-256 of the bytes that were sent and of
/// those that arrived; both are that of the portion's tobytes().
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d distribute output/diff2dparams.npy
  mpirun -n 4 diff2d distribute huge.npy --axis -1")]
pub(super) struct DistributeArgs {
    /// Any .npy file; only rank 0 needs to see it
    #[arg(value_name = "FILE.npy")]
    file: PathBuf,
    /// The axis that is cut: a number (negative from the end), or t, y, x of a cube
    #[arg(long, value_name = "A", default_value = "0")]
    axis: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Memory to use at most, of each rank
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = values::working_memory)]
    memory: u64,
}

pub(super) fn distribute(args: &DistributeArgs, terminal: &Terminal) -> Result<u8, Error> {
    ranks::together("distribute", terminal, |world| {
        on_ranks(world, args, terminal).map(|()| 0)
    })
}

/// Collective. Distributes the array; rank 0 alone prints.
fn on_ranks(comm: &impl Comm, args: &DistributeArgs, terminal: &Terminal) -> Result<(), Error> {
    if !comm.is_root() {
        distribute::scatter(comm, None, |_| (), &Progress::default())?;
        return Ok(());
    }
    let opened = open(args, terminal);
    let source = opened.as_ref().ok().map(|(array, axis)| ScatterSource {
        array,
        axis: *axis,
        memory: args.memory,
    });
    let bytes = source.map_or(0, |source| {
        source.array.elements() * source.array.npy.dtype.bytes as u64
    });
    let bar = terminal.bar(bytes, Unit::Bytes);
    let delivered = distribute::scatter(comm, source, |_| (), bar.progress());
    drop(bar);
    let (_, axis) = opened?;
    let deliveries = delivered?.unwrap_or_default();
    terminal.answer(answer(axis, &deliveries), args.json)?;
    verdict(&args.file, &deliveries)
}

/// The array, and the number of the axis that is to be cut.
fn open(args: &DistributeArgs, terminal: &Terminal) -> Result<(JournalledArray, usize), Error> {
    let array = open::open(&args.file, terminal)?;
    if array.npy.shape.is_empty() {
        return Err(Error::Usage(format!(
            "{} is a single number, of shape (): it has no axis along which to cut it into portions",
            args.file.display()
        )));
    }
    let axis = Axes::of(&array).axis(&args.axis)?;
    Ok((array, axis))
}

/// What became of the portions: a line for every rank.
fn answer(axis: usize, deliveries: &[Delivery]) -> Answer<'_> {
    let digits = deliveries.len().saturating_sub(1).to_string().len();
    let shapes = deliveries
        .iter()
        .map(|delivery| number::tuple(&delivery.shape));
    let width = shapes.clone().map(|shape| shape.len()).max().unwrap_or(0);
    let (mut answer, mut portions) = (Answer::default(), Vec::new());
    for (rank, (delivery, shape)) in deliveries.iter().zip(shapes).enumerate() {
        let Delivery { sent, arrived, .. } = delivery;
        let is_same = delivery.is_intact();
        let word = if is_same { "same" } else { "DIFFERS" };
        answer.text(format!(
            "rank {rank:>digits$}  shape {shape:<width$}  sent {sent}  arrived {arrived}  {word}"
        ));
        let mut portion = Answer::default();
        portion.plain("rank", rank);
        portion.plain("shape", &delivery.shape);
        portion.plain("sent", sent);
        portion.plain("arrived", arrived);
        portion.plain("same", is_same);
        portions.push(portion.into_value());
    }
    answer.plain("axis", axis);
    answer.value("portions", Value::List(portions));
    answer
}

fn verdict(file: &Path, deliveries: &[Delivery]) -> Result<(), Error> {
    let differ: Vec<String> = (0..)
        .zip(deliveries)
        .filter(|(_, delivery)| !delivery.is_intact())
        .map(|(rank, _): (usize, _)| rank.to_string())
        .collect();
    let ranks = match &differ[..] {
        [] => return Ok(()),
        [one] => format!("rank {one}"),
        [first @ .., last] => format!("ranks {} and {last}", first.join(", ")),
    };
    Err(Error::Differs(format!(
        "what arrived at {ranks} of {} is not what was sent of {}: the memory or the network between these processes changes data, so do not compute with them before that is mended",
        deliveries.len(),
        file.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_with_other_bytes_are_named() {
        let digests = ["00", "ff"].map(|byte| byte.repeat(32));
        let delivery = |arrived: usize| Delivery {
            shape: vec![10, 3],
            sent: digests[0].clone(),
            arrived: digests[arrived].clone(),
        };
        let said = |deliveries: &[Delivery]| {
            let error = verdict(Path::new("a.npy"), deliveries).unwrap_err();
            assert_eq!(error.exit_code(), 3);
            error.to_string().split(':').next().map(str::to_owned)
        };
        assert!(verdict(Path::new("a.npy"), &[0, 0].map(delivery)).is_ok());
        assert_eq!(
            said(&[0, 1].map(delivery)).as_deref(),
            Some("what arrived at rank 1 of 2 is not what was sent of a.npy")
        );
        assert_eq!(
            said(&[1, 1, 0, 1].map(delivery)).as_deref(),
            Some("what arrived at ranks 0, 1 and 3 of 4 is not what was sent of a.npy")
        );
        let deliveries = [0, 1].map(delivery);
        let (_, lines) = answer(0, &deliveries).into_parts();
        let words: Vec<_> = lines.lines().map(|line| line.rsplit(' ').next()).collect();
        assert_eq!(words, [Some("same"), Some("DIFFERS")]);
    }
}
