use super::args::{map, text};
use crate::functions::{CallError, Functions};
use crate::url::Url;
use crate::value::{ANY_MAP, STRING};
use crate::{Map, Value};

pub(super) fn register(f: &mut Functions) {
    f.native("urlParse", &[&STRING], |_, a| {
        let url = Url::parse(&text(&a[0])).map_err(|e| format!("unable to parse url: {e}"))?;
        let parts = [
            ("scheme", url.scheme.clone()),
            ("host", url.host.clone()),
            ("hostname", url.hostname().to_owned()),
            ("path", url.path.clone()),
            ("query", url.query.clone()),
            ("opaque", url.opaque.clone()),
            ("fragment", url.fragment.clone()),
            ("userinfo", url.user.as_ref().map(ToString::to_string).unwrap_or_default()),
        ];
        Ok(parts.into_iter().map(|(k, v)| (k.into(), v.into())).collect::<Map>().into())
    });
    f.native("urlJoin", &[&ANY_MAP], |_, a| join(&map(&a[0])).map(Value::from));
}

fn join(parts: &Map) -> Result<String, CallError> {
    let part = |key: &str| -> Result<String, CallError> {
        match parts.get(key) {
            None => Ok(String::new()),
            Some(v) if v.is_nil() => Err(super::args::nil_pointer()),
            Some(v) => match v.as_str() {
                Some(s) => Ok(s.into_owned()),
                None => {
                    let kind = super::reflect::kind_name(&v);
                    Err(format!("unable to parse {key} key, must be of type string, but {kind} found").into())
                }
            },
        }
    };
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        ..Url::default()
    };
    let user = part("userinfo")?;
    if !user.is_empty() {
        let parsed = Url::parse(&format!("proto://{user}@host"));
        url.user = parsed.map_err(|e| format!("unable to parse userinfo in dict: {e}"))?.user;
    }
    Ok(url.to_string())
}
