//! Words of other programs, and what has their place here.

mod commands;
mod options;
mod values;

pub(super) use commands::COMMANDS;
pub(super) use options::OPTIONS;
pub(super) use values::VALUES;

/// Words that are typed by habit.
#[derive(Debug)]
pub(super) struct Habit {
    /// The commands behind which they are typed, or the program where there is none; empty for any command.
    commands: &'static str,
    /// The words.
    words: &'static str,
    /// The option that has their place, which the command must have; empty if none has. The option that they follow if they are
    /// values.
    pub(super) option: &'static str,
    /// A sentence for the person who typed them.
    pub(super) tip: &'static str,
}

impl Habit {
    /// Whether the habit is one of a command.
    pub(super) fn is_of(&self, command: &str) -> bool {
        self.commands.is_empty() || has_word(self.commands, command)
    }

    /// Whether a word is among those of the habit.
    pub(super) fn has(&self, word: &str) -> bool {
        has_word(self.words, word)
    }
}

fn has_word(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

const fn habit(
    commands: &'static str,
    words: &'static str,
    option: &'static str,
    tip: &'static str,
) -> Habit {
    Habit {
        commands,
        words,
        option,
        tip,
    }
}

const PARAVIEW: &str = "ParaView and VTK read the formats xdmf and hdf5: 'diff2d export CUBE --to xdmf' copies nothing";
const NETCDF: &str = "netCDF-4 and xarray read what 'diff2d export CUBE --to hdf5' writes";
const RUN: &str = "a problem is solved by 'diff2d run PARAMS.toml'";
const PLOT: &str = "pictures are drawn by 'diff2d plot CUBE'";
const BRACKETS: &str = "a part of an array stands in brackets behind its name, as in 'FILE.npy[10]' or 'FILE.npy[t=5]'";

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
        for habit in OPTIONS {
            let commands = program.get_subcommands();
            let mut commands = commands.filter(|command| habit.is_of(command.get_name()));
            let is_met = commands.any(|command| {
                let names: Vec<&str> = command.get_arguments().filter_map(Arg::get_long).collect();
                let has_option = habit.option.is_empty() || names.contains(&habit.option);
                has_option && habit.words.split(' ').any(|word| !names.contains(&word))
            });
            assert!(is_met || habit.commands == program.get_name(), "{habit:?}");
        }
    }
}
