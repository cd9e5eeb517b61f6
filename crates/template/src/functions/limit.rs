//! What functions could make far too much of is counted before it is made.

use super::{CallError, Context};

/// Counts the widths and precisions of a format, each of which can ask for a megabyte.
pub(super) fn printf(ctx: &mut Context<'_>, format: &[u8]) -> Result<(), CallError> {
    let mut number = 0_usize;
    for b in format {
        if b.is_ascii_digit() {
            number = number.saturating_mul(10).saturating_add(usize::from(b - b'0'));
        } else {
            if (1_000..=1_000_000).contains(&number) {
                ctx.charge(number)?;
            }
            if *b == b'*' {
                ctx.charge(1_000)?;
            }
            number = 0;
        }
    }
    Ok(())
}
