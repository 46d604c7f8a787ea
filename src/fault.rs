//! [`Fault`], which all packages have.

pub use diff2d_sys::Fault;
