//! The letters of names in formulas.

/// The Greek letters from alpha to omega in words; sigma has a second form at the end of words.
const GREEK: [&str; 25] = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "sigma", "tau", "upsilon", "phi",
    "chi", "psi", "omega",
];

/// Why a name cannot stand in formulas, with what can; `None` if it has no letter beyond a to z.
#[must_use]
pub fn refuse_letters(name: &str) -> Option<String> {
    if name.is_ascii() {
        return None;
    }
    if name.ends_with(['²', '³']) {
        return Some("a power is a**b".to_owned());
    }
    let in_words: String = name.chars().map(in_words).collect();
    let way_out = match in_words.is_ascii() {
        true => format!(": write {in_words}"),
        false => String::new(),
    };
    Some(format!(
        "names are of the letters a to z and A to Z, digits and _{way_out}"
    ))
}

/// A Greek letter in words, with a capital if it is one; any other letter as it is.
fn in_words(letter: char) -> String {
    let word_behind = |first: char| {
        let place = u32::from(letter).checked_sub(u32::from(first))?;
        GREEK.get(usize::try_from(place).ok()?)
    };
    if letter == 'µ' {
        return "mu".to_owned();
    }
    if let Some(word) = word_behind('α') {
        return (*word).to_owned();
    }
    match word_behind('Α') {
        Some(word) => word[..1].to_uppercase() + &word[1..],
        None => letter.to_string(),
    }
}
