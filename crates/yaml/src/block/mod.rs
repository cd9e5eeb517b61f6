//! A short way through what nearly all manifests are made of: block mappings and sequences of scalars, of lists and
//! mappings in brackets on one line, and of block scalars.
//!
//! Whatever else a text holds, keys that are no texts and faults above all, is left to the whole reader: this one gives
//! nothing then, and what it gives is what that one would. A fuzz target holds the two against each other.

mod flow;
mod reader;
mod scalars;

pub(crate) use reader::{all, first};
