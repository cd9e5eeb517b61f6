//! Decides what to do in which order, with a reason for each object.
