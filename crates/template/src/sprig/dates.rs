use super::args::text;
use crate::functions::{CallError, Context, Functions, Signature};
use crate::time::{Civil, Instant, NANOS, Zone, duration_text, format, parse, parse_duration};
use crate::value::{ANY, GoType, INT, IntKind, Kind, STRING, TypeInfo};
use crate::{Object, Value};

/// `time.Time`.
pub(crate) static TIME: TypeInfo = TypeInfo::structure("time.Time");
static DURATION: TypeInfo = TypeInfo { name: "time.Duration", kind: Kind::Int, elem: None, named: true };
static MONTH: TypeInfo = TypeInfo { name: "time.Month", kind: Kind::Int, elem: None, named: true };
static WEEKDAY: TypeInfo = TypeInfo { name: "time.Weekday", kind: Kind::Int, elem: None, named: true };

const HTML_DATE: &str = "2006-01-02";
const DEFAULT_LAYOUT: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

pub(super) fn register(f: &mut Functions) {
    f.native("now", &[], |ctx, _| Ok(time(now(ctx))));
    f.native("date", &[&STRING, &ANY], |ctx, a| Ok(in_zone(ctx, &text(&a[0]), &a[1], "Local")));
    for name in ["dateInZone", "date_in_zone"] {
        f.native(name, &[&STRING, &ANY, &STRING], |ctx, a| {
            Ok(in_zone(ctx, &text(&a[0]), &a[1], &text(&a[2])))
        });
    }
    f.native("htmlDate", &[&ANY], |ctx, a| Ok(in_zone(ctx, HTML_DATE, &a[0], "Local")));
    f.native("htmlDateInZone", &[&ANY, &STRING], |ctx, a| Ok(in_zone(ctx, HTML_DATE, &a[0], &text(&a[1]))));
    for name in ["dateModify", "date_modify"] {
        f.native(name, &[&STRING, &TIME], |_, a| {
            let moved = parse_duration(&text(&a[0])).map(|d| time(instant(&a[1]).plus(d)));
            Ok(moved.unwrap_or_else(|_| a[1].clone()))
        });
    }
    for name in ["mustDateModify", "must_date_modify"] {
        f.native(name, &[&STRING, &TIME], |_, a| {
            Ok(time(instant(&a[1]).plus(parse_duration(&text(&a[0]))?)))
        });
    }
    f.native("ago", &[&ANY], |ctx, a| {
        let passed = now(ctx).total_nanos() - seconds_or_time(ctx, &a[0]).total_nanos();
        Ok(duration_text(nanos(round_to_second(passed))).into())
    });
    f.native("duration", &[&ANY], |_, a| {
        let seconds = match &a[0] {
            Value::Int(IntKind::Int64, i) => *i,
            other => other.as_str().map_or(0, |s| leading_int(&s)),
        };
        Ok(duration_text(seconds.wrapping_mul(1_000_000_000)).into())
    });
    f.native("durationRound", &[&ANY], |ctx, a| {
        let length = match &a[0] {
            Value::Int(IntKind::Int64, i) => *i,
            Value::Object(_) if a[0].as_object::<GoTime>().is_some() => {
                nanos(now(ctx).total_nanos() - instant(&a[0]).total_nanos())
            }
            other => other.as_str().and_then(|s| parse_duration(&s).ok()).unwrap_or(0),
        };
        Ok(rounded(length.unsigned_abs()).into())
    });
    f.native("toDate", &[&STRING, &STRING], |_, a| {
        Ok(time(parse(&text(&a[0]), &text(&a[1])).unwrap_or_else(|_| Instant::zero())))
    });
    f.native("mustToDate", &[&STRING, &STRING], |_, a| Ok(time(parse(&text(&a[0]), &text(&a[1]))?)));
    f.native("unixEpoch", &[&TIME], |_, a| Ok(instant(&a[0]).seconds.to_string().into()));
}

fn now(ctx: &Context<'_>) -> Instant {
    Instant::from_nanos(ctx.now_nanos(), Zone::Utc)
}

fn time(at: Instant) -> Value {
    Value::object(GoTime(at))
}

fn instant(value: &Value) -> Instant {
    value.as_object::<GoTime>().map_or_else(Instant::zero, |t| t.0.clone())
}

fn nanos(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
}

