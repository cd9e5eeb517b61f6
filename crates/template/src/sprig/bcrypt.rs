//! Sums of passwords, which are slow by design: 55 ms each in Helm, as here.

use super::args::{bytes, text};
use crate::functions::{Context, Functions};
use crate::value::STRING;
use bcrypt::Version;
use std::cell::RefCell;
use std::thread::{self, JoinHandle};

/// What a sum counts for, in steps of some ten nanoseconds: a loop of them must end.
const STEPS: usize = 4_000_000;
const COST: u32 = 10;
const PASSWORD_BYTES_MAX: usize = 72;

pub(super) fn register(f: &mut Functions) {
    f.native("bcrypt", &[&STRING], |ctx, a| {
        ctx.work(STEPS)?;
        Ok(of(ctx, bytes(&a[0])).into())
    });
    f.native("htpasswd", &[&STRING, &STRING], |ctx, a| {
        let user = text(&a[0]);
        if user.contains(':') {
            return Ok(format!("invalid username: {user}").into());
        }
        ctx.work(STEPS)?;
        Ok(format!("{user}:{}", of(ctx, bytes(&a[1]))).into())
    });
}

/// What the runs of one chart share of sums: a second one of a password that was asked for, with a salt of its own, made
/// by another thread meanwhile. A Deployment that carries its Secret's checksum renders that Secret once more, so a chart
/// mostly asks for a sum twice; for one that does not, no more than one is made in vain.
#[derive(Default)]
pub struct SumsAhead(RefCell<Ahead>);

#[derive(Default)]
enum Ahead {
    /// None yet, or the last one was of use.
    #[default]
    Idle,
    Made {
        password: Vec<u8>,
        sum: JoinHandle<String>,
    },
    /// One was of no use, or there is no thread to be had.
    Off,
}

impl Ahead {
    /// Returns the sum if it is this password's.
    fn take(&mut self, password: &[u8]) -> Option<String> {
        match std::mem::take(self) {
            Self::Made { password: of, sum } if of == password => sum.join().ok(),
            Self::Idle => None,
            Self::Made { .. } | Self::Off => {
                *self = Self::Off;
                None
            }
        }
    }

    fn start(&mut self, password: &[u8], salt: [u8; 16]) {
        let password = password.to_vec();
        let of = password.clone();
        let started = thread::Builder::new().spawn(move || sum(&of, salt));
        *self = started.map_or(Self::Off, |sum| Self::Made { password, sum });
    }
}

fn of(ctx: &Context<'_>, password: &[u8]) -> String {
    if let Some(SumsAhead(ahead)) = ctx.sums {
        let mut ahead = ahead.borrow_mut();
        if let Some(made) = ahead.take(password) {
            return made;
        }
        if matches!(*ahead, Ahead::Idle) && password.len() <= PASSWORD_BYTES_MAX {
            ahead.start(password, ctx.random_bytes());
        }
    }
    sum(password, ctx.random_bytes())
}

fn sum(password: &[u8], salt: [u8; 16]) -> String {
    const FAILED: &str = "failed to encrypt string with bcrypt";
    if password.len() > PASSWORD_BYTES_MAX {
        return format!("{FAILED}: bcrypt: password length exceeds 72 bytes");
    }
    match bcrypt::hash_with_salt(password, COST, salt) {
        Ok(parts) => parts.format_for_version(Version::TwoA),
        Err(e) => format!("{FAILED}: {e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Ahead, SumsAhead};
    use crate::{FixedClock, Functions, Limits, MissingKey, Ports, Random, Run, Templates, Value};
    use std::cell::Cell;
    use std::sync::Arc;

    #[derive(Default)]
    struct Counted(Cell<u8>);

    impl Random for Counted {
        fn fill(&self, out: &mut [u8]) {
            self.0.set(self.0.get() + 1);
            out.fill(self.0.get());
        }
    }

    #[test]
    fn the_second_run_takes_the_sum_that_the_first_had_made() {
        let mut templates = Templates::new("gotpl", Arc::new(Functions::helm()), MissingKey::Zero);
        templates.parse("t", r#"{{ bcrypt "p" }}"#).unwrap();
        let (clock, random, limits, sums) =
            (FixedClock(0), Counted::default(), Limits::default(), SumsAhead::default());
        let ports = Ports { clock: &clock, random: &random };
        let run = Run { ports, limits: &limits, lookup: None, sums: Some(&sums) };
        let made = [(); 2].map(|()| templates.execute("t", Value::Nil, run).unwrap());
        assert_eq!(random.0.get(), 2, "a salt for each of them, and none at the second run");
        assert_ne!(made[0], made[1]);
        for sum in made {
            assert!(bcrypt::verify(b"p", &sum).is_ok_and(|same| same));
        }
    }

    #[test]
    fn a_sum_made_ahead_is_for_one_password_and_for_one_use() {
        let mut ahead = Ahead::default();
        assert_eq!(ahead.take(b"p"), None);
        ahead.start(b"p", [1; 16]);
        let sum = ahead.take(b"p").expect("because it is the same password");
        assert!(bcrypt::verify(b"p", &sum).is_ok_and(|same| same));
        assert_eq!(ahead.take(b"p"), None);
        assert!(matches!(ahead, Ahead::Idle), "the next sum has one beside it again");
    }

    #[test]
    fn after_one_in_vain_no_more_are_made() {
        let mut ahead = Ahead::default();
        ahead.start(b"p", [1; 16]);
        assert_eq!(ahead.take(b"q"), None);
        assert!(matches!(ahead, Ahead::Off));
        assert_eq!(ahead.take(b"p"), None);
        assert!(matches!(ahead, Ahead::Off));
    }
}
