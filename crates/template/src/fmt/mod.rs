//! Text as Go's `fmt` and `strconv` make it.

mod chars;
mod float;
mod number;
mod printer;
mod printf;
mod quote;

pub(crate) use chars::{is_decimal_digit, is_print};
pub(crate) use float::{float_text, format_float};
pub use printer::{print, sprint, sprint_v};
pub(crate) use printer::{print_value, sprintln};
pub use printf::sprintf;
pub(crate) use printf::sprintf_to;
pub(crate) use quote::{quote, quote_bytes};
