//! The Argo CD dialect: its API types, and what they mean in Fairway's words.
