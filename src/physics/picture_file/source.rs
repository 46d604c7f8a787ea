//! [`Source`]: a picture's file with the memory that its pixels may take, and the refusals that all formats share.

use crate::{params::ParamsError, physics::input::Input};
use diff2d_arrays::wording;
use diff2d_sys::Memory;
use std::{
    io::{self, ErrorKind},
    path::Path,
};

/// The most bytes of a row of pixels, of which decoders hold several.
const LONGEST_ROW: u64 = 1 << 24;

/// The Exif tag that says how viewers turn the picture.
pub const ORIENTATION: u16 = 274;

/// The file of a picture, and the most bytes that its pixels may take.
#[derive(Clone, Copy)]
pub struct Source<'i> {
    pub input: &'i Input,
    pub most_bytes: u64,
}

impl Source<'_> {
    /// Memory for the samples of all pixels, whose decoder needs so many bytes beside them.
    pub fn memory(
        self,
        [height, width]: [u32; 2],
        sample_bytes: u64,
        decoder_bytes: u64,
    ) -> Result<Memory, ParamsError> {
        let needed_bytes = sample_bytes.saturating_add(decoder_bytes);
        if needed_bytes > self.most_bytes {
            let part = format!("its {height} × {width} pixels take");
            return Err(self.too_large(&part, needed_bytes, self.most_bytes));
        }
        let samples = usize::try_from(sample_bytes)
            .map_err(|_| io::Error::from(ErrorKind::OutOfMemory))
            .and_then(Memory::zeroed);
        samples.map_err(|error| self.input.unreadable(&error))
    }

    /// Refuses a picture with rows that are longer than the longest one.
    pub fn examine_row(self, row_bytes: u64) -> Result<(), ParamsError> {
        if row_bytes > LONGEST_ROW {
            return Err(self.too_large("a row of its pixels takes", row_bytes, LONGEST_ROW));
        }
        Ok(())
    }

    /// Refuses a picture of which a part takes more bytes than it may.
    fn too_large(self, part_takes: &str, bytes: u64, most_bytes: u64) -> ParamsError {
        let [size, limit] = [bytes, most_bytes].map(wording::bytes);
        self.input.refuse(&format!(
            "{part_takes} {size} of memory, and {limit} are allowed: scale the picture down to the nodes of the grid, or give an array (.npy) in its place, which is read in pieces"
        ))
    }

    /// Refuses a picture that viewers show turned or mirrored, as its Exif tag of this value says.
    pub fn examine_orientation(self, orientation: Option<u16>) -> Result<(), ParamsError> {
        match orientation {
            None | Some(0 | 1) => Ok(()),
            Some(turned) => Err(self.input.refuse(&format!(
                "its tag of orientation is {turned}, so viewers show it turned or mirrored: save its pixels as they are shown, by `magick IN -auto-orient OUT` (ImageMagick) or with PIL.ImageOps.exif_transpose (Pillow)"
            ))),
        }
    }

    /// The commands that make a PNG file of the picture; `page` stands behind its name. A file that exists stays as it is.
    pub fn conversion(self, page: &str) -> String {
        let name = Path::new(self.input.path().file_name().unwrap_or_default());
        let mut names = ["png", "converted.png"].map(|ending| name.with_extension(ending));
        if self.input.path().with_file_name(&names[0]).exists() {
            names.swap(0, 1);
        }
        let [name, png] = [name, &names[0]].map(|path| path.display().to_string());
        format!(
            "`magick {name}{page} {png}` (ImageMagick) writes a PNG file, and so does Python with Pillow: PIL.Image.open({name:?}).save({png:?})"
        )
    }
}
