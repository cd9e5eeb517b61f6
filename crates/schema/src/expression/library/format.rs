//! Named formats (apiserver `pkg/cel/library/format.go`).

use super::value_type;
use crate::validate::names;
use crate::{uri, validate};
use cel::common::types::{CelList, CelOptional, CelString, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, add_member_overload};

/// A format of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Dns1123Label,
    Dns1123Subdomain,
    Dns1035Label,
    QualifiedName,
    Dns1123LabelPrefix,
    Dns1123SubdomainPrefix,
    Dns1035LabelPrefix,
    LabelValue,
    Uri,
    Uuid,
    Byte,
    Date,
    DateTime,
}

value_type!(Format, "kubernetes.NamedFormat");

/// Every format by its name.
const NAMED: [(&str, Format); 13] = [
    ("dns1123Label", Format::Dns1123Label),
    ("dns1123Subdomain", Format::Dns1123Subdomain),
    ("dns1035Label", Format::Dns1035Label),
    ("qualifiedName", Format::QualifiedName),
    ("dns1123LabelPrefix", Format::Dns1123LabelPrefix),
    ("dns1123SubdomainPrefix", Format::Dns1123SubdomainPrefix),
    ("dns1035LabelPrefix", Format::Dns1035LabelPrefix),
    ("labelValue", Format::LabelValue),
    ("uri", Format::Uri),
    ("uuid", Format::Uuid),
    ("byte", Format::Byte),
    ("date", Format::Date),
    ("datetime", Format::DateTime),
];

/// A prefix may end in a dash.
fn masked(prefix: &str) -> String {
    match prefix.strip_suffix('-') {
        Some(rest) if !rest.is_empty() => {
            let mut chars = rest.chars();
            chars.next_back();
            format!("{}a", chars.as_str())
        }
        _ => prefix.to_owned(),
    }
}

impl Format {
    /// Why a text is not of this format; nothing where it is.
    fn faults(self, text: &str) -> Vec<String> {
        let known = |format: &str, why: &str| {
            if validate::fits_text_format(format, text) { Vec::new() } else { vec![why.to_owned()] }
        };
        match self {
            Self::Dns1123Label => names::label(text),
            Self::Dns1123Subdomain => names::subdomain(text),
            Self::Dns1035Label => names::label_1035(text),
            Self::QualifiedName => names::qualified(text),
            Self::Dns1123LabelPrefix => names::label(&masked(text)),
            Self::Dns1123SubdomainPrefix => names::subdomain(&masked(text)),
            Self::Dns1035LabelPrefix => names::label_1035(&masked(text)),
            Self::LabelValue => names::label_value(text),
            Self::Uri => uri::Url::fault(text).into_iter().collect(),
            Self::Uuid => known("uuid", "does not match the UUID format"),
            Self::Byte => known("byte", "invalid base64"),
            Self::Date => known("date", "invalid date"),
            Self::DateTime => known("datetime", "invalid datetime"),
        }
    }
}

/// How many letters the pattern has that a text is held against for the format that a value is, as the server counts them.
pub(in crate::expression) fn pattern_letters(format: &dyn Val) -> Option<u64> {
    Some(match format.downcast_ref::<Format>()? {
        Format::Dns1123Label
        | Format::Dns1035Label
        | Format::Dns1123LabelPrefix
        | Format::Dns1035LabelPrefix => 30,
        Format::Dns1123Subdomain | Format::QualifiedName | Format::Dns1123SubdomainPrefix => 60,
        Format::LabelValue => 40,
        Format::Uri => 1103,
        Format::Uuid => 70,
        Format::Byte => 84,
        Format::Date | Format::DateTime => 71,
    })
}

fn validate<'v>(format: &Format, text: &CelString<'_>) -> CelOptional<'v> {
    let faults = format.faults(text.inner());
    if faults.is_empty() {
        return CelOptional::none();
    }
    let texts = faults.into_iter().map(|f| -> Box<dyn Val + 'v> { Box::new(CelString::from(f)) });
    CelOptional::of(Box::new(CelList::from(texts.collect::<Vec<_>>())))
}

fn named<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let name = args.first().and_then(|a| a.downcast_ref::<CelString<'_>>()).map(|s| s.inner());
    let found = NAMED.iter().find(|(n, _)| Some(*n) == name);
    let format = found.map(|(_, format)| -> Box<dyn Val + 'v> { Box::new(*format) });
    Ok(CowVal::owned(CelOptional::from(format)))
}

/// A function without arguments that gives a format.
macro_rules! constant {
    ($env:ident, $name:literal, $format:expr) => {{
        fn constant<'b, 'v>(_: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
            Ok(CowVal::owned($format))
        }
        $env.add_overload(concat!("format.", $name), concat!("format.", $name), vec![], constant)?;
    }};
}

pub(super) fn extend(env: &mut Env) -> Result<(), DeclarationError> {
    add_member_overload!(env, fn validate: (Format, CelString<'_>) -> CelOptional<'_>)?;
    env.add_overload("format.named", "format-named", vec![STRING_TYPE], named)?;
    constant!(env, "dns1123Label", Format::Dns1123Label);
    constant!(env, "dns1123Subdomain", Format::Dns1123Subdomain);
    constant!(env, "dns1035Label", Format::Dns1035Label);
    constant!(env, "qualifiedName", Format::QualifiedName);
    constant!(env, "dns1123LabelPrefix", Format::Dns1123LabelPrefix);
    constant!(env, "dns1123SubdomainPrefix", Format::Dns1123SubdomainPrefix);
    constant!(env, "dns1035LabelPrefix", Format::Dns1035LabelPrefix);
    constant!(env, "labelValue", Format::LabelValue);
    constant!(env, "uri", Format::Uri);
    constant!(env, "uuid", Format::Uuid);
    constant!(env, "byte", Format::Byte);
    constant!(env, "date", Format::Date);
    constant!(env, "datetime", Format::DateTime);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::hold;

    #[test]
    fn formats_are_named() {
        hold(&[
            "!format.dns1123Label().validate('my-name').hasValue() && format.dns1123Label().validate('My').hasValue()",
            "format.named('dns1123Subdomain').value().validate('a_b').value()[0].contains('RFC 1123 subdomain')",
            "!format.named('unknown').hasValue() && format.named('uri').hasValue()",
            "!format.dns1123LabelPrefix().validate('my-').hasValue() && format.dns1123Label().validate('my-').hasValue()",
            "format.uri().validate('x').value() == ['parse \"x\": invalid URI for request']",
            "format.date().validate('2023-02-29').value() == ['invalid date'] && !format.byte().validate('YQ==').hasValue()",
            "!format.datetime().validate('2021-01-01T00:00:00Z').hasValue() && format.uuid().validate('x').hasValue()",
            "'%s-%d'.format(['a', 1]) == 'a-1'",
        ]);
    }
}