fn round_to_second(n: i128) -> i128 {
    let whole = n / NANOS * NANOS;
    let rest = n - whole;
    if rest.abs() * 2 >= NANOS { whole + NANOS * rest.signum() } else { whole }
}

/// Takes integers for seconds since 1970 and anything else that is no time for now.
fn seconds_or_time(ctx: &Context<'_>, value: &Value) -> Instant {
    match value {
        Value::Int(_, seconds) => Instant { seconds: *seconds, nanos: 0, zone: Zone::Utc },
        Value::Object(_) if value.as_object::<GoTime>().is_some() => instant(value),
        _ => now(ctx),
    }
}

fn in_zone(ctx: &Context<'_>, layout: &str, value: &Value, zone: &str) -> Value {
    let zone = Zone::load(zone).unwrap_or(Zone::Utc);
    format(&seconds_or_time(ctx, value).within(zone), layout).into()
}

/// Go's `strconv.ParseInt`, whose value at an overflow is the bound.
fn leading_int(s: &str) -> i64 {
    match s.parse::<i64>() {
        Ok(i) => i,
        Err(e) => match e.kind() {
            std::num::IntErrorKind::PosOverflow => i64::MAX,
            std::num::IntErrorKind::NegOverflow => i64::MIN,
            _ => 0,
        },
    }
}

