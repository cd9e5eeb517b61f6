//! Sprig v3 as Helm gives it to charts.

mod args;
mod bcrypt;
mod case;
mod crypto;
mod dates;
mod decimal;
mod defaults;
mod dicts;
mod encoding;
mod lists;
mod merge;
mod numbers;
mod paths;
mod random;
mod reflect;
mod regexes;
mod semvers;
mod strings;
mod urls;
mod wrap;

use crate::functions::Functions;

pub use bcrypt::SumsAhead;
pub(crate) use dates::{GoDuration, GoTime, duration as go_duration};
pub(crate) use defaults::{json_text, parse_json};
pub(crate) use reflect::type_name;

pub(crate) fn register(f: &mut Functions) {
    strings::register(f);
    numbers::register(f);
    lists::register(f);
    dicts::register(f);
    defaults::register(f);
    reflect::register(f);
    dates::register(f);
    paths::register(f);
    encoding::register(f);
    regexes::register(f);
    semvers::register(f);
    urls::register(f);
    random::register(f);
    crypto::register(f);
    bcrypt::register(f);
}
