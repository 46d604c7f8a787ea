//! Parts of pictures.

use crate::canvas::{Bitmap, Rect};

/// The pixels of a part of a picture, row after row.
pub(super) fn part(bitmap: &Bitmap, rect: Rect) -> impl Iterator<Item = [u8; 3]> {
    let (pixels, _) = bitmap.rgb().as_chunks::<3>();
    let rows = pixels.chunks_exact(bitmap.width());
    let rows = rows.skip(rect.top).take(rect.height);
    rows.flat_map(move |row| row[rect.left..rect.right()].iter().copied())
}
