//! [`PictureHeading`]: the title over a whole picture.

use super::{
    canvas::{Anchor, Canvas},
    error::Error,
    panel::{Metrics, longest},
    text::{DIGIT, width},
};

/// Largest number of lines of a heading.
const MOST: usize = 8;
/// The largest number of characters of a text that are used.
const LETTERS: usize = 2000;
/// Factors for the size of a text, tried in turn until at most three lines are needed.
const SMALLER: [f64; 3] = [1.0, 0.8, 0.65];
/// The distance between lines, in units of the size of the text.
const STEP: f64 = 1.25;

/// Lines of text above everything else; there may be none.
pub(super) struct PictureHeading {
    lines: Vec<String>,
    size: f64,
    pad: f64,
}

impl PictureHeading {
    /// A text with an em of `size` pixels on a picture of the given width and, if it is known, height in pixels. A long
    /// text is divided into several lines, and is smaller.
    pub fn new(
        text: &str,
        size: f64,
        m: &Metrics,
        (picture_width, picture_height): (usize, Option<usize>),
    ) -> Result<Self, Error> {
        let room = (picture_width as f64 - 2.0 * m.pad).max(1.0);
        let text = plain(text);
        let mut heading = Self {
            lines: Vec::new(),
            size,
            pad: m.pad,
        };
        for factor in SMALLER {
            heading.size = factor * size;
            // A heading takes no more than a third of the picture.
            let line_limit = picture_height.map_or(MOST, |height| {
                (height as f64 / 3.0 / heading.size / STEP) as usize
            });
            heading.lines = wrapped(&text, heading.size, room, line_limit.clamp(1, MOST))?;
            let is_whole = heading.lines.last().is_none_or(|line| text.ends_with(line));
            if is_whole && heading.lines.len() <= 3 {
                break;
            }
        }
        Ok(heading)
    }

    /// The height of the heading above the rest of the picture.
    pub fn height(&self) -> f64 {
        match self.lines.len() {
            0 => 0.0,
            lines => (1.6 + STEP * (lines - 1) as f64) * self.size,
        }
    }

    /// Writes the heading centred at `middle`, moved down by `down` pixels, and within the picture.
    pub fn draw(&self, canvas: &mut dyn Canvas, middle: f64, down: f64) -> Result<(), Error> {
        let half = longest(self.lines.iter().map(String::as_str), self.size)? / 2.0;
        let rightmost_middle = canvas.width() as f64 - self.pad - half;
        let middle = middle.min(rightmost_middle).max(self.pad + half);
        let mut base = self.pad + self.size * DIGIT + down;
        for line in &self.lines {
            canvas.write(line, self.size, (middle, base), Anchor::Centre)?;
            base += STEP * self.size;
        }
        Ok(())
    }
}

/// A text in at most `most` lines that fit the width. Lines are broken between words if possible, and the last line is
/// shortened if there are too many.
pub(super) fn wrapped(text: &str, size: f64, room: f64, most: usize) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let mut remaining = &text[..byte_of_letter(text, LETTERS)];
    while !remaining.is_empty() {
        let shortened = shortened(remaining, size, room)?;
        if shortened == remaining || lines.len() + 1 == most {
            lines.push(shortened);
            break;
        }
        // The line has a letter at least, but not the ellipsis.
        let letters = shortened.chars().count().saturating_sub(1).max(1);
        let room_end = byte_of_letter(remaining, letters);
        let (line, following) = remaining.split_at(room_end);
        let line_end = match line.rfind(' ') {
            Some(space) if !following.starts_with(' ') => space,
            _ => room_end,
        };
        lines.push(remaining[..line_end].trim_end().to_owned());
        remaining = remaining[line_end..].trim_start();
    }
    Ok(lines)
}

/// The byte at which a character begins; the length of the text if it has fewer characters.
fn byte_of_letter(text: &str, letter: usize) -> usize {
    text.char_indices()
        .nth(letter)
        .map_or(text.len(), |(byte, _)| byte)
}

/// A text in one line.
pub(super) fn plain(text: &str) -> String {
    let letters = text.chars();
    let letters = letters.map(|letter| if letter.is_control() { ' ' } else { letter });
    letters.collect::<String>().trim().to_owned()
}

/// The beginning of a text that fits the width, with an ellipsis if it is shortened.
pub(super) fn shortened(text: &str, size: f64, room: f64) -> Result<String, Error> {
    if width(text, size)? <= room {
        return Ok(text.to_owned());
    }
    let letters: Vec<char> = text.chars().take(1000).collect();
    let (mut fitting, mut too_long) = (0, letters.len() + 1);
    while too_long - fitting > 1 {
        let middle = usize::midpoint(fitting, too_long);
        if width(&with_ellipsis(&letters[..middle]), size)? <= room {
            fitting = middle;
        } else {
            too_long = middle;
        }
    }
    Ok(with_ellipsis(&letters[..fitting]))
}

fn with_ellipsis(letters: &[char]) -> String {
    letters.iter().chain(&['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_titles_take_several_lines_and_lose_no_word() {
        let m = Metrics::new(20.0);
        let text = "Temperature of a plate with two holes, heated from the left".repeat(2);
        for across in [300, 400, 1000] {
            let heading = PictureHeading::new(&text, 26.0, &m, (across, None)).expect("a heading");
            assert_eq!(heading.lines.join(" "), text);
            for line in &heading.lines {
                let room = across as f64 - 2.0 * m.pad;
                assert!(
                    width(line, heading.size).expect("a width") <= room,
                    "{line}"
                );
            }
        }
        let heading = PictureHeading::new(&text, 26.0, &m, (200, Some(200))).expect("a heading");
        assert!(heading.height() < 80.0);
        let letters =
            PictureHeading::new(&"x".repeat(100_000), 26.0, &m, (400, None)).expect("a heading");
        assert_eq!(letters.lines.len(), MOST);
        assert!(letters.lines.last().is_some_and(|line| line.ends_with('…')));
    }
}
