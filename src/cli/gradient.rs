//! `diff2d gradient`: how numbers of a record depend on every value of every field.

use super::{
    answer::Answer,
    answer_files::{admit_picture, answer_name, check_picture_name, written},
    json::{self, Value},
    number,
    params::ParamsArgs,
    start::check_writable,
    terminal::Terminal,
    typed, values,
};
use crate::cli::error::Error;
use clap::Args;
use diff2d::{
    Cube, Problem, RawParams,
    fit::misfit_of,
    gradient::{
        Cost, Derivative, FieldKey, Gradient, GradientOptions, NodeDerivatives, Objective, Term,
        Unknown, unit_of,
    },
    program::{cube::Writing, params::Digests, run::on_threads},
    with_start,
};
use diff2d_arrays::{
    labels::{Labels, NamedAxis, beside},
    npy::{Dtype, NpyHeader},
};
use diff2d_plot::{Colormap, Extent, Frame, Range, Style, save_picture};
use diff2d_sys::{self as sys, Destination};
use std::path::{Path, PathBuf};

/// Tell how numbers of a record depend on every value of every field, exactly
///
/// The derivatives are those of the steps that are taken, by the adjoint: all fields cost a few runs. The answer is
/// STEM.gradient.json; the derivatives by the values on the nodes are one array for each field beside it, STEM.d_KEY.npy.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  diff2d gradient wall.toml --of 'sill@3600' --by D,boundary.left --plot sill.pdf
  diff2d gradient wall.toml --of 'left_rate@0:3600' --by D,source,initial,constants
  diff2d gradient wall.toml --of 'a@10,-1*b@10' --by D --cube output/wall.npy
  diff2d gradient wall.toml --misfit --by D,capacity,held --json")]