fn rounded(nanos: u64) -> String {
    const HOUR: u64 = 3_600_000_000_000;
    for (unit, name) in [
        (HOUR * 24 * 365, "y"),
        (HOUR * 24 * 30, "mo"),
        (HOUR * 24, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ] {
        if nanos > unit {
            return format!("{}{name}", nanos / unit);
        }
    }
    "0s".to_owned()
}

/// A `time.Time`.
pub(crate) struct GoTime(Instant);

impl GoTime {
    pub fn new(at: Instant) -> Self {
        Self(at)
    }
}

/// An integer type with names for its values, or a duration.
/// A duration, month or weekday: an integer with a name of its own.
pub(crate) struct GoDuration {
    ty: GoType,
    value: i64,
    text: String,
}

impl GoDuration {
    /// Returns its nanoseconds.
    pub fn nanos(&self) -> i64 {
        self.value
    }
}

fn named(ty: GoType, value: i64, text: impl Into<String>) -> Value {
    Value::object(GoDuration { ty, value, text: text.into() })
}

/// Returns a `time.Duration`.
pub(crate) fn duration(nanos: i64) -> Value {
    named(&DURATION, nanos, duration_text(nanos))
}

impl Object for GoTime {
    fn go_type(&self) -> GoType {
        &TIME
    }

    fn method(&self, name: &str) -> Option<Signature> {
        Some(match name {
            "Year" | "Month" | "Day" | "Hour" | "Minute" | "Second" | "Nanosecond" | "Unix" | "UnixNano"
            | "UnixMilli" | "UnixMicro" | "Weekday" | "YearDay" | "UTC" | "Local" | "IsZero" | "String" => {
                Signature::new(&[], false)
            }
            "Format" => Signature::new(&[&STRING], false),
            "AddDate" => Signature::new(&[&INT, &INT, &INT], false),
            "Add" | "Round" | "Truncate" => Signature::new(&[&DURATION], false),
            "Sub" | "Before" | "After" | "Equal" | "Compare" => Signature::new(&[&TIME], false),
            _ => return None,
        })
    }

    fn call(&self, name: &str, args: &[Value], _: &mut Context<'_>) -> Result<Value, CallError> {
        let (at, civil) = (&self.0, self.0.civil());
        let other = || args.first().map_or(0, |v| instant(v).total_nanos());
        let by =
            || args.first().map_or(0, |v| if let Value::Object(o) = v { o.as_int().unwrap_or(0) } else { 0 });
        let number = |n: usize| args.get(n).map_or(0, super::args::int);
        Ok(match name {
            "Format" => format(at, &args.first().map(text).unwrap_or_default()).into(),
            "UTC" | "Local" => time(at.within(Zone::Utc)),
            "IsZero" => at.is_zero().into(),
            "Add" => time(at.plus(by())),
            "Sub" => duration(nanos(at.total_nanos() - other())),
            "Before" => (at.total_nanos() < other()).into(),
            "After" => (at.total_nanos() > other()).into(),
            "Equal" => (at.total_nanos() == other()).into(),
            "Compare" => Value::int(at.total_nanos().cmp(&other()) as i64),
            "AddDate" => {
                let seconds = civil.seconds_after(number(0), number(1), number(2)) - i64::from(at.offset());
                time(Instant { seconds, ..at.clone() })
            }
            "Round" | "Truncate" => time(at.plus(-nanos(remainder(at, by(), name == "Round")))),
            "Month" => named(&MONTH, civil.month.into(), format(at, "January")),
            "Weekday" => named(&WEEKDAY, i64::try_from(civil.weekday()).unwrap_or(0), format(at, "Monday")),
            "String" => format(at, DEFAULT_LAYOUT).into(),
            other => number_of(other, at, &civil),
        })
    }

    fn text(&self) -> Option<String> {
        Some(format(&self.0, DEFAULT_LAYOUT))
    }

    fn go_syntax(&self) -> Option<String> {
        let c = self.0.civil();
        let zone = match &self.0.zone {
            Zone::Utc => "time.UTC".to_owned(),
            Zone::Fixed { name, .. } => format!("time.Location({name:?})"),
            Zone::Named(zone) => format!("time.Location({:?})", zone.iana_name().unwrap_or_default()),
        };
        let month = format(&self.0, "January");
        Some(format!(
            "time.Date({}, time.{month}, {}, {}, {}, {}, {}, {zone})",
            c.year, c.day, c.hour, c.minute, c.second, c.nanos
        ))
    }

    fn to_json(&self) -> fairway_value::Value {
        format(&self.0, "2006-01-02T15:04:05.999999999Z07:00").into()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Returns how far a time is behind a multiple of a duration; to round, how far from the nearest.
fn remainder(at: &Instant, by: i64, round: bool) -> i128 {
    if by <= 0 {
        return 0;
    }
    let since = at.total_nanos() - Instant::zero().total_nanos();
    let rest = since.rem_euclid(by.into());
    if round && rest * 2 >= by.into() { rest - i128::from(by) } else { rest }
}

fn number_of(name: &str, at: &Instant, civil: &Civil) -> Value {
    let total = at.total_nanos();
    match name {
        "Year" => Value::int(civil.year),
        "Day" => Value::int(civil.day.into()),
        "Hour" => Value::int(civil.hour.into()),
        "Minute" => Value::int(civil.minute.into()),
        "Second" => Value::int(civil.second.into()),
        "Nanosecond" => Value::int(civil.nanos.into()),
        "YearDay" => Value::int(civil.year_day()),
        "Unix" => Value::int64(at.seconds),
        "UnixMilli" => Value::int64(nanos(total.div_euclid(1_000_000))),
        "UnixMicro" => Value::int64(nanos(total.div_euclid(1_000))),
        _ => Value::int64(nanos(total)),
    }
}

impl Object for GoDuration {
    fn go_type(&self) -> GoType {
        self.ty
    }

    fn method(&self, name: &str) -> Option<Signature> {
        let known = match name {
            "String" => true,
            "Hours" | "Minutes" | "Seconds" | "Milliseconds" | "Microseconds" | "Nanoseconds" | "Abs" => {
                self.ty.name == DURATION.name
            }
            _ => false,
        };
        known.then(|| Signature::new(&[], false))
    }

    #[expect(clippy::cast_precision_loss, reason = "Go gives floats here")]
    fn call(&self, name: &str, _: &[Value], _: &mut Context<'_>) -> Result<Value, CallError> {
        let float = |per: f64| Value::Float(self.value as f64 / per);
        Ok(match name {
            "Hours" => float(3.6e12),
            "Minutes" => float(6e10),
            "Seconds" => float(1e9),
            "Milliseconds" => Value::int64(self.value / 1_000_000),
            "Microseconds" => Value::int64(self.value / 1_000),
            "Nanoseconds" => Value::int64(self.value),
            "Abs" => duration(self.value.saturating_abs()),
            _ => self.text.as_str().into(),
        })
    }

    fn text(&self) -> Option<String> {
        Some(self.text.clone())
    }

    fn as_int(&self) -> Option<i64> {
        Some(self.value)
    }

    fn to_json(&self) -> fairway_value::Value {
        self.value.into()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
