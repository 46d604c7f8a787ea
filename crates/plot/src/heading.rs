//! [`Heading`]: the title over a whole picture.

use super::{
    canvas::{Anchor, Canvas},
    error::Error,
    panel::Metrics,
    text::{DIGIT, width},
};

/// A line of text above everything else; may be empty.
pub(super) struct Heading {
    text: String,
    size: f64,
    base: f64,
    pad: f64,
}

impl Heading {
    /// A text of `size` pixels an em.
    pub fn new(text: &str, size: f64, m: &Metrics) -> Self {
        Self {
            text: plain(text),
            size,
            base: m.pad + size * DIGIT,
            pad: m.pad,
        }
    }

    /// What it takes above what follows.
    pub fn height(&self) -> f64 {
        match self.text.is_empty() {
            true => 0.0,
            false => 1.6 * self.size,
        }
    }

    /// Writes it around a middle, moved down, and within the picture: smaller or cut short if it is long.
    pub fn draw(&self, canvas: &mut dyn Canvas, middle: f64, down: f64) -> Result<(), Error> {
        if self.text.is_empty() {
            return Ok(());
        }
        let room = (canvas.width() as f64 - 2.0 * self.pad).max(1.0);
        let needed = width(&self.text, self.size)?;
        let size = self.size * (room / needed).clamp(0.6, 1.0);
        let text = shortened(&self.text, size, room)?;
        let half = width(&text, size)? / 2.0;
        let most = canvas.width() as f64 - self.pad - half;
        let middle = middle.min(most).max(self.pad + half);
        canvas.write(&text, size, (middle, self.base + down), Anchor::Centre)
    }
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
