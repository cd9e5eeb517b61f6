//! Plain command lines, read without clap: to set clap up for a command takes longer than a small build does, and
//! scripts call the tools hundreds of times. What is not plain is left to clap, errors among it, so a flag that is not
//! known here costs time and nothing else.

use std::env;
use std::ffi::OsString;
use std::vec::IntoIter;

/// Arguments that can be read from a plain command line.
pub trait Plain: Sized {
    /// What stands in for flags that are not given. Where one of these is set, the line is left to clap.
    const VARIABLES: &[&str];

    /// Reads what follows the command's name, as clap does; `None` where there is anything that this does not know.
    fn read(words: Words) -> Option<Self>;
}

/// Reads the rest of this process's command line, if it is plain.
pub fn plain<T: Plain>(words: impl Iterator<Item = OsString>) -> Option<T> {
    let logs = ["FAIRWAY_LOG"];
    if T::VARIABLES.iter().chain(&logs).any(|name| env::var_os(name).is_some()) {
        return None;
    }
    let words: Result<Vec<String>, OsString> = words.map(OsString::into_string).collect();
    T::read(Words(words.ok()?.into_iter()))
}

/// What is left of a command line.
pub struct Words(IntoIter<String>);

impl Words {
    /// Takes the next flag: its name with its dashes, and what stands behind its `=`. Operands before it are put with the
    /// others; `None` where there is no flag any more.
    pub fn flag(&mut self, operands: &mut Vec<String>) -> Option<(String, Option<String>)> {
        let is_operand = |word: &String| !word.starts_with('-') || word == "-";
        let mut name = loop {
            match self.0.next()? {
                word if is_operand(&word) => operands.push(word),
                flag => break flag,
            }
        };
        let value = name.find('=').map(|at| {
            let value = name.split_off(at + 1);
            name.pop();
            value
        });
        Some((name, value))
    }

    /// Returns a flag's value, which is the next word if none stands with it. An empty one is left to clap, as not all
    /// flags make the same of it.
    pub fn value(&mut self, inline: Option<String>) -> Option<String> {
        inline.or_else(|| self.0.next()).filter(|value| !value.is_empty())
    }
}

/// Reads what stands with a switch.
pub fn switch(inline: Option<String>) -> Option<bool> {
    match inline.as_deref() {
        None | Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => None,
    }
}

#[cfg(test)]
pub mod tests {
    use super::{Plain, Words};
    use crate::cli::pflag::as_pflag;
    use clap::Parser;
    use std::fmt::Debug;

    /// Returns a line's arguments if they are plain.
    pub fn read<T: Plain>(line: &str) -> Option<T> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        T::read(Words(words.into_iter()))
    }

    #[derive(Debug, Parser)]
    #[command(mut_args(as_pflag))]
    struct Cli<T: clap::Args> {
        #[command(flatten)]
        args: T,
    }

    /// Holds that clap reads the same from each line, and knows no variable that is not told of.
    pub fn as_clap_reads<T: Plain + clap::Args + Debug>(command: &str, lines: &[&str]) {
        for line in lines {
            let plain = read::<T>(line).unwrap_or_else(|| panic!("`{line}` is plain"));
            let words = [command].into_iter().chain(line.split_whitespace());
            let with_clap = Cli::<T>::try_parse_from(words).unwrap_or_else(|e| panic!("{line}: {e}"));
            assert_eq!(format!("{plain:?}"), format!("{:?}", with_clap.args), "{line}");
        }
        let known = T::augment_args(clap::Command::new("all"));
        let mut variables: Vec<_> = known.get_arguments().filter_map(clap::Arg::get_env).collect();
        variables.sort_unstable();
        assert_eq!(variables, T::VARIABLES);
    }
}
