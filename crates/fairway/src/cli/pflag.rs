//! Flags as Go's pflag reads them, in the commands that stand in for Helm and kustomize.

use clap::ArgAction;

/// Lets a flag take `=true` and `=false`, as Go's pflag does.
pub fn as_pflag(flag: clap::Arg) -> clap::Arg {
    if !matches!(flag.get_action(), ArgAction::SetTrue) {
        return flag;
    }
    flag.action(ArgAction::Set)
        .value_parser(clap::value_parser!(bool))
        .value_name("BOOL")
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .default_value("false")
        .hide_default_value(true)
        .hide_possible_values(true)
}