pub(super) struct GradientArgs {
    #[command(flatten)]
    params: ParamsArgs,
    /// What is differentiated: a number of the record at a time, NAME@t, or its mean over the rows of a window, NAME@t0:t1;
    /// several with weights, such as 0.5*a@10,-0.5*b@10
    #[arg(long, value_name = "NAME@t", allow_hyphen_values = true)]
    of: Vec<String>,
    /// Differentiate the sum of squares of the differences to [[fit.data]], each by its sigma
    #[arg(long, conflicts_with = "of")]
    misfit: bool,
    /// What it is differentiated by: fields (D, Dx, Dy, capacity, decay, source, initial), walls (boundary.left), held,
    /// constants, and names of numbers of the file
    #[arg(long, value_name = "KEY,…", required = true)]
    by: Vec<String>,
    /// The answer to write; its arrays lie beside it [default: output/STEM.gradient.json, named after the parameter file]
    #[arg(long, short, value_name = "STEM.gradient.json")]
    output: Option<PathBuf>,
    /// A cube of these parameters, whose snapshots are checkpoints
    #[arg(long, value_name = "CUBE")]
    cube: Option<PathBuf>,
    /// Draw a map of each field, signed: .pdf, .svg or .png; of several fields, FILE_KEY
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Threads that compute [default: all processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Take at most so much memory, such as 4GiB, for states; fewer are kept and more are computed again then
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    memory: Option<u64>,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn gradient(args: &GradientArgs, terminal: &Terminal) -> Result<(), Error> {
    let raw = with_start(RawParams::load(&args.params.file, &args.params.overrides)?)?;
    let problem = Problem::with_digests(&raw, &mut Digests::within(args.memory))?;
    let objective = objective(args, &raw, &problem)?;
    let mut unknowns: Vec<Unknown> = Vec::new();
    for name in args.by.iter().flat_map(|names| typed::list(names)) {
        for unknown in Unknown::named(&raw, name)? {
            if !unknowns.contains(&unknown) {
                unknowns.push(unknown);
            }
        }
    }
    let fields: Vec<FieldKey> = unknowns.iter().filter_map(Unknown::field).collect();
    let outputs = Outputs::admit(args, &raw, &fields)?;
    let cube = args.cube.as_deref().map(Cube::open).transpose()?;
    let options = GradientOptions {
        cube: cube.as_ref(),
        memory: args.memory,
    };
    let gradient = match args.threads {
        Some(threads) => on_threads(Some(usize::from(threads)), || {
            Gradient::new(&raw, &objective, &unknowns, options)
        })?,
        None => Gradient::new(&raw, &objective, &unknowns, options)?,
    };
    let report = Report {
        of: if args.misfit {
            "misfit".to_owned()
        } else {
            args.of.join(",")
        },
        problem: &problem,
        gradient: &gradient,
        outputs: &outputs,
        objective: &objective,
    };
    outputs.write(&report)?;
    terminal.note(&format!(
        "{}; wrote {}",
        in_words(&gradient.cost),
        outputs.json.name().display()
    ));
    let (value, text) = (report.answer().into_value(), report.table());
    terminal.value(&value, &text, args.json)
}

/// What is differentiated.
fn objective(args: &GradientArgs, raw: &RawParams, problem: &Problem) -> Result<Objective, Error> {
    if args.misfit {
        let memory = args.memory.or(problem.params.memory);
        return Ok(Objective::Misfit(misfit_of(raw, problem, memory)?));
    }
    let terms = args
        .of
        .iter()
        .flat_map(|terms| typed::list(terms))
        .map(|text| {
            let term: Result<Term, String> = text.parse();
            term.map_err(|reason| Error::Usage(format!("--of {text}: {reason}")))
        });
    let terms = terms.collect::<Result<Vec<_>, _>>()?;
    if terms.is_empty() {
        return Err(Error::Usage("nothing is to be differentiated: --of NAME@t names a number of the record, --misfit the sum of squares of [[fit.data]]".to_owned()));
    }
    Ok(Objective::Sum(terms))
}

/// What a gradient took, in words.
fn in_words(cost: &Cost) -> String {
    if cost.steps == 0 {
        return "2 steady states".to_owned();
    }
    // Every step is taken back once.
    let runs = (cost.forwards + cost.steps) as f64 / cost.steps as f64;
    format!(
        "{runs:.1} runs, {} kept, {} computed again",
        number::counted(cost.states, "state"),
        number::counted(cost.intervals, "interval")
    )
}

/// The files that a gradient writes: all of them or none.
struct Outputs {
    json: Destination,
    /// The array of each field, the file of its axes, and its picture.
    fields: Vec<(FieldKey, [Destination; 2], Option<Destination>)>,
}

impl Outputs {
    /// Refuses files that may not be written, before anything is computed.
    fn admit(args: &GradientArgs, raw: &RawParams, fields: &[FieldKey]) -> Result<Self, Error> {
        let json = answer_name("gradient", &args.params.file, args.output.as_deref())?;
        let stem = json.file_stem().unwrap_or_default().to_string_lossy();
        let stem = stem.strip_suffix(".gradient").unwrap_or(&stem);
        let mut input_files = vec![args.params.file.clone()];
        input_files.extend(raw.files());
        input_files.extend(args.cube.clone());
        let writing = Writing {
            taken: &input_files,
            force: args.force,
            ..Writing::default()
        };
        let json_place = writing.admit(&json)?;
        // The answer gets its name last: without it, arrays are those of a gradient that was killed.
        let are_left = json_place.found().is_none() && sys::is_left(json_place.path());
        let writing = Writing {
            force: args.force || are_left,
            ..writing
        };
        let places = fields.iter().map(|&field| {
            let array = json.with_file_name(format!("{stem}.d_{}.npy", field.name()));
            let picture = args.plot.as_deref().map(|plot| {
                let name = picture_name(plot, field, fields.len())?;
                let place = admit_picture(&name, &input_files, args.force)?;
                check_writable(&place, "write the picture")?;
                Ok::<_, Error>(place)
            });
            let arrays = [writing.admit(&array)?, writing.admit_labels(&array)?];
            check_writable(&arrays[0], "write the array")?;
            Ok((field, arrays, picture.transpose()?))
        });
        let places = places.collect::<Result<Vec<_>, Error>>()?;
        check_writable(&json_place, "write the answer")?;
        Ok(Self {
            json: json_place,
            fields: places,
        })
    }

    /// Writes all files.
    fn write(&self, report: &Report<'_>) -> Result<(), Error> {
        let mut files = Vec::new();
        let problem = report.problem;
        for (field, [array, axes], picture) in &self.fields {
            let Some(derivatives) = report.field(*field) else {
                continue;
            };
            let labels = report.labels(*field);
            let shape = [derivatives.nrows() as u64, derivatives.ncols() as u64];
            let npy = NpyHeader::new(shape.to_vec(), Dtype::F64, false);
            let [mut bytes, text] = beside::header_and_text(&npy, &labels);
            bytes.extend(derivatives.iter().flat_map(|value| value.to_le_bytes()));
            files.push(written(axes, &text)?);
            files.push(written(array, &bytes)?);
            if let Some(picture) = picture {
                draw(problem, derivatives, &labels, picture)?;
            }
        }
        let answer = json::pretty(&report.answer().into_value()) + "\n";
        files.push(written(&self.json, answer.as_bytes())?);
        Ok(sys::commit_together(files)?)
    }
}

/// The name of the picture of a field.
fn picture_name(plot: &Path, field: FieldKey, fields: usize) -> Result<PathBuf, Error> {
    check_picture_name(plot)?;
    if fields == 1 {
        return Ok(plot.to_owned());
    }
    let stem = plot.file_stem().unwrap_or_default().to_string_lossy();
    let extension = plot.extension().unwrap_or_default();
    let name = format!("{stem}_{}.{}", field.name(), extension.to_string_lossy());
    Ok(plot.with_file_name(name))
}

/// Draws a map of derivatives over a range that reaches as far on both sides of 0.
fn draw(
    problem: &Problem,
    derivatives: &NodeDerivatives,
    labels: &Labels,
    to: &Destination,
) -> Result<(), Error> {
    let grid = &problem.grid;
    let extent = Extent::nodes(grid.x.extent(), grid.y.extent()).ending_at_nodes();
    let values = derivatives.view();
    let finite = derivatives
        .iter()
        .copied()
        .filter(|value| value.is_finite());
    let range = Range::spanning(finite).unwrap_or_default().symmetric();
    let unit = labels
        .unit
        .as_ref()
        .map_or_else(String::new, |unit| format!(" [{unit}]"));
    let quantity = labels.quantity.clone().unwrap_or_default();
    let style = Style {
        colormap: "coolwarm".parse::<Colormap>()?,
        quantity: quantity + &unit,
        axes: ["x", "y"].map(|axis| {
            let unit = problem.params.canonical().unit("x")?;
            Some(format!("{axis} [{unit}]"))
        }),
        ..Style::new(range)
    };
    Ok(save_picture(&Frame::new(&values, extent), &style, to)?)
}

/// A gradient with all that its answer tells.
struct Report<'r> {
    of: String,
    problem: &'r Problem,
    gradient: &'r Gradient,
    outputs: &'r Outputs,
    objective: &'r Objective,
}

impl Report<'_> {
    fn field(&self, field: FieldKey) -> Option<&NodeDerivatives> {
        let mut derivatives = self.gradient.by.iter();
        derivatives.find_map(|derivative| match derivative {
            Derivative::Field(key, values) if *key == field => Some(values),
            _ => None,
        })
    }

