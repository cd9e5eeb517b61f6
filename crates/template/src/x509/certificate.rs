use super::der::{
    self, BIT_STRING, BOOLEAN, CONTEXT, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, bit_string,
    integer, sequence, tlv,
};
use super::keys::PrivateKey;
use super::pem;
use crate::time::{Instant, Zone, format};
use sha1::Digest as _;
use std::net::IpAddr;

const SUBJECT_KEY_ID: u8 = 14;
const KEY_USAGE: u8 = 15;
const SUBJECT_ALT_NAME: u8 = 17;
const BASIC_CONSTRAINTS: u8 = 19;
const AUTHORITY_KEY_ID: u8 = 35;
const EXTENDED_KEY_USAGE: u8 = 37;

/// What a certificate is to say.
pub(crate) struct Request<'a> {
    pub common_name: &'a str,
    pub ips: Vec<IpAddr>,
    pub dns_names: Vec<String>,
    pub days_valid: i64,
    pub authority: bool,
    pub now_nanos: i128,
    pub serial: [u8; 16],
}

/// Who signs a certificate.
pub(crate) struct Authority {
    /// The subject, encoded.
    subject: Vec<u8>,
    key_id: Option<Vec<u8>>,
    /// The public key's `SubjectPublicKeyInfo`.
    public_info: Vec<u8>,
}

/// Writes and signs a certificate as Go's `x509.CreateCertificate` does and returns it as PEM. Without an authority
/// the key signs itself.
///
/// # Errors
/// The signing key is not the authority's, or signing fails.
pub(crate) fn issue(
    request: &Request<'_>,
    key: &PrivateKey,
    signer: Option<(&Authority, &PrivateKey)>,
) -> Result<String, String> {
    let subject = name(request.common_name);
    let (issuer, signing_key) = match signer {
        Some((authority, signing_key)) => (authority.subject.clone(), signing_key),
        None => (subject.clone(), key),
    };
    if let Some((authority, signing_key)) = signer
        && authority.public_info != signing_key.public_info()
    {
        return Err("x509: provided PrivateKey doesn't match parent's PublicKey".to_owned());
    }
    let algorithm = signing_key.signature_algorithm();
    let authority_id = signer.filter(|_| issuer != subject).and_then(|(a, _)| a.key_id.clone());
    let tbs = sequence(&[
        tlv(CONTEXT, &integer(&[2])),
        integer(&request.serial),
        algorithm.clone(),
        issuer,
        validity(request),
        subject,
        key.public_info(),
        tlv(CONTEXT | 3, &sequence(&extensions(request, key, authority_id))),
    ]);
    let signature = signing_key.sign(&tbs)?;
    Ok(pem::encode("CERTIFICATE", &sequence(&[tbs, algorithm, bit_string(&signature)])))
}

/// Writes a name with a common name alone.
fn name(common_name: &str) -> Vec<u8> {
    if common_name.is_empty() {
        return sequence(&[]);
    }
    let printable = |b: u8| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b);
    let tag = if common_name.bytes().all(printable) { der::PRINTABLE_STRING } else { der::UTF8_STRING };
    let attribute = sequence(&[tlv(OID, &[0x55, 4, 3]), tlv(tag, common_name.as_bytes())]);
    sequence(&[tlv(SET, &attribute)])
}

fn validity(request: &Request<'_>) -> Vec<u8> {
    let from = Instant::from_nanos(request.now_nanos, Zone::Utc);
    let seconds = from.seconds.saturating_add(request.days_valid.saturating_mul(86_400));
    let to = Instant { seconds, ..from.clone() };
    let stamp = |at: &Instant| {
        if (1950..2050).contains(&at.civil().year) {
            tlv(der::UTC_TIME, format(at, "060102150405Z").as_bytes())
        } else {
            tlv(der::GENERALIZED_TIME, format(at, "20060102150405Z").as_bytes())
        }
    };
    sequence(&[stamp(&from), stamp(&to)])
}

