//! Picks the renderer for a source and names what it read.
