//! Query options of lists, watches and writes, and their checks.

use super::status::{ApiError, ApiResult};
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use fairway_schema::validate::Cause;
use fairway_value::{Str, Value, from_json};

/// Base64 as Go's `RawURLEncoding`, which does not look at bits beyond the last byte.
const TOKEN: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));

/// A decoded query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(pub(crate) Vec<(Str, Str)>);

impl Query {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.get(key).unwrap_or_default()
    }

    /// Reads a boolean as apimachinery's query decoder: present is true, unless `false` or `0`.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).map(|v| !matches!(v.to_lowercase().as_str(), "false" | "0" | ""))
    }

    pub(crate) fn number(&self, key: &str) -> ApiResult<Option<i64>> {
        let Some(text) = self.get(key).filter(|t| !t.is_empty()) else { return Ok(None) };
        text.parse()
            .map(Some)
            .map_err(|_| ApiError::bad_request(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")))
    }

    /// Whether the write is a dry run.
    ///
    /// # Errors
    /// Another word than `All`; `options` names the options' kind for the message.
    pub(crate) fn dry_run(&self, options: &str) -> ApiResult<bool> {
        let asked: Vec<&str> =
            self.0.iter().filter(|(k, _)| k == "dryRun").map(|(_, v)| v.as_str()).collect();
        check_dry_run(&asked, options)
    }
}

pub(crate) fn check_dry_run(asked: &[&str], options: &str) -> ApiResult<bool> {
    if asked.iter().any(|d| *d != "All") {
        let list = asked.iter().map(|d| format!("{d:?}")).collect::<Vec<_>>().join(",");
        let cause = Cause {
            reason: "FieldValueNotSupported",
            message: format!("Unsupported value: [{list}]: supported values: \"All\""),
            field: "dryRun".to_owned(),
        };
        return Err(ApiError::invalid("meta.k8s.io", options, "", &[cause]));
    }
    Ok(!asked.is_empty())
}

/// Which version a list asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// The newest, or anything: the newest is as good.
    Newest,
    /// One no older than this.
    NotOlder(u64),
    /// This one.
    Exact(u64),
    /// The rest of a list begun at a version, from a key on.
    Continue { rv: u64, start: String },
}

/// Options of a list.
#[derive(Clone, Debug)]
pub(crate) struct ListOptions {
    pub(crate) version: Version,
    /// At most so many items; 0 is no bound.
    pub(crate) limit: usize,
}

/// Options of a watch.
#[derive(Clone, Debug)]
pub(crate) struct WatchOptions {
    /// The version to start after; nothing for all objects first.
    pub(crate) after: Option<u64>,
    pub(crate) bookmarks: bool,
    pub(crate) initial_events: bool,
    pub(crate) timeout_secs: Option<u64>,
}

fn forbidden(field: &str, message: &str) -> Cause {
    Cause { reason: "FieldValueForbidden", message: format!("Forbidden: {message}"), field: field.to_owned() }
}

fn unsupported_match(value: &str, supported: &str) -> Cause {
    Cause {
        reason: "FieldValueNotSupported",
        message: format!("Unsupported value: {value:?}: supported values: {supported}"),
        field: "resourceVersionMatch".to_owned(),
    }
}

const MATCH: &str = "resourceVersionMatch";

fn refuse(causes: &[Cause]) -> ApiResult<()> {
    if causes.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid("meta.k8s.io", "ListOptions", "", causes))
}

