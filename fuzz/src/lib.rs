//! The targets as functions, for libFuzzer and for `cargo xtask fuzz --quick`, which has them by their path.

pub mod targets;
