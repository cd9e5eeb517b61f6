//! Flags as Go's pflag reads them, in the commands that stand in for Helm and kustomize.

use crate::cli::exit::{DIFFERENT, Failure};
use clap::builder::{OsStringValueParser, TypedValueParser as _, ValueRange};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction};
use std::any::TypeId;
use std::path::PathBuf;
use std::str::FromStr;

/// Has a flag take what it takes in Go's pflag: its last value counts, which may begin with a dash; what may stand
/// without a value takes one behind `=` alone, and a switch any of Go's words for true and false.
pub fn as_pflag(flag: Arg) -> Arg {
    let id = flag.get_id().clone();
    let may_stand_alone = flag.get_num_args().is_some_and(|n| n.min_values() == 0);
    match flag.get_action() {
        _ if flag.is_positional() => flag,
        ArgAction::SetTrue => flag
            .action(ArgAction::Set)
            .overrides_with(id)
            .value_parser(switch)
            .value_name("BOOL")
            .num_args(ValueRange::new(0..=1))
            .require_equals(true)
            .default_missing_value("true")
            .default_value("false")
            .hide_default_value(true),
        ArgAction::Set if may_stand_alone => flag.overrides_with(id).require_equals(true),
        ArgAction::Set => {
            let is_path = flag.get_value_parser().type_id() == TypeId::of::<PathBuf>();
            let flag = flag.overrides_with(id).allow_hyphen_values(true);
            // As all texts there, it may be empty.
            if is_path { flag.value_parser(OsStringValueParser::new().map(PathBuf::from)) } else { flag }
        }
        ArgAction::Append => flag.allow_hyphen_values(true),
        _ => flag,
    }
}

/// Reads a switch's word as Go's `strconv.ParseBool`.
fn switch(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

/// What a flag holds that takes several values with commas, as pflag's `StringSlice`: one line of CSV, nothing where it
/// is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice(Vec<String>);

impl Slice {
    /// Joins what a flag was given each time that it was given.
    pub fn all(given: &[Self]) -> impl Iterator<Item = &String> {
        given.iter().flat_map(|Self(values)| values)
    }
}

impl FromStr for Slice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut values = Vec::new();
        let mut rest = (!text.is_empty()).then_some(text);
        while let Some(line) = rest {
            let column = |left: &str| text.len() - left.len() + 1;
            let Some(mut quoted) = line.strip_prefix('"') else {
                let (value, more) = line.split_once(',').map_or((line, None), |(v, more)| (v, Some(more)));
                if let Some(at) = value.find('"') {
                    let column = column(&line[at..]);
                    return Err(format!(
                        "parse error on line 1, column {column}: bare \" in non-quoted-field"
                    ));
                }
                values.push(value.to_owned());
                rest = more;
                continue;
            };
            let mut value = String::new();
            rest = loop {
                let wrong = |column| {
                    format!(
                        "parse error on line 1, column {column}: extraneous or missing \" in quoted-field"
                    )
                };
                let (part, after) = quoted.split_once('"').ok_or_else(|| wrong(text.len() + 1))?;
                value.push_str(part);
                match after.chars().next() {
                    None => break None,
                    Some(',') => break Some(&after[1..]),
                    Some('"') => {
                        value.push('"');
                        quoted = &after[1..];
                    }
                    Some(_) => return Err(wrong(column(after) - 1)),
                }
            };
            values.push(value);
        }
        Ok(Self(values))
    }
}

