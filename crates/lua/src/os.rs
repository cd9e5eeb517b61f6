//! `os.time` and `os.date` as Argo CD's safe `os` has them, in UTC.

use fairway_core::calendar::{DAYS, MONTHS, date_time, days_since_1970};
use mlua::{Lua, Table, Value};

/// Returns the table of both functions; `now` is in seconds since 1970.
pub(crate) fn table(lua: &Lua, now: i64) -> mlua::Result<Table> {
    let os = lua.create_table()?;
    os.set("time", lua.create_function(move |_, fields: Option<Table>| time(fields, now))?)?;
    os.set(
        "date",
        lua.create_function(move |lua, (format, at): (Option<String>, Option<f64>)| {
            date(lua, format.as_deref().unwrap_or("%c"), at, now)
        })?,
    )?;
    Ok(os)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of Lua 5.1 are floats")]
fn time(fields: Option<Table>, now: i64) -> mlua::Result<f64> {
    let Some(fields) = fields else { return Ok(now as f64) };
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    let field = |key: &str, default: i64| -> mlua::Result<i64> {
        Ok(match fields.raw_get::<Value>(key)? {
            Value::Integer(n) => n,
            Value::Number(n) => n as i64,
            _ => default,
        }
        .clamp(-1_000_000_000, 1_000_000_000))
    };
    let (year, month, day) = (field("year", -1)?, field("month", -1)?, field("day", -1)?);
    let secs = field("hour", 12)? * 3600 + field("min", 0)? * 60 + field("sec", 0)?;
    // Months beyond the year count on, as in Go's time.Date.
    let (year, month) = (year + (month - 1).div_euclid(12), (month - 1).rem_euclid(12) + 1);
    Ok((days_since_1970(year, month, day) * 86_400 + secs) as f64)
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
fn date(lua: &Lua, format: &str, at: Option<f64>, now: i64) -> mlua::Result<Value> {
    let at = at.map_or(now, |n| n as i64).clamp(-60_000_000_000, 253_402_300_799);
    let format = format.trim_start_matches('!');
    if format.starts_with("*t") {
        return table_of(lua, at).map(Value::Table);
    }
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '%' { chars.next() } else { None }) {
            ('%', Some(flag)) => put(&mut out, flag, at),
            (c, _) => out.push(c),
        }
    }
    Ok(Value::String(lua.create_string(&out)?))
}

fn weekday(at: i64) -> i64 {
    (at.div_euclid(86_400) + 4).rem_euclid(7)
}

fn name(names: &'static [&'static str], n: i64) -> &'static str {
    usize::try_from(n).ok().and_then(|n| names.get(n)).copied().unwrap_or_default()
}

fn put(out: &mut String, flag: char, at: i64) {
    let [year, month, day, hour, minute, second] = date_time(at);
    let (month_name, day_name) = (name(&MONTHS, month - 1), name(&DAYS, weekday(at)));
    let short = |name: &str| name.chars().take(3).collect::<String>();
    let half_day = if hour < 12 { "AM" } else { "PM" };
    let twelve = (hour + 11) % 12 + 1;
    let text = match flag {
        'a' => short(day_name),
        'A' => day_name.to_owned(),
        'b' => short(month_name),
        'B' => month_name.to_owned(),
        'c' => {
            format!("{day:02} {} {:02} {hour:02}:{minute:02} UTC", short(month_name), year.rem_euclid(100))
        }
        'd' => format!("{day:02}"),
        'F' => format!("{year:04}-{month:02}-{day:02}"),
        'H' => format!("{hour:02}"),
        'I' => format!("{twelve:02}"),
        'm' => format!("{month:02}"),
        'M' => format!("{minute:02}"),
        'p' => half_day.to_owned(),
        'S' => format!("{second:02}"),
        'x' => format!("{:02}/{month:02}/{day:02}", year.rem_euclid(100)),
        'X' => format!("{hour:02}:{minute:02}:{second:02}"),
        'y' => format!("{:02}", year.rem_euclid(100)),
        'Y' => format!("{year:04}"),
        'z' => "+0000".to_owned(),
        'Z' => "UTC".to_owned(),
        'w' => weekday(at).to_string(),
        other => other.to_string(),
    };
    out.push_str(&text);
}

fn table_of(lua: &Lua, at: i64) -> mlua::Result<Table> {
    let [year, month, day, hour, minute, second] = date_time(at);
    let table = lua.create_table()?;
    let fields =
        [("year", year), ("month", month), ("day", day), ("hour", hour), ("min", minute), ("sec", second)];
    for (key, value) in fields {
        table.set(key, value)?;
    }
    table.set("wday", weekday(at) + 1)?;
    table.set("yday", at.div_euclid(86_400) - days_since_1970(year, 1, 1) + 1)?;
    table.set("isdst", false)?;
    Ok(table)
}
