//! [`Heading`]: the title over a whole picture.

use super::{
    canvas::{Anchor, Canvas},
    error::Error,
    panel::{Metrics, longest},
    text::{DIGIT, width},
};

/// The most lines of a heading, and letters that are looked at.
const MOST: usize = 8;
const LETTERS: usize = 2000;
/// What the size of a text is multiplied by until no more than three lines are needed.
const SMALLER: [f64; 3] = [1.0, 0.8, 0.65];
/// From line to line, in units of the size of the text.
const STEP: f64 = 1.25;

/// Lines of text above everything else; there may be none.
pub(super) struct Heading {
    lines: Vec<String>,
    size: f64,
    pad: f64,
}

impl Heading {
    /// A text of `size` pixels an em on a picture of some width in pixels and, where it is known, height: in several
    /// lines, and smaller, if it is long.
    pub fn new(
        text: &str,
        size: f64,
        m: &Metrics,
        (across, up): (usize, Option<usize>),
    ) -> Result<Self, Error> {
        let room = (across as f64 - 2.0 * m.pad).max(1.0);
        let text = plain(text);
        let mut heading = Self {
            lines: Vec::new(),
            size,
            pad: m.pad,
        };
        for share in SMALLER {
            heading.size = share * size;
            // No more than a third of the picture.
            let most = up.map_or(MOST, |up| (up as f64 / 3.0 / heading.size / STEP) as usize);
            heading.lines = wrapped(&text, heading.size, room, most.clamp(1, MOST))?;
            let is_whole = heading.lines.last().is_none_or(|line| text.ends_with(line));
            if is_whole && heading.lines.len() <= 3 {
                break;
            }
        }
        Ok(heading)
    }

    /// What it takes above what follows.
    pub fn height(&self) -> f64 {
        match self.lines.len() {
            0 => 0.0,
            lines => (1.6 + STEP * (lines - 1) as f64) * self.size,
        }
    }

    /// Writes it around a middle, moved down, and within the picture.
    pub fn draw(&self, canvas: &mut dyn Canvas, middle: f64, down: f64) -> Result<(), Error> {
        let half = longest(self.lines.iter().map(String::as_str), self.size)? / 2.0;
        let most = canvas.width() as f64 - self.pad - half;
        let middle = middle.min(most).max(self.pad + half);
        let mut base = self.pad + self.size * DIGIT + down;
        for line in &self.lines {
            canvas.write(line, self.size, (middle, base), Anchor::Centre)?;
            base += STEP * self.size;
        }
        Ok(())
    }
}

/// A text in lines that there is room for, broken between words where possible, and the last cut short if they are too
/// many.
pub(super) fn wrapped(text: &str, size: f64, room: f64, most: usize) -> Result<Vec<String>, Error> {
    let end = text.char_indices().nth(LETTERS).map(|(end, _)| end);
    let (mut lines, mut rest) = (Vec::new(), &text[..end.unwrap_or(text.len())]);
    while !rest.is_empty() {
        let whole = shortened(rest, size, room)?;
        if whole == rest || lines.len() + 1 == most {
            lines.push(whole);
            break;
        }
        // Without the sign of what is missing, and at least a letter.
        let letters = whole.chars().count().saturating_sub(1).max(1);
        let end = rest
            .char_indices()
            .nth(letters)
            .map_or(rest.len(), |(end, _)| end);
        let (line, follows) = rest.split_at(end);
        let end = match line.rfind(' ') {
            Some(end) if !follows.starts_with(' ') => end,
            _ => end,
        };
        lines.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    Ok(lines)
}

/// A text in one line.
pub(super) fn plain(text: &str) -> String {
    let letters = text.chars();
    let letters = letters.map(|letter| if letter.is_control() { ' ' } else { letter });
    letters.collect::<String>().trim().to_owned()
}

/// As much of a text as there is room for.
pub(super) fn shortened(text: &str, size: f64, room: f64) -> Result<String, Error> {
    if width(text, size)? <= room {
        return Ok(text.to_owned());
    }
    let letters: Vec<char> = text.chars().take(1000).collect();
    let first = |count: usize| letters[..count].iter().chain(&['…']).collect::<String>();
    let (mut fits, mut too_long) = (0, letters.len() + 1);
    while too_long - fits > 1 {
        let middle = usize::midpoint(fits, too_long);
        match width(&first(middle), size)? <= room {
            true => fits = middle,
            false => too_long = middle,
        }
    }
    Ok(first(fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_titles_take_several_lines_and_lose_no_word() {
        let m = Metrics::new(20.0);
        let text = "Temperature of a plate with two holes, heated from the left".repeat(2);
        for across in [300, 400, 1000] {
            let heading = Heading::new(&text, 26.0, &m, (across, None)).expect("a heading");
            assert_eq!(heading.lines.join(" "), text);
            for line in &heading.lines {
                let room = across as f64 - 2.0 * m.pad;
                assert!(
                    width(line, heading.size).expect("a width") <= room,
                    "{line}"
                );
            }
        }
        let heading = Heading::new(&text, 26.0, &m, (200, Some(200))).expect("a heading");
        assert!(heading.height() < 80.0);
        let letters = Heading::new(&"x".repeat(100_000), 26.0, &m, (400, None)).expect("a heading");
        assert_eq!(letters.lines.len(), MOST);
        assert!(letters.lines.last().is_some_and(|line| line.ends_with('…')));
    }
}
