//! Judges whether a live object is well.
