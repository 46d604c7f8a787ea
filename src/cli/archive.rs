//! What `diff2d info` tells of an archive of arrays, `.npz`.

use super::{listing::Listing, number};
use crate::cli::error::Error;
use diff2d_arrays::{
    npy::{Archive, Descr, Member},
    wording::excerpt,
};
use serde::Serialize;
use std::{fmt, path::Path};

/// An archive and its members.
#[derive(Serialize)]
pub(super) struct ArchiveInfo {
    file: String,
    members: Vec<MemberInfo>,
}

#[derive(Serialize)]
struct MemberInfo {
    name: String,
    /// Bytes of the member once it is unpacked.
    bytes: u64,
    shape: Option<Vec<u64>>,
    dtype: Option<String>,
    /// The reason why the member cannot be read in place, if it cannot.
    hindrance: Option<String>,
}

impl ArchiveInfo {
    pub(super) fn new(path: &Path) -> Result<Self, Error> {
        let archive = Archive::open(path)?;
        let members = archive.members().iter();
        Ok(Self {
            file: path.display().to_string(),
            members: members
                .map(|member| MemberInfo::new(&archive, member))
                .collect(),
        })
    }
}

impl MemberInfo {
    fn new(archive: &Archive, member: &Member) -> Self {
        let header = if member.is_compressed {
            Err("compressed, which `numpy.savez` does not do".to_owned())
        } else {
            archive.header(member).map_err(|error| error.to_string())
        };
        let mut info = Self {
            name: excerpt(&member.name, 200),
            bytes: member.bytes,
            shape: None,
            dtype: None,
            hindrance: None,
        };
        match header {
            Ok(header) => {
                info.shape = Some(header.shape);
                info.dtype = Some(match header.descr {
                    Descr::Number(dtype) => dtype.to_string(),
                    Descr::Other { text, .. } => excerpt(&text, 60),
                });
            }
            Err(reason) => info.hindrance = Some(reason),
        }
        info
    }
}

impl fmt::Display for ArchiveInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Listing::default();
        lines.add("file", &self.file);
        let members = number::counted(self.members.len() as u64, "member");
        lines.add("archive", format!("{members}, read as FILE.npz:NAME"));
        for member in &self.members {
            let text = match (&member.shape, &member.dtype, &member.hindrance) {
                (Some(shape), Some(dtype), _) => {
                    format!("shape {}, dtype {dtype}", number::tuple(shape))
                }
                (_, _, hindrance) => hindrance.clone().unwrap_or_default(),
            };
            lines.add("member", format!("{}: {text}", member.name));
        }
        lines.fmt(f)
    }
}
