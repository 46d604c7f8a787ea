//! Results on stdout: a row for every index along the axes that are left.

use super::args::StatsArgs;
use crate::{
    cli::{number, terminal::Terminal},
    error::Error,
};
use diff2d_arrays::npy::{NpyHeader, Scalar};
use diff2d_arrays::{Statistics, stats::Histogram};

/// Rows of results.
pub(super) struct Table<'a> {
    style: Style,
    rest: &'a NpyHeader,
    /// Where the selected part begins along the axes that are left.
    start: Vec<u64>,
    /// The name of the file, where there are several.
    file: Option<String>,
    /// The axes that are left and have coordinates: their number among these, and name.
    named: Vec<(usize, String)>,
    quantiles: &'a [f64],
}

#[derive(Clone, Copy, PartialEq)]
enum Style {
    Text,
    Csv,
    Json,
}

/// A row: its place among the results, with what else is known of it.
pub(super) struct Row<'a> {
    pub(super) place: u64,
    pub(super) statistics: &'a Statistics,
    pub(super) quantiles: &'a [f64],
    /// The coordinates along the axes that have some.
    pub(super) coordinates: Vec<f64>,
}

impl<'a> Table<'a> {
    pub(super) fn of(args: &'a StatsArgs, rest: &'a NpyHeader) -> Self {
        let style = match (args.csv, args.json) {
            (true, _) => Style::Csv,
            (_, true) => Style::Json,
            _ => Style::Text,
        };
        Self {
            style,
            rest,
            start: vec![0; rest.shape.len()],
            file: None,
            named: Vec::new(),
            quantiles: &args.quantiles,
        }
    }

    pub(super) fn starting_at(self, start: Vec<u64>) -> Self {
        Self { start, ..self }
    }

    pub(super) fn of_file(self, file: Option<String>) -> Self {
        Self { file, ..self }
    }

    pub(super) fn with_coordinates(self, named: Vec<(usize, String)>) -> Self {
        Self { named, ..self }
    }

    /// One object or a few lines, not a table.
    fn is_single(&self) -> bool {
        self.rest.shape.is_empty() && self.file.is_none()
    }

    fn names(&self) -> Vec<String> {
        let file = self.file.iter().map(|_| "file".to_owned());
        let indices = (0..self.rest.shape.len()).map(|axis| format!("i{axis}"));
        let named = self.named.iter().map(|(_, name)| name.clone());
        file.chain(indices)
            .chain(named)
            .chain(Statistics::NAMES.map(str::to_owned))
            .chain(self.quantiles.iter().map(|q| format!("q{q}")))
            .collect()
    }

    pub(super) fn begin(&self, terminal: &Terminal) -> Result<(), Error> {
        match self.style {
            Style::Csv => terminal.result(&self.names().join(",")),
            Style::Text if !self.is_single() => terminal.result(&aligned(&self.names())),
            _ => Ok(()),
        }
    }

    pub(super) fn rows(&self, rows: &[Row<'_>], terminal: &Terminal) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<String> = rows
            .iter()
            .map(|row| self.row(row, &[], terminal))
            .collect();
        terminal.result(&rows.join("\n"))
    }

    /// A row with more that is known of it.
    pub(super) fn row(&self, row: &Row<'_>, more: &[Fact], terminal: &Terminal) -> String {
        let index = self.rest.index_of(row.place).into_iter().zip(&self.start);
        let index: Vec<String> = index.map(|(at, start)| (at + start).to_string()).collect();
        let six = row.statistics.scalars();
        let quantiles = row.quantiles.iter().map(|&value| Scalar::Float(value));
        let numbers: Vec<Scalar> = six.into_iter().chain(quantiles).collect();
        let fields = || -> Vec<String> {
            let coordinates = row.coordinates.iter().map(|&at| number::python(at));
            let numbers = numbers.iter().map(|&scalar| number::scalar(scalar));
            let file = self.file.iter().cloned();
            file.chain(index.iter().cloned())
                .chain(coordinates)
                .chain(numbers)
                .collect()
        };
        match self.style {
            Style::Csv => fields().join(","),
            Style::Text if self.is_single() => {
                let lines = self.names().into_iter().zip(fields());
                let more = more
                    .iter()
                    .map(|fact| (fact.name.to_owned(), fact.text.clone()));
                let lines = lines.chain(more);
                let lines: Vec<String> = lines
                    .map(|(name, value)| format!("{name:<6} {value}"))
                    .collect();
                lines.join("\n")
            }
            Style::Text => aligned(&fields()),
            Style::Json => self.object((row, &index), &numbers, more, terminal),
        }
    }

    fn object(
        &self,
        (row, index): (&Row<'_>, &[String]),
        numbers: &[Scalar],
        more: &[Fact],
        terminal: &Terminal,
    ) -> String {
        let mut entries = Vec::new();
        if let Some(file) = &self.file {
            entries.push(format!("\"file\":{}", serde_json::json!(file)));
        }
        if !self.rest.shape.is_empty() {
            entries.push(format!("\"index\":[{}]", index.join(",")));
        }
        let (six, quantiles) = numbers.split_at(Statistics::NAMES.len());
        let pairs = Statistics::NAMES.iter().zip(six);
        entries
            .extend(pairs.map(|(name, &scalar)| format!("\"{name}\":{}", terminal.json(scalar))));
        entries.push(format!("\"nan\":{}", row.statistics.nan));
        for ((_, name), &at) in self.named.iter().zip(&row.coordinates) {
            entries.push(format!("\"{name}\":{}", terminal.json(Scalar::Float(at))));
        }
        if !quantiles.is_empty() {
            let pairs = self.quantiles.iter().zip(quantiles);
            let pairs: Vec<String> = pairs
                .map(|(q, &value)| format!("\"{q}\":{}", terminal.json(value)))
                .collect();
            entries.push(format!("\"quantiles\":{{{}}}", pairs.join(",")));
        }
        entries.extend(
            more.iter()
                .map(|fact| format!("\"{}\":{}", fact.name, fact.json)),
        );
        // One object a line, whatever the number of them.
        format!("{{{}}}", entries.join(","))
    }
}

/// Something that is known of a single row.
#[derive(Clone)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) text: String,
    pub(super) json: String,
}

impl Fact {
    /// Where something is, with coordinates if there are some.
    pub(super) fn place(name: &'static str, index: &[u64], named: &[(String, f64)]) -> Self {
        let json: Vec<String> = index.iter().map(u64::to_string).collect();
        let at: Vec<String> = named
            .iter()
            .map(|(name, at)| format!("{name} = {}", number::python(*at)))
            .collect();
        let text = match at.is_empty() {
            true => number::tuple(index),
            false => format!("{} at {}", number::tuple(index), at.join(", ")),
        };
        Self {
            name,
            text,
            json: format!("[{}]", json.join(",")),
        }
    }

    pub(super) fn histogram(histogram: &Histogram) -> Self {
        let lines = histogram.counts.iter().zip(histogram.edges.windows(2));
        let lines: Vec<String> = lines
            .map(|(count, edges)| {
                format!(
                    "\n{:>22} {:>22} {count:>12}",
                    number::python(edges[0]),
                    number::python(edges[1])
                )
            })
            .collect();
        Self {
            name: "histogram",
            text: lines.concat(),
            json: serde_json::json!({"edges": histogram.edges, "counts": histogram.counts})
                .to_string(),
        }
    }
}

fn aligned(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("{field:>22}")).collect();
    fields.join(" ")
}