    /// The axes of the derivatives by a field, what they are, and their unit.
    fn labels(&self, field: FieldKey) -> Labels {
        let (grid, canonical) = (&self.problem.grid, self.problem.params.canonical());
        let axes = [("y", &grid.y), ("x", &grid.x)].map(|(name, axis)| {
            let listed = NamedAxis::listed(name, axis.coordinates(), axis.spacing);
            Some(listed.in_unit(canonical.unit("x")))
        });
        let objective_name = match self.objective {
            Objective::Sum(terms) => match &terms[..] {
                [term] => term.column.clone(),
                _ => "sum".to_owned(),
            },
            Objective::Misfit(_) => "misfit".to_owned(),
        };
        let [p, x, t] = ["p", "x", "t"].map(|name| canonical.unit(name));
        let of_field = match (field, p, x, t) {
            (FieldKey::D | FieldKey::Dx | FieldKey::Dy, _, Some(x), Some(t)) => {
                Some(format!("{x}²/{t}"))
            }
            (FieldKey::Decay, _, _, Some(t)) => Some(format!("1/{t}")),
            (FieldKey::Source, Some(p), _, Some(t)) => Some(format!("{p}/{t}")),
            (FieldKey::Initial, Some(p), ..) => Some(p.to_owned()),
            _ => None,
        };
        let of_number = match self.objective {
            Objective::Sum(terms) => terms
                .first()
                .and_then(|term| unit_of(self.problem, &term.column)),
            Objective::Misfit(_) => Some("1".to_owned()),
        };
        Labels {
            quantity: Some(format!("d {objective_name} / d {}", field.name())),
            unit: of_number
                .zip(of_field)
                .map(|(number, field)| format!("{number} / ({field})")),
            is_masked: self.problem.masked().is_some(),
            ..Labels::of_axes(axes.into())
        }
    }

