//! Requests for certificates. What is inside of a request is not looked at: that takes a reader of X.509.
//!
//! Source: Kubernetes 1.36 `pkg/apis/certificates/validation`.

use super::fault::{Faults, int, list, text};
use super::names;
use fairway_value::Value;

/// What a key may be used for, ordered as messages list them.
const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

/// Longest name of a signer: a domain, and a label and a domain behind a slash.
const NAME_MAX: usize = 253 + 1 + (63 + 1 + 253);

/// Checks a CertificateSigningRequest about to be created; what was asked for does not change later.
pub(super) fn request(spec: &Value, faults: &mut Faults) {
    let asked = text(spec, "request");
    let pem = crate::base64::decode(asked).unwrap_or_default();
    if !is_request(&pem) {
        faults.invalid_text("spec.request", asked, "PEM block type must be CERTIFICATE REQUEST");
    }
    let usages: Vec<&str> = list(spec, "usages").iter().filter_map(Value::as_str).collect();
    if usages.is_empty() {
        faults.required("spec.usages", "");
    }
    for (n, usage) in usages.iter().enumerate() {
        faults.one_of(format!("spec.usages[{n}]"), usage, &USAGES);
    }
    for (n, usage) in
        usages.iter().enumerate().filter(|(n, usage)| usages.iter().take(*n).any(|u| u == *usage))
    {
        faults.duplicate(format!("spec.usages[{n}]"), crate::managed::quote(usage));
    }
    signer(text(spec, "signerName"), faults);
    if let Some(seconds) = int(spec, "expirationSeconds").filter(|s| *s < 600) {
        let why = "may not specify a duration less than 600 seconds (10 minutes)";
        faults.invalid("spec.expirationSeconds", seconds.to_string(), why);
    }
}

/// Whether the first block of a PEM text is a request.
fn is_request(pem: &[u8]) -> bool {
    let pem = String::from_utf8_lossy(pem);
    let first = pem.find("-----BEGIN ").and_then(|at| pem.get(at..)).unwrap_or_default();
    let block = |word: &str| format!("-----{word} CERTIFICATE REQUEST-----");
    first.starts_with(&block("BEGIN")) && first.contains(&block("END"))
}

fn signer(name: &str, faults: &mut Faults) {
    let field = "spec.signerName";
    if name.is_empty() {
        return faults.required(field, "");
    }
    if name == "kubernetes.io/legacy-unknown" {
        let why = "the legacy signerName is not allowed via this API version";
        return faults.invalid_text(field, name, why);
    }
    let parts: Vec<&str> = name.split('/').collect();
    let [domain, path] = parts.as_slice() else {
        let why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return faults.invalid_text(field, name, why);
    };
    if domain.len() > 253 {
        faults.too_long(field, 253);
    }
    first_wrong(domain, names::label, faults);
    if !domain.contains('.') {
        faults.invalid_text(field, domain, "should be a domain with at least two segments separated by dots");
    }
    first_wrong(path, names::subdomain, faults);
    if name.len() > NAME_MAX {
        faults.too_long(field, NAME_MAX);
    }
}

/// Says what is wrong with the first label that is.
fn first_wrong(whole: &str, of: fn(&str) -> Vec<String>, faults: &mut Faults) {
    let wrong = whole.split('.').map(|label| (label, of(label))).find(|(_, wrong)| !wrong.is_empty());
    let Some((label, wrong)) = wrong else { return };
    for why in wrong {
        let why = format!("validating label {}: {why}", crate::managed::quote(label));
        faults.invalid_text("spec.signerName", whole, &why);
    }
}