pub(crate) fn parse_version(text: &str) -> ApiResult<u64> {
    text.parse().map_err(|_| {
        ApiError::plain_internal(format!(
            "resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        ))
    })
}

impl ListOptions {
    pub(crate) fn parse(query: &Query) -> ApiResult<Self> {
        let limit = query.number("limit")?.unwrap_or_default();
        let (rv, token, matching) =
            (query.text("resourceVersion"), query.text("continue"), query.text(MATCH));
        let mut causes = Vec::new();
        if !matching.is_empty() {
            if rv.is_empty() {
                causes.push(forbidden(
                    MATCH,
                    "resourceVersionMatch is forbidden unless resourceVersion is provided",
                ));
            }
            if !token.is_empty() {
                causes.push(forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
            }
            if !matches!(matching, "Exact" | "NotOlderThan") {
                causes.push(unsupported_match(matching, "\"Exact\", \"NotOlderThan\", \"\""));
            }
            if matching == "Exact" && rv == "0" {
                let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
                causes.push(forbidden(MATCH, why));
            }
        }
        if query.get("sendInitialEvents").is_some() {
            causes.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }
        refuse(&causes)?;
        if !token.is_empty() {
            if !rv.is_empty() && rv != "0" {
                return Err(ApiError::bad_request(
                    "specifying resource version is not allowed when using continue",
                ));
            }
            let (rv, start) = read_token(token)?;
            let limit = usize::try_from(limit).unwrap_or_default();
            return Ok(Self { version: Version::Continue { rv, start }, limit });
        }
        let limit = usize::try_from(limit).unwrap_or_default();
        if rv.is_empty() {
            return Ok(Self { version: Version::Newest, limit });
        }
        let number = parse_version(rv)?;
        let version = match (matching, number) {
            // Served from the cache as a whole.
            (_, 0) => return Ok(Self { version: Version::Newest, limit: 0 }),
            ("Exact", n) => Version::Exact(n),
            ("", n) if limit > 0 => Version::Exact(n),
            (_, n) => Version::NotOlder(n),
        };
        Ok(Self { version, limit })
    }
}

impl WatchOptions {
    pub(crate) fn parse(query: &Query) -> ApiResult<Self> {
        let matching = query.text(MATCH);
        let initial = query.flag("sendInitialEvents");
        let mut causes = Vec::new();
        if initial.is_some() && matching != "NotOlderThan" {
            causes.push(forbidden(
                MATCH,
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ));
        }
        if !matching.is_empty() {
            if initial.is_none() {
                let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
                causes.push(forbidden(MATCH, why));
            }
            if matching != "NotOlderThan" {
                causes.push(unsupported_match(matching, "\"NotOlderThan\""));
            }
        }
        if !query.text("continue").is_empty() {
            causes.push(forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
        }
        refuse(&causes)?;
        query.number("limit")?;
        let timeout = query.number("timeoutSeconds")?;
        let after = match query.text("resourceVersion") {
            "" => None,
            text => Some(parse_version(text)?).filter(|n| *n > 0),
        };
        let initial_events = initial.unwrap_or_default();
        Ok(Self {
            after: if initial_events { None } else { after },
            bookmarks: query.flag("allowWatchBookmarks").unwrap_or_default(),
            initial_events,
            timeout_secs: timeout.and_then(|t| u64::try_from(t).ok()).filter(|t| *t > 0),
        })
    }
}

/// Builds the token that continues a list after a key.
pub(crate) fn continue_token(rv: i64, after: &str) -> String {
    let token = serde_json::json!({ "v": "meta.k8s.io/v1", "rv": rv, "start": format!("{after}\u{0}") });
    TOKEN.encode(token.to_string())
}

/// Reads a token: the version (0 for "any") and the key to start from.
fn read_token(token: &str) -> ApiResult<(u64, String)> {
    let bad = |why: String| {
        ApiError::bad_request(format!("invalid continue token: continue key is not valid: {why}"))
    };
    let bytes = TOKEN.decode(token).map_err(|_| bad("illegal base64 data".to_owned()))?;
    let value = from_json(&bytes).map_err(|_| match bytes.first() {
        Some(b) if *b != b'{' => {
            bad(format!("invalid character '{}' looking for beginning of value", go_char(*b)))
        }
        _ => bad("unexpected end of JSON input".to_owned()),
    })?;
    let rv = value.get("rv").and_then(Value::as_i64).unwrap_or_default();
    let start = value.get("start").and_then(Value::as_str).unwrap_or_default();
    if start.is_empty() {
        return Err(bad("encoded start key empty".to_owned()));
    }
    if rv == 0 {
        return Err(bad("incorrect encoded start resourceVersion (version meta.k8s.io/v1)".to_owned()));
    }
    Ok((u64::try_from(rv).unwrap_or_default(), start.to_owned()))
}

/// Writes a byte as Go's `quoteChar` in encoding/json does.
fn go_char(byte: u8) -> String {
    match byte {
        b'\'' => "\\'".to_owned(),
        0x20..0x7f => char::from(byte).to_string(),
        other => format!("\\u{other:04x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query(super::super::target::query(text))
    }

    #[test]
    fn tokens_round_trip_and_garbage_is_named() {
        let token = continue_token(7, "ns/a");
        assert_eq!(read_token(&token).unwrap(), (7, "ns/a\u{0}".to_owned()));
        assert_eq!(
            read_token("garbage").unwrap_err().message,
            "invalid continue token: continue key is not valid: invalid character '\\u0081' looking for beginning of value"
        );
    }

    #[test]
    fn a_limit_makes_the_version_exact() {
        assert_eq!(
            ListOptions::parse(&query("resourceVersion=5&limit=2")).unwrap().version,
            Version::Exact(5)
        );
        assert_eq!(ListOptions::parse(&query("resourceVersion=5")).unwrap().version, Version::NotOlder(5));
        assert_eq!(ListOptions::parse(&query("resourceVersion=0&limit=2")).unwrap().limit, 0);
    }
}
