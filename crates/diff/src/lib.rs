//! Predicts what applying a desired object would change.
