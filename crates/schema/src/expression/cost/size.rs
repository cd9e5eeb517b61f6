/// How long a text or how large a list may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub least: u64,
    pub most: u64,
}

impl Size {
    /// Nothing is known of it.
    pub const UNKNOWN: Self = Self { least: 0, most: u64::MAX };

    pub const fn exactly(count: u64) -> Self {
        Self { least: count, most: count }
    }

    pub const fn up_to(most: u64) -> Self {
        Self { least: 0, most }
    }

    pub fn plus(self, other: Self) -> Self {
        let (least, most) = (self.least.saturating_add(other.least), self.most.saturating_add(other.most));
        Self { least, most }
    }

    pub fn times(self, other: Self) -> Self {
        let (least, most) = (self.least.saturating_mul(other.least), self.most.saturating_mul(other.most));
        Self { least, most }
    }

    /// What holds whichever of two it is.
    pub fn or(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), most: self.most.max(other.most) }
    }
}

/// A part or a multiple of a number, rounded up, and no more than there are numbers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counted in floats as the server does; the cast back saturates"
)]
pub(in crate::expression) fn scaled(count: u64, factor: f64) -> u64 {
    (count as f64 * factor).ceil() as u64
}

/// How often one number is in another, rounded up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counted in floats as the server does; the cast back saturates"
)]
pub(super) fn ratio(count: u64, part: u64) -> u64 {
    (count as f64 / part as f64).ceil() as u64
}
