use super::{Civil, NANOS};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use std::sync::LazyLock;

/// Go reads zones from files beside the program or the system's; ours are bundled, so that renders do not differ.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Where a time is shown.
#[derive(Clone, Debug)]
pub(crate) enum Zone {
    Utc,
    Fixed { name: String, offset: i32 },
    Named(TimeZone),
}

impl Zone {
    /// Finds a zone by its name, as Go's `time.LoadLocation`; local time is UTC here.
    pub fn load(name: &str) -> Option<Self> {
        if matches!(name, "" | "UTC" | "Local") {
            return Some(Self::Utc);
        }
        let zone = DATABASE.get(name).ok()?;
        // The database takes any case; Go looks for a file.
        (zone.iana_name() == Some(name)).then_some(Self::Named(zone))
    }

    /// Returns the offset in seconds and the abbreviation at an instant.
    pub fn at(&self, seconds: i64) -> (i32, String) {
        match self {
            Self::Utc => (0, "UTC".to_owned()),
            Self::Fixed { name, offset } => (*offset, name.clone()),
            Self::Named(zone) => {
                // Beyond the years that the database knows, its first and last rules hold.
                let (min, max) = (jiff::Timestamp::MIN, jiff::Timestamp::MAX);
                let clamped = seconds.clamp(min.as_second(), max.as_second());
                let timestamp = jiff::Timestamp::from_second(clamped).unwrap_or(min);
                let info = zone.to_offset_info(timestamp);
                (info.offset().seconds(), info.abbreviation().to_owned())
            }
        }
    }
}

/// A point in time and the zone it is shown in.
#[derive(Clone, Debug)]
pub(crate) struct Instant {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanos: u32,
    pub zone: Zone,
}

/// Go's zero time, 0001-01-01 00:00:00 UTC.
const ZERO_SECONDS: i64 = -62_135_596_800;

impl Instant {
    pub fn zero() -> Self {
        Self { seconds: ZERO_SECONDS, nanos: 0, zone: Zone::Utc }
    }

    pub fn from_nanos(nanos: i128, zone: Zone) -> Self {
        Self {
            seconds: i64::try_from(nanos.div_euclid(NANOS)).unwrap_or(0),
            nanos: u32::try_from(nanos.rem_euclid(NANOS)).unwrap_or(0),
            zone,
        }
    }

    pub fn is_zero(&self) -> bool {
        (self.seconds, self.nanos) == (ZERO_SECONDS, 0)
    }

    /// Returns nanoseconds since 1970.
    pub fn total_nanos(&self) -> i128 {
        i128::from(self.seconds) * NANOS + i128::from(self.nanos)
    }

    pub fn offset(&self) -> i32 {
        self.zone.at(self.seconds).0
    }

    pub fn civil(&self) -> Civil {
        Civil::from_seconds(self.seconds.saturating_add(self.offset().into()), self.nanos)
    }

    /// Returns the same point in time shown elsewhere.
    pub fn within(&self, zone: Zone) -> Self {
        Self { zone, ..*self }
    }

    /// Returns the time so many nanoseconds later.
    pub fn plus(&self, nanos: i64) -> Self {
        Self::from_nanos(self.total_nanos() + i128::from(nanos), self.zone.clone())
    }
}
