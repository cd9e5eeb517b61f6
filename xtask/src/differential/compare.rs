//! What of two answers must be the same.

use super::servers::Reply;
use serde_json::Value;

/// Says where two answers to the same request differ; nothing where they agree.
pub fn difference(real: &Reply, dev: &Reply) -> Option<String> {
    if real.status != dev.status {
        return Some(format!(
            "status: real {} {}, ours {} {}",
            real.status,
            said(real),
            dev.status,
            said(dev)
        ));
    }
    if real.status >= 300 {
        return refusal(&real.body, &dev.body);
    }
    if real.warnings != dev.warnings {
        return Some(format!("warnings: real {:?}, ours {:?}", real.warnings, dev.warnings));
    }
    differ(&shown(&real.body), &shown(&dev.body), &mut String::new())
}

fn said(reply: &Reply) -> String {
    match reply.body["message"].as_str() {
        Some(message) => cut(message),
        None => String::new(),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(1500).collect()
}

/// Ids differ, and so do the orders in which Go walks its maps.
fn plain(text: &str, uids: &[&str]) -> String {
    let mut out = text.to_owned();
    for uid in uids.iter().filter(|u| u.len() > 30) {
        out = out.replace(uid, "<uid>");
    }
    // Each server names a Pod's volume of tokens by chance.
    let volume = "kube-api-access-";
    let mut from = 0;
    while let Some(at) = out.get(from..).and_then(|rest| rest.find(volume)) {
        from += at + volume.len();
        let to = (from + 5).min(out.len());
        if out.is_char_boundary(to) {
            out.replace_range(from..to, "<any>");
        }
    }
    // The real server gives the type of a rule's `self` a number by chance.
    let mut types = out.split("selfType");
    let mut named = types.next().unwrap_or_default().to_owned();
    for rest in types {
        named.push_str("selfType");
        named.push_str(rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    without_patched(&named)
}

/// Messages about a patch hold the whole object, with what each server chose.
fn without_patched(text: &str) -> String {
    let (head, tail) = ("Invalid value: \"{", "}\": ");
    let Some((before, rest)) = text.split_once(head).filter(|(b, _)| b.contains("patch")) else {
        return text.to_owned();
    };
    match rest.rsplit_once(tail) {
        Some((_, after)) => format!("{before}Invalid value: <patched object>: {after}"),
        None => text.to_owned(),
    }
}

/// Both texts from shortly before where they part.
fn parting(left: &str, right: &str) -> (String, String) {
    let same = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(150);
    let show = |text: &str| text.chars().skip(from).take(700).collect();
    (show(left), show(right))
}

fn refusal(real: &Value, dev: &Value) -> Option<String> {
    for key in ["reason", "code", "status"] {
        if real[key] != dev[key] {
            return Some(format!("{key}: real {}, ours {}", real[key], dev[key]));
        }
    }
    let uids = find_uids(real, dev);
    let uids: Vec<&str> = uids.iter().map(String::as_str).collect();
    let causes = |status: &Value| {
        let list = status["details"]["causes"].as_array().cloned().unwrap_or_default();
        let text = |c: &Value, key: &str| c[key].as_str().unwrap_or_default().to_owned();
        let one = |c: &Value| {
            plain(&format!("{} {}: {}", text(c, "field"), text(c, "reason"), text(c, "message")), &uids)
        };
        let mut list: Vec<String> = list.iter().map(one).collect();
        list.sort();
        list
    };
    let message =
        |status: &Value| plain(status["message"].as_str().unwrap_or_default(), &uids).replace("\u{a0}", " ");
    let (left, right) = (message(real), message(dev));
    if left != right && sorted(&left) != sorted(&right) {
        let (left, right) = parting(&left, &right);
        return Some(format!("message:\n    real {left}\n    ours {right}"));
    }
    let (said, ours) = (causes(real), causes(dev));
    if said != ours {
        let (left, right) = parting(&said.join("; "), &ours.join("; "));
        return Some(format!("causes:\n    real {left}\n    ours {right}"));
    }
    (left != right).then(|| {
        let (left, right) = parting(&left, &right);
        format!("order:\n    real {left}\n    ours {right}")
    })
}

fn sorted(text: &str) -> Vec<char> {
    let mut chars: Vec<char> = text.chars().collect();
    chars.sort_unstable();
    chars
}

/// Words that look like a uid.
fn find_uids(a: &Value, b: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for text in [a.to_string(), b.to_string()] {
        for word in text.split(|c: char| !(c.is_ascii_hexdigit() || c == '-')) {
            if word.len() == 36 && word.matches('-').count() == 4 {
                found.push(word.to_owned());
            }
        }
    }
    found
}

/// An object without what each server chooses for itself.
pub fn shown(object: &Value) -> Value {
    let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let mut text = object.to_string();
    if uid.len() > 30 {
        text = text.replace(&uid, "<uid>");
    }
    let mut out: Value = serde_json::from_str(&text).unwrap_or_default();
    if let Some(meta) = out["metadata"].as_object_mut() {
        meta.remove("resourceVersion");
        meta.remove("selfLink");
    }
    scrub(&mut out, "");
    out
}

/// Orders the entries of ownership by what they are of: a server orders them by time, which no two runs share.
pub fn order_entries(object: &mut Value) {
    if let Some(entries) = object.pointer_mut("/metadata/managedFields").and_then(Value::as_array_mut) {
        let key = |e: &Value| {
            ["operation", "manager", "apiVersion", "subresource"]
                .map(|k| e[k].as_str().unwrap_or_default().to_owned())
        };
        entries.sort_by_key(key);
    }
}

fn scrub(value: &mut Value, key: &str) {
    match value {
        Value::Object(map) => map.iter_mut().for_each(|(k, v)| scrub(v, k)),
        Value::Array(items) => items.iter_mut().for_each(|v| scrub(v, key)),
        Value::String(text) => {
            let time = text.len() >= 20
                && text.starts_with("202")
                && text.ends_with('Z')
                && text.get(10..11) == Some("T");
            if time && text.as_str() > "2026-06" {
                *value = "<time>".into();
            } else if text.starts_with("10.96.") || text.starts_with("kube-api-access-") {
                *value = format!("<{}>", &text[..5]).into();
            }
        }
        Value::Number(number) => {
            // A dry run is given numbers from beyond the range.
            let chosen = number.as_i64().is_some_and(|n| (30_000..=32_800).contains(&n));
            if chosen && matches!(key, "nodePort" | "healthCheckNodePort") {
                *value = "<nodePort>".into();
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Says where two values first differ.
pub fn differ(real: &Value, dev: &Value, at: &mut String) -> Option<String> {
    let len = at.len();
    match (real, dev) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                at.push('.');
                at.push_str(key);
                let found = match right.get(key) {
                    Some(other) => differ(value, other, at),
                    None => Some(format!("{at}: real {}, ours nothing", cut(&value.to_string()))),
                };
                if found.is_some() {
                    return found;
                }
                at.truncate(len);
            }
            let more = right.iter().find(|(k, _)| !left.contains_key(*k));
            more.map(|(k, v)| format!("{at}.{k}: real nothing, ours {}", cut(&v.to_string())))
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (n, (value, other)) in left.iter().zip(right).enumerate() {
                at.push_str(&format!("[{n}]"));
                let found = differ(value, other, at);
                if found.is_some() {
                    return found;
                }
                at.truncate(len);
            }
            None
        }
        _ if real == dev => None,
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        _ => Some(format!("{at}: real {}, ours {}", cut(&real.to_string()), cut(&dev.to_string()))),
    }
}
