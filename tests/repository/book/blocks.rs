//! The fenced blocks of a document, and the steps that they ask for.

/// What stands in the line before a block that is not run, with the reason.
const NOT_RUN: &str = "<!-- not run: ";

/// A fenced block.
#[derive(Debug)]
pub struct Block<'a> {
    pub language: &'a str,
    /// The number of its first line.
    pub line: usize,
    pub lines: Vec<&'a str>,
    /// Why it is not run, if it is not.
    pub not_run: Option<&'a str>,
}

/// All fenced blocks of a document.
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut found: Vec<Block> = Vec::new();
    let mut is_open = false;
    let mut before = "";
    for (number, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), is_open) {
            (Some(language), false) => {
                let reason = before.strip_prefix(NOT_RUN);
                found.push(Block {
                    language,
                    line: number + 2,
                    lines: Vec::new(),
                    not_run: reason.map(|reason| reason.trim_end_matches(" -->")),
                });
                is_open = true;
            }
            (Some(_), true) => is_open = false,
            (None, true) => found.last_mut().unwrap().lines.push(line),
            (None, false) => {}
        }
        before = line;
    }
    assert!(!is_open, "a block without an end");
    found
}

/// One command.
#[derive(Debug)]
pub struct Step {
    /// Where it stands.
    pub line: usize,
    /// What the shell gets.
    pub command: String,
    /// How it ends: 0, or what a comment behind it says (`# exit code 3`).
    pub code: i32,
    /// What it prints, if the document says so.
    pub output: Option<Vec<String>>,
}

impl Step {
    fn new(line: usize, command: String) -> Self {
        let code = command.rsplit_once("# exit code ").map_or(0, |(_, rest)| {
            let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next();
            digits.unwrap().parse().unwrap()
        });
        Self {
            line,
            command,
            code,
            output: None,
        }
    }
}

impl Block<'_> {
    /// The steps that it asks for: none, if it is no program.
    pub fn steps(&self) -> Vec<Step> {
        match self.language {
            "sh" => self.commands(),
            "console" => self.dialogue(),
            "python" => vec![Step::new(
                self.line,
                format!("python3 - <<'PYTHON'\n{}\nPYTHON", self.lines.join("\n")),
            )],
            _ => Vec::new(),
        }
    }

    /// A command a line, but for those that go on behind a backslash or have a here-document.
    fn commands(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut lines = self.lines.iter().zip(self.line..);
        while let Some((line, number)) = lines.next() {
            let mut command = (*line).to_owned();
            let mut go_on = |command: &mut String| {
                let (line, _) = lines.next().expect("a command has an end");
                command.push('\n');
                command.push_str(line);
                *line
            };
            while command.ends_with('\\') {
                go_on(&mut command);
            }
            if let Some((_, end)) = command.clone().split_once("<<") {
                let end = end.trim_matches('\'');
                while go_on(&mut command) != end {}
            }
            if !command.trim().is_empty() {
                steps.push(Step::new(number, command));
            }
        }
        steps
    }

    /// Commands behind `$`, each with what it prints.
    fn dialogue(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for (line, number) in self.lines.iter().zip(self.line..) {
            if let Some(command) = line.strip_prefix("$ ") {
                steps.push(Step {
                    output: Some(Vec::new()),
                    ..Step::new(number, command.to_owned())
                });
            } else {
                let step = steps.last_mut().expect("a dialogue begins with $");
                let output = step.output.as_mut().unwrap();
                output.push((*line).to_owned());
            }
        }
        steps
    }
}

/// Whether lines are those that a document shows: `…` stands for any text in a line, and alone for any lines.
pub fn is_as_shown(shown: &[String], lines: &[&str]) -> bool {
    match (shown, lines) {
        ([], []) => true,
        ([first, rest @ ..], _) if first == "…" => {
            (0..=lines.len()).any(|skipped| is_as_shown(rest, &lines[skipped..]))
        }
        ([first, shown @ ..], [line, lines @ ..]) => {
            is_line_as_shown(first, line) && is_as_shown(shown, lines)
        }
        _ => false,
    }
}

fn is_line_as_shown(shown: &str, line: &str) -> bool {
    match shown.split_once('…') {
        None => shown == line,
        Some((begin, rest)) => line.strip_prefix(begin).is_some_and(|line| {
            let places = line.char_indices().map(|(place, _)| place);
            places
                .chain([line.len()])
                .any(|place| is_line_as_shown(rest, &line[place..]))
        }),
    }
}

#[test]
fn blocks_are_found_and_compared() {
    let text = "a\n```sh\nx \\\n  y  # exit code 3\ncat <<'END'\n1\nEND\n```\n<!-- not run: why -->\n```console\n$ z\n…\n1 … 2\n```\n";
    let found = blocks(text);
    assert_eq!((found[0].not_run, found[1].not_run), (None, Some("why")));
    let steps = found[0].steps();
    let told: Vec<_> = steps
        .iter()
        .map(|step| (step.line, step.command.as_str(), step.code))
        .collect();
    assert_eq!(
        told,
        [
            (3, "x \\\n  y  # exit code 3", 3),
            (5, "cat <<'END'\n1\nEND", 0)
        ]
    );
    let shown = found[1].steps().remove(0).output.unwrap();
    assert!(is_as_shown(&shown, &["any", "lines", "1 and 2"]));
    assert!(is_as_shown(&shown, &["1  2"]));
    assert!(!is_as_shown(&shown, &["1 and 2", "more"]));
    assert!(!is_as_shown(&shown, &["1 and 3"]));
}