    fn answer(&self) -> Answer<'_> {
        let mut answer = Answer::default();
        answer.plain("of", &self.of);
        answer.number("value", self.gradient.value);
        let entries = self.gradient.by.iter().map(|derivative| match derivative {
            Derivative::Field(field, values) => {
                let largest = largest(values);
                let mut entry = Answer::default();
                let mut places = self.outputs.fields.iter();
                if let Some((_, [array, _], _)) = places.find(|(known, ..)| known == field) {
                    let name = array.name().file_name().unwrap_or_default();
                    entry.plain("file", name.to_string_lossy().into_owned());
                }
                entry.number("norm", norm(values));
                entry.number("sum", sum(values));
                let [y, x] = self.place(largest.0);
                let parts = [("derivative", largest.1), ("x", x), ("y", y)];
                entry.value("largest", Value::numbers(parts));
                (field.name().into(), entry.into_value())
            }
            Derivative::Number(number, derivative) => {
                let mut entry = Answer::default();
                entry.number("derivative", *derivative);
                if let Some(value) = number.value {
                    entry.number("value", value);
                }
                (number.name.as_str().into(), entry.into_value())
            }
        });
        answer.value("by", Value::Object(entries.collect()));
        answer.plain("cost", self.gradient.cost);
        answer
    }

    /// The position of a node: y and x.
    fn place(&self, (j, i): (usize, usize)) -> [f64; 2] {
        [self.problem.grid.y.node(j), self.problem.grid.x.node(i)]
    }

    /// A row for each unknown: numbers by the size of derivative times value, then fields.
    fn table(&self) -> String {
        let mut numbers: Vec<_> = self
            .gradient
            .by
            .iter()
            .filter_map(|derivative| match derivative {
                Derivative::Number(number, derivative) => {
                    let effect = number.value.map_or(f64::NAN, |value| value * derivative);
                    Some((&number.name, number.value, *derivative, effect))
                }
                Derivative::Field(..) => None,
            })
            .collect();
        numbers.sort_by(|one, other| other.3.abs().total_cmp(&one.3.abs()));
        let mut lines = vec![format!(
            "{} = {}",
            self.of,
            number::digits(self.gradient.value)
        )];
        if !numbers.is_empty() {
            lines.push(format!(
                "{:<20} {:>13} {:>13} {:>20}",
                "number", "value", "derivative", "derivative × value"
            ));
        }
        for (name, value, derivative, effect) in numbers {
            let [value, effect] =
                [value.unwrap_or(f64::NAN), effect].map(|number| match number.is_nan() {
                    true => "-".to_owned(),
                    false => number::digits(number),
                });
            lines.push(format!(
                "{name:<20} {value:>13} {:>13} {effect:>20}",
                number::digits(derivative)
            ));
        }
        for derivative in &self.gradient.by {
            if let Derivative::Field(field, values) = derivative {
                let (node, derivative) = largest(values);
                let [y, x] = self.place(node).map(number::digits);
                lines.push(format!(
                    "{:<20} norm {}, sum {}, largest {} at x = {x}, y = {y}",
                    field.name(),
                    number::digits(norm(values)),
                    number::digits(sum(values)),
                    number::digits(derivative)
                ));
            }
        }
        lines.join("\n")
    }
}

/// The root of the sum of squares.
fn norm(values: &NodeDerivatives) -> f64 {
    let squares = values.iter().filter(|value| !value.is_nan());
    squares.map(|value| value * value).sum::<f64>().sqrt()
}

fn sum(values: &NodeDerivatives) -> f64 {
    values.iter().filter(|value| !value.is_nan()).sum()
}

/// The value of the largest magnitude, and its node.
fn largest(values: &NodeDerivatives) -> ((usize, usize), f64) {
    let nodes = values.indexed_iter().filter(|(_, value)| !value.is_nan());
    let largest = nodes.max_by(|(_, one), (_, other)| one.abs().total_cmp(&other.abs()));
    largest.map_or(((0, 0), 0.0), |(node, value)| (node, *value))
}
