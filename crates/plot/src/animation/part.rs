//! The part of a picture that differs from the one before.

use crate::{bitmap::Bitmap, canvas::Rect};

/// The smallest rectangle that holds all differences of two pictures of one size; one pixel if there is
/// none, since a frame cannot be empty.
pub(super) fn changed(one: &Bitmap, two: &Bitmap) -> Rect {
    let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
    let width = one.width();
    let rows = |bitmap: &Bitmap| bitmap.rgb().as_chunks::<3>().0.to_vec();
    let (one, two) = (rows(one), rows(two));
    let rows = one.chunks_exact(width).zip(two.chunks_exact(width));
    for (y, (a, b)) in rows.enumerate().filter(|(_, (a, b))| a != b) {
        let differ = |x: &usize| a[*x] != b[*x];
        left = left.min((0..width).find(differ).unwrap_or(left));
        right = right.max((0..width).rfind(differ).unwrap_or(right));
        (top, bottom) = (top.min(y), y);
    }
    let (left, top) = (left.min(right), top.min(bottom));
    Rect {
        left,
        top,
        width: right + 1 - left,
        height: bottom + 1 - top,
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
