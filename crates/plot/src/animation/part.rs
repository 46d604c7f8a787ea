//! The part of a picture that differs from the preceding picture.

use crate::{bitmap::Bitmap, canvas::Rect};

/// The smallest rectangle that holds all differences of two pictures of one size; one pixel if there is
/// none, since a frame cannot be empty.
pub(super) fn changed(before: &Bitmap, after: &Bitmap) -> Rect {
    let width = before.width();
    let (pixels_before, _) = before.rgb().as_chunks::<3>();
    let (pixels_after, _) = after.rgb().as_chunks::<3>();
    let (mut first_x, mut last_x, mut first_y, mut last_y) = (usize::MAX, 0, usize::MAX, 0);
    for (number, (old, new)) in pixels_before.iter().zip(pixels_after).enumerate() {
        if old == new {
            continue;
        }
        let (x, y) = (number % width, number / width);
        (first_x, last_x) = (first_x.min(x), last_x.max(x));
        (first_y, last_y) = (first_y.min(y), y);
    }
    let (left, top) = (first_x.min(last_x), first_y.min(last_y));
    Rect {
        left,
        top,
        width: last_x + 1 - left,
        height: last_y + 1 - top,
    }
}

/// The pixels of a part of a picture, row after row.
pub(super) fn part(bitmap: &Bitmap, rect: Rect) -> impl Iterator<Item = [u8; 3]> {
    let (pixels, _) = bitmap.rgb().as_chunks::<3>();
    let rows = pixels.chunks_exact(bitmap.width());
    let rows = rows.skip(rect.top).take(rect.height);
    rows.flat_map(move |row| row[rect.left..rect.right()].iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_written() {
        let one = Bitmap::new(3, 3);
        let mut two = one.clone();
        two.mix(2, 1, [0; 3], 1.0);
        two.mix(1, 2, [0; 3], 1.0);
        let rect = |left, top, width, height| Rect {
            left,
            top,
            width,
            height,
        };
        assert_eq!(changed(&one, &two), rect(1, 1, 2, 2));
        assert_eq!(changed(&one, &one), rect(0, 0, 1, 1));
        let (white, black) = ([255; 3], [0; 3]);
        assert!(part(&two, rect(1, 1, 2, 2)).eq([white, black, black, white]));
    }
}
