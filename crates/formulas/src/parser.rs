//! Parses the text of a formula into steps in postfix order.
//!
//! Source: V. Pratt, "Top down operator precedence", POPL 1973.

use super::{
    functions::{
        COMPARISON_PRECEDENCE, CONSTANTS, FUNCTIONS, IS_NOT_ZERO, NEGATE, OPERATORS, Operator,
        SIGN_PRECEDENCE,
    },
    interpolant::Interpolant,
    letters::refuse_letters,
    step::Step,
};
use std::sync::Arc;

/// The deepest nesting of formulas, so that no text overflows the stack.
const MOST_LEVELS: usize = 200;

/// The most characters of a name, and of a list of names, in an error: users' names may have any length.
const LONGEST_NAME: usize = 60;
const LONGEST_LIST: usize = 1000;

/// A function that is called with the name and the arguments, as typed, of a call, and returns the number of the
/// variable that stands for it; `None` for a function of values.
pub type Calls<'c> = dyn FnMut(&str, &str) -> Result<Option<usize>, String> + 'c;

pub(super) struct Parser<'a, 'c> {
    rest: &'a str,
    variables: &'a [&'a str],
    functions: &'a [Arc<Interpolant>],
    /// Constants by name, in addition to the constants of every formula.
    constants: &'a [(String, f64)],
    calls: &'a mut Calls<'c>,
    steps: Vec<Step>,
    depth: usize,
}

