//! Executes a plan and decides nothing.
