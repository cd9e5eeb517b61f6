use super::args::{int, text};
use crate::Value;
use crate::functions::{CallError, Context, Functions};
use crate::value::{INT, STRING};

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS: &[u8] = b"0123456789";

pub(super) fn register(f: &mut Functions) {
    f.native("randAlpha", &[&INT], |ctx, a| from(ctx, int(&a[0]), LETTERS));
    f.native("randNumeric", &[&INT], |ctx, a| from(ctx, int(&a[0]), DIGITS));
    f.native("randAlphaNum", &[&INT], |ctx, a| from(ctx, int(&a[0]), &[LETTERS, DIGITS].concat()));
    f.native("randAscii", &[&INT], |ctx, a| from(ctx, int(&a[0]), &(32..127).collect::<Vec<u8>>()));
    f.native("randBytes", &[&INT], |ctx, a| {
        let count = usize::try_from(int(&a[0])).map_err(|_| "runtime error: makeslice: len out of range")?;
        ctx.charge(count)?;
        ctx.work(count)?;
        let mut out = vec![0; count];
        ctx.fill_random(&mut out);
        Ok(super::encoding::base64(&out).into())
    });
    f.native("randInt", &[&INT, &INT], |ctx, a| {
        let (min, max) = (int(&a[0]), int(&a[1]));
        let span = u64::try_from(max.wrapping_sub(min)).ok().filter(|s| *s > 0);
        let span = span.ok_or("invalid argument to Intn")?;
        let drawn = below(ctx, span);
        Ok(Value::int(min.wrapping_add_unsigned(drawn)))
    });
    f.native("uuidv4", &[], |ctx, _| {
        let mut id: [u8; 16] = ctx.random_bytes();
        id[6] = id[6] & 0x0f | 0x40;
        id[8] = id[8] & 0x3f | 0x80;
        let hex = super::encoding::hex(&id);
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        Ok(parts.join("-").into())
    });
    f.native("shuffle", &[&STRING], |ctx, a| {
        let mut chars: Vec<char> = text(&a[0]).chars().collect();
        for last in (1..chars.len()).rev() {
            let other = usize::try_from(below(ctx, last as u64 + 1)).unwrap_or(0);
            chars.swap(last, other);
        }
        Ok(chars.into_iter().collect::<String>().into())
    });
}

/// Draws a number below a bound, each as likely as the next.
pub(super) fn below(ctx: &Context<'_>, bound: u64) -> u64 {
    // Numbers from the last, incomplete stretch of `bound` are drawn anew.
    let reject_from = u64::MAX - u64::MAX % bound;
    loop {
        let drawn = u64::from_le_bytes(ctx.random_bytes());
        if drawn < reject_from {
            return drawn % bound;
        }
    }
}

/// Draws characters. Of none or fewer, Sprig makes the empty string.
fn from(ctx: &mut Context<'_>, count: i64, alphabet: &[u8]) -> Result<Value, CallError> {
    ctx.work(usize::try_from(count).unwrap_or(0).saturating_mul(2))?;
    let count = usize::try_from(count).unwrap_or(0);
    ctx.charge(count)?;
    let pick = |_| {
        let at = usize::try_from(below(ctx, alphabet.len() as u64)).unwrap_or(0);
        char::from(alphabet[at])
    };
    Ok((0..count).map(pick).collect::<String>().into())
}
