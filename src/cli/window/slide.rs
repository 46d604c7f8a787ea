//! `diff2d window`.

use super::{args::WindowArgs, reduce::reduce, request};
use crate::{
    cli::{open::open_as, terminal::Terminal},
    error::Error,
};

pub(in super::super) fn window(args: &WindowArgs, terminal: &Terminal) -> Result<(), Error> {
    let array = open_as(&args.common.file, &args.common.input, terminal)?;
    // What is waited for counts as there.
    let shape = if args.follow {
        array.npy.shape.clone()
    } else {
        array.shape()
    };
    let request = request::of(args, &array, &shape, terminal)?;
    reduce(array, &shape, request, &args.common, args.follow, terminal)
}
