//! What the program is: `--version`, and `diff2d` without a command.

use super::number;
use diff2d::{
    comm::HAS_MPI,
    program::{COMMIT, HAS_HDF5},
};
use diff2d_stencil::Kernel;

/// What `diff2d` alone prints.
pub(super) const OVERVIEW: &str = concat!(
    "diff2d ",
    env!("CARGO_PKG_VERSION"),
    ": diffusion in two dimensions. The same bits on any machine; all
snapshots durable in one plain .npy file (t, y, x), the cube.

Simulate       diff2d run params/diff2dparams.toml
Continue       diff2d run params/diff2dparams.toml --resume
Look           diff2d plot output/diff2dparams.npy --sheet
Sum up         diff2d stats output/diff2dparams.npy --axis t
Hand on        diff2d export output/diff2dparams.npy --to zarr

Every command:                diff2d --help
One of them, with examples:   diff2d run --help
As manual pages:              diff2d man DIR
Parameters, files, numbers:   README.md and docs/ of the package
"
);

/// The name and the version.
pub(super) fn short() -> String {
    concat!("diff2d ", env!("CARGO_PKG_VERSION")).to_owned()
}

/// Also of which commit it was built, and with which features; where more is asked for, which kernel computes
/// the steps on this machine.
pub(super) fn long(verbose: bool) -> String {
    let mut lines = vec![short()];
    lines.extend(COMMIT.map(|commit| format!("commit   {commit}")));
    if verbose {
        lines.push(format!(
            "kernel   {}; this machine has {}",
            Kernel::detect(),
            number::joined(Kernel::available(), ", ")
        ));
    }
    let optional = [(HAS_HDF5, "hdf5"), (HAS_MPI, "mpi")];
    let optional = optional.into_iter().filter(|(has, _)| *has);
    let features = ["cli", "plot"].into_iter();
    let features = features.chain(optional.map(|(_, name)| name));
    lines.push(format!("features {}", number::joined(features, " ")));
    lines.join("\n")
}
