//! Texts within XML.

use std::borrow::Cow;

/// A text as the value of an attribute or between tags; characters that XML cannot have are left out.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| !letter.is_control() && !"<>&\"'".contains(letter);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let letters = text.chars().map(|letter| match letter {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&apos;".to_owned(),
        '\t' | '\n' | '\r' => format!("&#{};", letter as u32),
        letter if letter.is_control() => String::new(),
        letter => letter.to_string(),
    });
    Cow::Owned(letters.collect())
}
