//! From text to trees.

mod control;
mod lexer;
pub(crate) mod literal;
mod parser;
mod pipeline;
mod show;
mod token;
mod tree;

pub(crate) use parser::parse;
pub(crate) use show::show;
pub(crate) use tree::*;