impl<'a, 'c> Parser<'a, 'c> {
    pub(super) fn new(
        text: &'a str,
        variables: &'a [&'a str],
        functions: &'a [Arc<Interpolant>],
        constants: &'a [(String, f64)],
        calls: &'a mut Calls<'c>,
    ) -> Self {
        Self {
            rest: text,
            variables,
            functions,
            constants,
            calls,
            steps: Vec::new(),
            depth: 0,
        }
    }

    pub(super) fn parse(mut self) -> Result<Vec<Step>, String> {
        self.formula(0)?;
        match self.peek() {
            None => Ok(self.steps),
            Some(',') => {
                Err(self.refuse("is not expected here: a decimal number has a point, as in 1.5"))
            }
            Some(letter) if self.ends_in_number() && (letter.is_alphabetic() || letter == '°') => {
                Err(self
                    .refuse("is not expected here: numbers have no units, and a product is a*b"))
            }
            Some(_) => Err(self.refuse("is not expected here")),
        }
    }

    /// Whether a number was read last.
    fn ends_in_number(&self) -> bool {
        matches!(self.steps.last(), Some(Step::Number(..)))
    }

    /// Parses a formula whose operators all bind more tightly than `floor`.
    fn formula(&mut self, floor: u8) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MOST_LEVELS {
            return Err(format!("it is nested more than {MOST_LEVELS} levels deep"));
        }
        self.operand()?;
        let mut is_comparison = false;
        while let Some(operator) = self.operator().filter(|found| found.precedence > floor) {
            let precedence = operator.precedence;
            if is_comparison && precedence == COMPARISON_PRECEDENCE {
                return Err("comparisons do not chain: write (a < b) * (b < c)".to_owned());
            }
            is_comparison = precedence == COMPARISON_PRECEDENCE;
            self.skip(operator.name.len());
            self.formula(precedence - u8::from(operator.from_right))?;
            self.steps.push(Step::Apply(operator.function));
        }
        self.depth -= 1;
        Ok(())
    }

    fn operator(&mut self) -> Option<Operator> {
        self.peek();
        OPERATORS
            .into_iter()
            .find(|operator| self.rest.starts_with(operator.name))
    }

    fn operand(&mut self) -> Result<(), String> {
        match self.peek() {
            None => Err("it ends where a number, a name or '(' should be".to_owned()),
            Some('(') => {
                self.skip(1);
                self.formula(0)?;
                self.expect(')')
            }
            Some('-') => {
                self.skip(1);
                self.formula(SIGN_PRECEDENCE)?;
                self.steps.push(Step::Apply(NEGATE));
                Ok(())
            }
            Some('+') => {
                self.skip(1);
                self.formula(SIGN_PRECEDENCE)
            }
            Some('0'..='9' | '.') => {
                let number = self.number()?;
                self.steps.push(number);
                Ok(())
            }
            Some(letter) if letter.is_alphabetic() || letter == '_' => self.named(),
            Some(_) => Err(self.refuse("is not expected here")),
        }
    }

    fn named(&mut self) -> Result<(), String> {
        let name = self.word(|letter| letter.is_alphanumeric() || letter == '_');
        if let Some(hint) = hint_of(name) {
            let function = self.rest.strip_prefix('.').unwrap_or_default();
            let end = function.find(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
            let function = beginning(&function[..end.unwrap_or(function.len())], LONGEST_NAME);
            return Err(match function.as_str() {
                "" => format!("'{name}' is not known here: {hint}"),
                _ => format!(
                    "'{name}.{function}' is not known here: functions have no prefix: write {function}(…)"
                ),
            });
        }
        if self.peek() == Some('(') {
            self.skip(1);
            return self.call(name);
        }
        let variable = self.variables.iter().position(|known| *known == name);
        let step = match (variable, self.constant(name)) {
            (Some(number), _) => Step::Variable(number),
            (None, Some(value)) => Step::Number(value, None),
            (None, None) => return Err(self.refuse_name(name)),
        };
        self.steps.push(step);
        Ok(())
    }

    /// The number with this name: one of the formula's own, or one of every formula.
    fn constant(&self, name: &str) -> Option<f64> {
        let constants = self.constants.iter();
        let constants = constants.map(|(name, value)| (name.as_str(), *value));
        let mut constants = constants.chain(CONSTANTS);
        let constant = constants.find(|(known, _)| *known == name);
        constant.map(|(_, value)| value)
    }

    fn refuse_name(&self, name: &str) -> String {
        let shown = beginning(name, LONGEST_NAME);
        if let Some(reason) = refuse_letters(&shown) {
            return format!("'{shown}' is not known here: {reason}");
        }
        if self.functions.iter().any(|known| known.name() == name) {
            return format!("{name} is a function: write {name}(t)");
        }
        let variables = self.variables.iter().copied();
        let constants = self.constants.iter().map(|(name, _)| name.as_str());
        let constants = constants.chain(CONSTANTS.iter().map(|(name, _)| *name));
        let names: Vec<&str> = variables.chain(constants).collect();
        let mut similar = names
            .iter()
            .filter(|known| known.eq_ignore_ascii_case(name));
        let hint = similar
            .next()
            .map_or_else(String::new, |known| format!(", did you mean {known}?"));
        let only = if hint.is_empty() {
            ", only"
        } else {
            "; there are"
        };
        let names = beginning(&names.join(", "), LONGEST_LIST);
        format!("there is no '{shown}' here{hint}{only} {names}")
    }

    fn call(&mut self, name: &str) -> Result<(), String> {
        let length = arguments_length(self.rest).ok_or("it ends where ')' should be")?;
        if let Some(variable) = (self.calls)(name, &self.rest[..length])? {
            self.skip(length + 1);
            self.steps.push(Step::Variable(variable));
            return Ok(());
        }
        if name == "random" {
            self.peek();
            let seed = self.word(|letter| letter.is_ascii_digit());
            let seed = seed
                .parse()
                .map_err(|_| "random needs a seed, a whole number such as random(42)".to_owned())?;
            self.steps.push(Step::Random(seed));
            return self.expect(')');
        }
        if let Some(function) = self.functions.iter().find(|known| known.name() == name) {
            self.formula(0)?;
            if self.peek() == Some(',') {
                return Err(format!("{name} takes 1 argument"));
            }
            self.expect(')')?;
            self.steps.push(Step::Interpolate(Arc::clone(function)));
            return Ok(());
        }
        let function = FUNCTIONS.iter().find(|(known, _)| *known == name);
        let Some(&(_, function)) = function else {
            return Err(self.refuse_function(name));
        };
        let mut argument_count = 0;
        loop {
            self.formula(0)?;
            argument_count += 1;
            if name == "where" && argument_count == 1 {
                self.steps.push(Step::Apply(IS_NOT_ZERO));
            }
            if self.peek() != Some(',') {
                break;
            }
            self.skip(1);
        }
        self.expect(')')?;
        let arity = function.arguments;
        if argument_count != arity {
            let s = if arity == 1 { "" } else { "s" };
            return Err(format!(
                "{name} takes {arity} argument{s}, not {argument_count}"
            ));
        }
        self.steps.push(Step::Apply(function));
        Ok(())
    }

    fn refuse_function(&self, name: &str) -> String {
        let shown = beginning(name, LONGEST_NAME);
        if let Some(reason) = refuse_letters(&shown) {
            return format!("'{shown}' is not known here: {reason}");
        }
        if let Some(hint) = hint_of_function(name) {
            return format!("there is no function '{name}': {hint}");
        }
        let interpolants = self.functions.iter().map(|function| function.name());
        let names = FUNCTIONS.iter().map(|(name, _)| *name).chain(interpolants);
        let names: Vec<&str> = names.collect();
        let names = beginning(&names.join(", "), LONGEST_LIST);
        format!("there is no function '{shown}', only random, {names}")
    }

    /// Parses a number in Python's notation, with or without an exponent.
    fn number(&mut self) -> Result<Step, String> {
        let bytes = self.rest.as_bytes();
        let mut length = decimal_length(bytes);
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let digits = bytes.get(length + 1 + sign..).map_or(0, decimal_length);
            if digits > 0 {
                length += 1 + sign + digits;
            }
        }
        let number = &self.rest[..length];
        self.skip(length);
        let float = number
            .parse()
            .map_err(|_| format!("'{}' is no number", beginning(number, LONGEST_NAME)))?;
        Ok(Step::Number(float, number.parse().ok()))
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let length = self.rest.find(|letter| !belongs(letter));
        let word = &self.rest[..length.unwrap_or(self.rest.len())];
        self.skip(word.len());
        word
    }

    /// The next character that is not a space.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn expect(&mut self, letter: char) -> Result<(), String> {
        match self.peek() {
            Some(found) if found == letter => {
                self.skip(letter.len_utf8());
                Ok(())
            }
            None => Err(format!("it ends where '{letter}' should be")),
            Some(_) => Err(self.refuse(&format!("where '{letter}' should be"))),
        }
    }

    /// The error for unexpected text where `wanted` should be, with a hint if the text is valid Python.
    fn refuse(&self, wanted: &str) -> String {
        let length = self
            .rest
            .find(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .unwrap_or(self.rest.len());
        let length = match length {
            0 => self.rest.chars().next().map_or(0, char::len_utf8),
            length => length,
        };
        let word = &self.rest[..length];
        let dotted = [".^", ".*", "./"];
        if let Some(operator) = dotted
            .into_iter()
            .find(|dotted| self.rest.starts_with(dotted))
        {
            return format!(
                "'{operator}' is not known here: operators have no dot, a*b, a/b, and a power is a**b"
            );
        }
        match hint_of(word) {
            Some(hint) => format!("'{word}' is not known here: {hint}"),
            None => format!("'{}' {wanted}", self.shown()),
        }
    }

    fn shown(&self) -> String {
        self.rest.chars().take(20).collect()
    }
}

