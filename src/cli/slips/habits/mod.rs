//! Words of other programs, and what has their place here. The files of this folder have a line for each habit.

/// Commands of other programs, and of earlier versions.
pub(super) const COMMANDS: &str = include_str!("commands.txt");
/// Options of other programs.
pub(super) const OPTIONS: &str = include_str!("options.txt");
/// Values of other programs, by the option that they follow.
pub(super) const VALUES: &str = include_str!("values.txt");

/// Words that are typed by habit.
#[derive(Debug)]
pub(super) struct Habit {
    /// The commands behind which they are typed, or the program where there is none; `*` for any command.
    commands: &'static str,
    /// The words.
    words: &'static str,
    /// The option that has their place, which the command must have, or `-` if none has; of values the option that they follow.
    pub(super) option: &'static str,
    /// A sentence for the person who typed them.
    pub(super) tip: &'static str,
}

/// The habits of a file.
pub(super) fn habits(lines: &'static str) -> impl Iterator<Item = Habit> {
    lines.lines().filter_map(|line| {
        let mut fields = line.splitn(4, " | ");
        Some(Habit {
            commands: fields.next()?,
            words: fields.next()?,
            option: fields.next()?,
            tip: fields.next()?,
        })
    })
}

impl Habit {
    /// Whether the habit is one of a command.
    pub(super) fn is_of(&self, command: &str) -> bool {
        self.commands == "*" || has_word(self.commands, command)
    }

    /// Whether a word is among those of the habit.
    pub(super) fn has(&self, word: &str) -> bool {
        has_word(self.words, word)
    }
}

/// Whether a word stands in a list of words.
fn has_word(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::{Arg, CommandFactory};

    /// An option of its own comes before a habit, and a habit without the option that it names says nothing.
    #[test]
    fn every_habit_can_be_met() {
        let mut program = Cli::command();
        program.build();
        for habit in habits(OPTIONS) {
            let commands = program.get_subcommands();
            let mut commands = commands.filter(|command| habit.is_of(command.get_name()));
            let is_met = commands.any(|command| {
                let names: Vec<&str> = command.get_arguments().filter_map(Arg::get_long).collect();
                let has_option = habit.option == "-" || names.contains(&habit.option);
                has_option && habit.words.split(' ').any(|word| !names.contains(&word))
            });
            assert!(is_met || habit.commands == program.get_name(), "{habit:?}");
        }
    }

    #[test]
    fn every_line_is_a_habit() {
        for lines in [COMMANDS, OPTIONS, VALUES] {
            assert_eq!(habits(lines).count(), lines.lines().count());
        }
    }
}
