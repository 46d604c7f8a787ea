//! Types of elements on the command line.

use diff2d_arrays::npy::{Dtype, Kind};

/// Any type, as `f8`, `<f8` or `float64`.
pub(super) fn parse(text: &str) -> Result<Dtype, String> {
    let short = match text {
        "bool" => "b1".to_owned(),
        "b1" => text.to_owned(),
        _ => [("float", "f"), ("uint", "u"), ("int", "i")]
            .into_iter()
            .find_map(|(name, letter)| {
                let bits: usize = text.strip_prefix(name)?.parse().ok()?;
                Some(format!("{letter}{}", bits / 8))
            })
            .unwrap_or_else(|| text.trim_start_matches(['<', '=', '|']).to_owned()),
    };
    Dtype::parse(&format!("<{short}"))
        .map_err(|_| "expected f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 or b1".to_owned())
}

/// A float type.
pub(super) fn parse_float(text: &str) -> Result<Dtype, String> {
    parse(text)
        .ok()
        .filter(|dtype| dtype.kind == Kind::Float)
        .ok_or_else(|| "expected f2, f4 or f8".to_owned())
}