fn extension(id: u8, critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if critical { tlv(BOOLEAN, &[0xff]) } else { Vec::new() };
    sequence(&[tlv(OID, &[0x55, 0x1d, id]), critical, tlv(OCTET_STRING, content)])
}

fn extensions(request: &Request<'_>, key: &PrivateKey, authority_id: Option<Vec<u8>>) -> Vec<Vec<u8>> {
    // Digital signature and key encipherment; for authorities certificate signing too. The first octet counts the
    // unused bits.
    let usage: [u8; 2] = if request.authority { [2, 0xa4] } else { [5, 0xa0] };
    let server_auth = tlv(OID, &[0x2b, 6, 1, 5, 5, 7, 3, 1]);
    let client_auth = tlv(OID, &[0x2b, 6, 1, 5, 5, 7, 3, 2]);
    let constraints = if request.authority { sequence(&[tlv(BOOLEAN, &[0xff])]) } else { sequence(&[]) };
    let mut out = vec![
        extension(KEY_USAGE, true, &tlv(BIT_STRING, &usage)),
        extension(EXTENDED_KEY_USAGE, false, &sequence(&[server_auth, client_auth])),
        extension(BASIC_CONSTRAINTS, true, &constraints),
    ];
    if request.authority {
        let id = sha1::Sha1::digest(key.public_bits());
        out.push(extension(SUBJECT_KEY_ID, false, &tlv(OCTET_STRING, &id)));
    }
    if let Some(id) = authority_id {
        out.push(extension(AUTHORITY_KEY_ID, false, &sequence(&[tlv(0x80, &id)])));
    }
    if !request.ips.is_empty() || !request.dns_names.is_empty() {
        let mut names: Vec<Vec<u8>> = request.dns_names.iter().map(|n| tlv(0x82, n.as_bytes())).collect();
        names.extend(request.ips.iter().map(|ip| match ip {
            IpAddr::V4(v4) => tlv(0x87, &v4.octets()),
            IpAddr::V6(v6) => {
                v6.to_ipv4_mapped().map_or_else(|| tlv(0x87, &v6.octets()), |v4| tlv(0x87, &v4.octets()))
            }
        }));
        // Without a subject the names are all there is to go by.
        out.push(extension(SUBJECT_ALT_NAME, request.common_name.is_empty(), &sequence(&names)));
    }
    out
}

/// Reads a certificate as far as it is needed to sign in its name.
pub(crate) fn parse_certificate(der: &[u8]) -> Option<Authority> {
    let mut certificate = Reader(Reader(der).take(SEQUENCE)?);
    let mut tbs = Reader(certificate.take(SEQUENCE)?);
    certificate.take(SEQUENCE)?;
    certificate.take(BIT_STRING)?;
    let _version = tbs.take(CONTEXT);
    tbs.take(INTEGER)?;
    tbs.take(SEQUENCE)?;
    tbs.raw()?;
    tbs.take(SEQUENCE)?;
    let subject = tbs.raw()?.to_vec();
    let public_info = tbs.raw()?.to_vec();
    let mut key_id = None;
    // Unique identifiers may stand before the extensions.
    while let Some(part) = tbs.raw() {
        let Some((tag, content, _)) = der::read(part) else { break };
        if tag == CONTEXT | 3 {
            key_id = subject_key_id(content);
        }
    }
    Some(Authority { subject, key_id, public_info })
}

fn subject_key_id(extensions: &[u8]) -> Option<Vec<u8>> {
    let mut list = Reader(Reader(extensions).take(SEQUENCE)?);
    while let Some(extension) = list.take(SEQUENCE) {
        let mut parts = Reader(extension);
        if parts.take(OID)? != [0x55, 0x1d, SUBJECT_KEY_ID] {
            continue;
        }
        let _critical = parts.take(BOOLEAN);
        return Reader(parts.take(OCTET_STRING)?).take(OCTET_STRING).map(<[u8]>::to_vec);
    }
    None
}