/// Whether clap has only to show how a command is used, as the tools do too for one that is nothing by itself.
pub fn is_help(error: &clap::Error) -> bool {
    !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// Returns what is wrong with the command line of this process, with the exit code of the tools.
pub fn wrong_flags(error: &clap::Error) -> anyhow::Error {
    let words: Vec<_> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    Failure::error(DIFFERENT, told(error, &words))
}

/// Says what is wrong with a command line in the words of pflag and cobra, or of clap where they have none.
fn told(error: &clap::Error, words: &[String]) -> String {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    let flag =
        context(ContextKind::InvalidArg).map(|arg| arg.split([' ', '=', '[']).next().unwrap_or_default());
    let value = context(ContextKind::InvalidValue).unwrap_or_default();
    let or_similar = |text: String, kind| match context(kind) {
        Some(similar) => format!("{text}; did you mean {similar}?"),
        None => text,
    };
    let in_clap = || {
        let text = error.render().to_string();
        text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned()
    };
    match (error.kind(), flag) {
        (ErrorKind::UnknownArgument, Some("--")) => {
            let word = words.iter().find(|w| w.starts_with("--=")).map_or("--", String::as_str);
            format!("bad flag syntax: {word}")
        }
        (ErrorKind::UnknownArgument, Some(flag)) if flag.starts_with("--") => {
            or_similar(format!("unknown flag: {flag}"), ContextKind::SuggestedArg)
        }
        (ErrorKind::UnknownArgument, Some(flag)) if flag.len() > 1 && flag.starts_with('-') => {
            let cluster = words.iter().find(|w| w.starts_with(flag)).map_or(flag, String::as_str);
            format!("unknown shorthand flag: '{}' in {cluster}", &flag[1..])
        }
        (ErrorKind::InvalidValue, Some(flag)) if value.is_empty() => match words.last().map(String::as_bytes)
        {
            Some([b'-', short @ .., last]) if short.first() != Some(&b'-') => {
                let cluster = words.last().map_or("", String::as_str);
                format!("flag needs an argument: '{}' in {cluster}", char::from(*last))
            }
            _ => format!("flag needs an argument: {flag}"),
        },
        (ErrorKind::InvalidValue, Some(flag)) if flag.starts_with("--") => {
            let legal = match error.get(ContextKind::ValidValue) {
                Some(ContextValue::Strings(legal)) => legal.join(" "),
                _ => String::new(),
            };
            format!("illegal flag value {flag} {value}; legal values: [{legal}]")
        }
        (ErrorKind::ValueValidation, Some(flag)) => {
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            format!("invalid argument {value:?} for {flag:?} flag: {cause}")
        }
        (ErrorKind::InvalidSubcommand, _) => {
            let name = context(ContextKind::InvalidSubcommand).unwrap_or_default();
            or_similar(format!("unknown command {name:?}"), ContextKind::SuggestedSubcommand)
        }
        _ => in_clap(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Slice, as_pflag, told};
    use clap::Parser;

    #[derive(Debug, Parser)]
    #[command(name = "tool", mut_args(as_pflag))]
    struct Cli {
        #[arg(long)]
        debug: bool,
        #[arg(long, short = 'n')]
        namespace: Option<String>,
        #[arg(long)]
        set: Vec<String>,
        #[arg(long, num_args = 0..=1, default_missing_value = "client")]
        dry_run: Option<String>,
        #[arg(long, value_parser = ["legacy", "none"])]
        order: Option<String>,
        chart: Option<String>,
    }

    fn read(line: &str) -> Result<Cli, String> {
        let words: Vec<String> = ["tool"].into_iter().chain(line.split(' ')).map(str::to_owned).collect();
        Cli::try_parse_from(&words).map_err(|e| told(&e, &words))
    }

    #[test]
    fn the_last_value_of_a_flag_counts() {
        let cli = read("-n a --debug --namespace=b --set x=1 --debug=F --set -y=2 c").unwrap();
        assert_eq!(
            (cli.namespace.as_deref(), cli.debug, cli.chart.as_deref()),
            (Some("b"), false, Some("c"))
        );
        assert_eq!(cli.set, ["x=1", "-y=2"]);
    }

    #[test]
    fn what_may_stand_alone_takes_no_word_behind_it() {
        let cli = read("--dry-run c --debug").unwrap();
        assert_eq!((cli.dry_run.as_deref(), cli.chart.as_deref()), (Some("client"), Some("c")));
        assert_eq!(read("--dry-run=server c").unwrap().dry_run.as_deref(), Some("server"));
    }

    #[test]
    fn faults_are_told_as_the_tools_tell_them() {
        for (line, expected) in [
            ("--namespac a", "unknown flag: --namespac; did you mean --namespace?"),
            ("--qqq", "unknown flag: --qqq"),
            ("-xq", "unknown shorthand flag: 'x' in -xq"),
            ("c -n", "flag needs an argument: 'n' in -n"),
            ("c --namespace", "flag needs an argument: --namespace"),
            ("--=x", "bad flag syntax: --=x"),
            ("--order=x", "illegal flag value --order x; legal values: [legacy none]"),
            (
                "--debug=yes",
                "invalid argument \"yes\" for \"--debug\" flag: strconv.ParseBool: parsing \"yes\": invalid syntax",
            ),
        ] {
            assert_eq!(read(line).unwrap_err(), expected, "{line}");
        }
    }

    #[test]
    fn slices_are_a_line_of_csv() {
        let read = |text: &str| text.parse().map(|Slice(values)| values);
        let ok = |values: &[&str]| Ok(values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>());
        assert_eq!(read(""), ok(&[]));
        assert_eq!(read("a,,b"), ok(&["a", "", "b"]));
        assert_eq!(read("a,\"b,\"\"c\",d"), ok(&["a", "b,\"c", "d"]));
        assert_eq!(read("a,"), ok(&["a", ""]));
        assert_eq!(
            read("a\"b"),
            Err("parse error on line 1, column 2: bare \" in non-quoted-field".to_owned())
        );
        assert_eq!(
            read("\"a\"b"),
            Err("parse error on line 1, column 3: extraneous or missing \" in quoted-field".to_owned())
        );
        assert!(read("\"a").is_err());
    }
}
