use crate::functions::Functions;

pub(super) fn register(_f: &mut Functions) {}
