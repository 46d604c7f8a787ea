//! Journals, read and written without the program's own code.

/// The lines of a journal without what is new in every run: the run id, and the check sums over it.
pub fn without_ids(journal: &str) -> Vec<String> {
    journal.lines().map(without_id).collect()
}

fn without_id(line: &str) -> String {
    let body = line.rsplit_once(CRC).map_or(line, |(body, _)| body);
    match body.split_once(RUN_ID) {
        Some((before, behind)) => format!("{before}{}", behind.trim_start_matches(is_hex)),
        None => body.to_owned(),
    }
}

/// The run id of a journal.
pub fn run_id(journal: &str) -> &str {
    let behind = journal.split_once(RUN_ID).expect("a run id").1;
    &behind[..behind.find('"').expect("its end")]
}

/// A line whose check sum is that of its text before `,"crc"`, newline included.
pub fn sealed(line: &str, run_id: &str) -> String {
    let line = line.trim_end();
    let body = match line.rsplit_once(CRC) {
        Some((body, _)) => body,
        None => line.strip_suffix('}').expect("an object"),
    };
    format!("{body}{CRC}{:08x}\"}}\n", crc32c(&[run_id, body].concat()))
}

/// Whether the check sum of a line without its newline is right.
pub fn is_sealed(line: &str, run_id: &str) -> bool {
    line.contains(CRC) && sealed(line, run_id).trim_end() == line
}

const CRC: &str = ",\"crc\":\"";
const RUN_ID: &str = "\"run_id\":\"";

fn is_hex(letter: char) -> bool {
    letter.is_ascii_hexdigit()
}

/// By the definition: the reflected polynomial 0x82F63B78, a bit at a time.
fn crc32c(text: &str) -> u32 {
    !text.bytes().fold(!0, |sum: u32, byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ (0x82f6_3b78 & (sum & 1).wrapping_neg())
        })
    })
}
