//! The loop: carries each App along the line and writes its status.