/// The length of the arguments of a call, up to the closing bracket; `None` if there is none.
fn arguments_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    text.char_indices().find_map(|(at, letter)| match letter {
        ')' if depth == 0 => Some(at),
        ')' => {
            depth -= 1;
            None
        }
        '(' => {
            depth += 1;
            None
        }
        _ => None,
    })
}

/// The first characters of a text, with a sign that there are more.
fn beginning(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The number of digits and points at the beginning of a text.
fn decimal_length(text: &[u8]) -> usize {
    let length = text
        .iter()
        .position(|byte| !(byte.is_ascii_digit() || *byte == b'.'));
    length.unwrap_or(text.len())
}

/// The replacement for a word of Python or its libraries.
fn hint_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "^" => "a power is a**b",
        "and" | "&" => "that both hold is (a)*(b)",
        "or" | "|" => "that one of them holds is max(a, b)",
        "not" | "!" | "~" => "that a condition does not hold is (a) == 0",
        "=" => "whether two values are equal is a == b",
        "if" | "else" | "?" => "a choice is where(condition, yes, no)",
        "True" | "False" => "true and false are 1 and 0",
        "[" => {
            "a box stands behind the name of a file, as `diff2d map 'b - a' a=FILE.npy[:-1] b=FILE.npy[1:]`, and --repeat AXIS takes a shorter array again and again"
        }
        "." => "functions stand before what they take, as sqrt(a)",
        "np" | "numpy" | "math" => "functions have no prefix: write sin(x)",
        _ => return None,
    })
}

/// The replacement for a function of NumPy.
fn hint_of_function(name: &str) -> Option<&'static str> {
    Some(match name {
        "power" => "a power is a**b, or pow(a, b)",
        "heaviside" | "step" | "Heaviside" => "a step is where(a > 0, 1, 0)",
        "arctan" | "arcsin" | "arccos" | "arctan2" => {
            "the inverse functions are asin, acos, atan, atan2"
        }
        "fabs" | "absolute" => "the absolute value is abs(a)",
        "mod" | "fmod" | "remainder" => "a remainder is a % b",
        "maximum" | "fmax" => "the larger of two is max(a, b)",
        "minimum" | "fmin" => "the smaller of two is min(a, b)",
        "var" => "the variance is std(a, t)**2",
        "grad" | "derivative" | "ddx" | "ddt" | "deriv" => {
            "`diff2d map` has gradient(a, x), the derivative along an axis"
        }
        "diff" => "`diff2d map` has differences as shift(a, t, 1) - a",
        "average" | "nanmean" | "avg" => "`diff2d map` has the mean over axes, mean(a, t)",
        "nansum" => "`diff2d map` has the sum over axes, sum(a, t)",
        "nanstd" => "`diff2d map` has the deviation over axes, std(a, t)",
        "median" | "quantile" | "percentile" => "`diff2d stats --quantiles 0.5` has quantiles",
        _ => return None,
    })
}
