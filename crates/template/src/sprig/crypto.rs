use super::args::{bytes, int, text};
use super::encoding::{base64, decode_base64};
use crate::functions::{CallError, Context, Functions};
use crate::value::{ANY_SLICE, GoType, INT, STRING, TypeInfo, UINT32};
use crate::x509::{self, PrivateKey, Request};
use crate::{Object, Struct, Value};
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};
use hmac::{KeyInit as _, Mac as _};

static CERTIFICATE: TypeInfo = TypeInfo::structure("sprig.certificate");
/// What things that take long count for, in steps of some ten nanoseconds: a loop of them must end. The time for an RSA
/// key grows with the fourth power of its length.
const RSA_KEY_STEPS: usize = 1 << 16;
const RSA_SIGN_STEPS: usize = 300_000;
const CURVE_STEPS: usize = 20_000;
const SCRYPT_STEPS: usize = 4_000_000;
const BLOCK_LEN: usize = 16;

pub(super) fn register(f: &mut Functions) {
    f.native("derivePassword", &[&UINT32, &STRING, &STRING, &STRING, &STRING], |ctx, a| {
        ctx.charge(SCRYPT_BYTES)?;
        ctx.work(SCRYPT_STEPS)?;
        let counter = if let Value::Uint(_, n) = &a[0] { u32::try_from(*n).unwrap_or(u32::MAX) } else { 0 };
        Ok(derive_password(counter, &text(&a[1]), [bytes(&a[2]), bytes(&a[3]), bytes(&a[4])]).into())
    });
    f.native("encryptAES", &[&STRING, &STRING], |ctx, a| Ok(encrypt(ctx, bytes(&a[0]), bytes(&a[1])).into()));
    f.native("decryptAES", &[&STRING, &STRING], |_, a| decrypt(bytes(&a[0]), bytes(&a[1])));
    f.native("genPrivateKey", &[&STRING], |ctx, a| {
        let key = match text(&a[0]).as_ref() {
            "" | "rsa" => rsa(ctx, 4096)?,
            "ecdsa" => {
                ctx.work(CURVE_STEPS)?;
                PrivateKey::p256(ctx)
            }
            "ed25519" => {
                ctx.work(CURVE_STEPS)?;
                PrivateKey::ed25519(ctx)
            }
            "dsa" => return Err("unsupported: genPrivateKey \"dsa\"".into()),
            _ => return Ok(Value::string_from_bytes([b"Unknown type ", bytes(&a[0])].concat())),
        };
        Ok(key.to_pem().into())
    });
    certificates(f);
}

fn certificates(f: &mut Functions) {
    f.native("buildCustomCert", &[&STRING, &STRING], |_, a| build_custom(bytes(&a[0]), bytes(&a[1])));
    f.native("genCA", &[&STRING, &INT], |ctx, a| {
        let key = rsa(ctx, 2048)?;
        certificate(ctx, &a[0], None, &a[1], &key, None)
    });
    f.native("genCAWithKey", &[&STRING, &INT, &STRING], |ctx, a| {
        let key = key_of(ctx, &a[2])?;
        certificate(ctx, &a[0], None, &a[1], &key, None)
    });
    f.native("genSelfSignedCert", &[&STRING, &ANY_SLICE, &ANY_SLICE, &INT], |ctx, a| {
        let key = rsa(ctx, 2048)?;
        certificate(ctx, &a[0], Some(&a[1..3]), &a[3], &key, None)
    });
    f.native("genSelfSignedCertWithKey", &[&STRING, &ANY_SLICE, &ANY_SLICE, &INT, &STRING], |ctx, a| {
        let key = key_of(ctx, &a[4])?;
        certificate(ctx, &a[0], Some(&a[1..3]), &a[3], &key, None)
    });
    f.native("genSignedCert", &[&STRING, &ANY_SLICE, &ANY_SLICE, &INT, &CERTIFICATE], |ctx, a| {
        let key = rsa(ctx, 2048)?;
        certificate(ctx, &a[0], Some(&a[1..3]), &a[3], &key, Some(&a[4]))
    });
    f.native(
        "genSignedCertWithKey",
        &[&STRING, &ANY_SLICE, &ANY_SLICE, &INT, &CERTIFICATE, &STRING],
        |ctx, a| {
            let key = key_of(ctx, &a[5])?;
            certificate(ctx, &a[0], Some(&a[1..3]), &a[3], &key, Some(&a[4]))
        },
    );
}

fn rsa(ctx: &mut Context<'_>, bits: usize) -> Result<PrivateKey, CallError> {
    ctx.work(RSA_KEY_STEPS * (bits / 1024).pow(4))?;
    PrivateKey::rsa(ctx, bits).map_err(|e| format!("error generating rsa key: {e}").into())
}

fn key_of(ctx: &mut Context<'_>, pem: &Value) -> Result<PrivateKey, CallError> {
    ctx.work(RSA_SIGN_STEPS)?;
    PrivateKey::from_pem(&text(pem)).map_err(|e| format!("parsing private key: {e}").into())
}

fn pair(cert: String, key: String) -> Value {
    Value::object(Certificate(Struct::new(&CERTIFICATE).field("Cert", cert).field("Key", key)))
}

/// Sprig's `certificate`: both parts are PEM.
struct Certificate(Struct);

impl Object for Certificate {
    fn go_type(&self) -> GoType {
        &CERTIFICATE
    }
    fn field(&self, name: &str) -> Option<Value> {
        Object::field(&self.0, name)
    }
    fn format(&self) -> String {
        self.0.format()
    }
    fn to_json(&self) -> fairway_value::Value {
        self.0.to_json()
    }
    fn json_fields(&self) -> Option<Vec<(fairway_value::Str, Value)>> {
        self.0.json_fields()
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// Issues a certificate; without names that of an authority.
fn certificate(
    ctx: &mut Context<'_>,
    common_name: &Value,
    names: Option<&[Value]>,
    days: &Value,
    key: &PrivateKey,
    authority: Option<&Value>,
) -> Result<Value, CallError> {
    ctx.work(RSA_SIGN_STEPS)?;
    let signer = match authority {
        None => None,
        Some(value) => {
            let part =
                |name: &str| value.as_object::<Certificate>().and_then(|c| c.field(name)).unwrap_or_default();
            let (_, der) = x509::decode_pem(&text(&part("Cert"))).ok_or("unable to decode certificate")?;
            let parsed = x509::parse_certificate(&der)
                .ok_or("error parsing certificate: decodedSignerCert.Bytes: malformed certificate")?;
            let key = PrivateKey::from_pem(&text(&part("Key")))
                .map_err(|e| format!("error parsing private key: {e}"))?;
            Some((parsed, key))
        }
    };
    let common_name = text(common_name);
    let mut serial: [u8; 16] = ctx.random_bytes();
    // Positive, and none that has fewer than 128 bits worth mentioning.
    serial[0] &= 0x7f;
    let request = Request {
        common_name: &common_name,
        ips: names.map_or(Ok(Vec::new()), |n| ips(&n[0]))?,
        dns_names: names.map_or(Ok(Vec::new()), |n| dns_names(&n[1]))?,
        days_valid: int(days),
        authority: names.is_none(),
        now_nanos: ctx.now_nanos(),
        serial,
    };
    let issued = x509::issue(&request, key, signer.as_ref().map(|(a, k)| (a, k)));
    let cert = issued.map_err(|e| format!("error creating certificate: {e}"))?;
    Ok(pair(cert, key.to_pem()))
}

fn ips(list: &Value) -> Result<Vec<std::net::IpAddr>, CallError> {
    let items = super::args::items(list).unwrap_or_default();
    let parse = |item: &Value| {
        let Some(text) = item.as_str() else {
            return Err(format!("error parsing ip: {} is not a string", crate::fmt::sprint_v(item)).into());
        };
        text.parse().map_err(|_| CallError::from(format!("error parsing ip: {text}")))
    };
    items.iter().map(parse).collect()
}

fn dns_names(list: &Value) -> Result<Vec<String>, CallError> {
    let items = super::args::items(list).unwrap_or_default();
    let name = |item: &Value| {
        item.as_str().map(std::borrow::Cow::into_owned).ok_or_else(|| {
            let shown = crate::fmt::sprint_v(item);
            CallError::from(format!("error processing alternate dns name: {shown} is not a string"))
        })
    };
    items.iter().map(name).collect()
}

fn build_custom(cert: &[u8], key: &[u8]) -> Result<Value, CallError> {
    let cert = decode_base64(cert).map_err(|_| "unable to decode base64 certificate")?;
    let key = decode_base64(key).map_err(|_| "unable to decode base64 private key")?;
    let (cert, key) = (crate::value::text_of(cert), crate::value::text_of(key));
    let (_, der) = x509::decode_pem(&cert).ok_or("unable to decode certificate")?;
    if x509::parse_certificate(&der).is_none() {
        return Err("error parsing certificate: decodedCert.Bytes: malformed certificate".into());
    }
    PrivateKey::from_pem(&key).map_err(|e| format!("error parsing private key: {e}"))?;
    Ok(pair(cert, key))
}

/// The key is the password, cut or filled with noughts.
fn aes_key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let len = password.len().min(key.len());
    key[..len].copy_from_slice(&password[..len]);
    key
}

fn encrypt(ctx: &Context<'_>, password: &[u8], plain: &[u8]) -> String {
    if plain.is_empty() {
        return String::new();
    }
    let iv: [u8; BLOCK_LEN] = ctx.random_bytes();
    let cipher = cbc::Encryptor::<aes::Aes256>::new(&aes_key(password).into(), &iv.into());
    let body = cipher.encrypt_padded_vec::<Pkcs7>(plain);
    base64(&[&iv, body.as_slice()].concat())
}

fn decrypt(password: &[u8], encrypted: &[u8]) -> Result<Value, CallError> {
    if encrypted.is_empty() {
        return Ok("".into());
    }
    let all = decode_base64(encrypted)?;
    if all.len() < BLOCK_LEN {
        return Err(format!(
            "runtime error: slice bounds out of range [:{BLOCK_LEN}] with capacity {}",
            all.len()
        )
        .into());
    }
    let (iv, body) = all.split_at(BLOCK_LEN);
    if body.is_empty() {
        return Err("runtime error: index out of range [-1]".into());
    }
    if body.len() % BLOCK_LEN != 0 {
        return Err("crypto/cipher: input not full blocks".into());
    }
    let iv: [u8; BLOCK_LEN] = iv.try_into().map_err(|_| "crypto/cipher: IV length must equal block size")?;
    let cipher = cbc::Decryptor::<aes::Aes256>::new(&aes_key(password).into(), &iv.into());
    let plain = cipher.decrypt_padded_vec::<aes::cipher::block_padding::NoPadding>(body).unwrap_or_default();
    // Only the last byte is looked at, as Sprig does.
    let padding = usize::from(plain.last().copied().unwrap_or(0));
    let kept = plain.len().checked_sub(padding);
    let kept = kept.ok_or("runtime error: slice bounds out of range")?;
    Ok(Value::string_from_bytes(plain[..kept].to_vec()))
}

const SCRYPT_LOG_N: u8 = 15;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 2;
/// 128 · N · r, what scrypt takes while it runs.
const SCRYPT_BYTES: usize = 128 << SCRYPT_LOG_N << 3;

const LONG: [&str; 21] = [
    "CvcvnoCvcvCvcv",
    "CvcvCvcvnoCvcv",
    "CvcvCvcvCvcvno",
    "CvccnoCvcvCvcv",
    "CvccCvcvnoCvcv",
    "CvccCvcvCvcvno",
    "CvcvnoCvccCvcv",
    "CvcvCvccnoCvcv",
    "CvcvCvccCvcvno",
    "CvcvnoCvcvCvcc",
    "CvcvCvcvnoCvcc",
    "CvcvCvcvCvccno",
    "CvccnoCvccCvcv",
    "CvccCvccnoCvcv",
    "CvccCvccCvcvno",
    "CvcvnoCvccCvcc",
    "CvcvCvccnoCvcc",
    "CvcvCvccCvccno",
    "CvccnoCvcvCvcc",
    "CvccCvcvnoCvcc",
    "CvccCvcvCvccno",
];

fn password_templates(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &LONG,
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

fn password_characters(class: u8) -> &'static [u8] {
    match class {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// The Master Password algorithm: the same password each time for a counter, a user and a site.
fn derive_password(counter: u32, kind: &str, [password, user, site]: [&[u8]; 3]) -> String {
    const SEED: &[u8] = b"com.lyndir.masterpassword";
    let Some(templates) = password_templates(kind) else {
        return format!("cannot find password template {kind}");
    };
    let len = |s: &[u8]| u32::try_from(s.len()).unwrap_or(u32::MAX).to_be_bytes();
    let salt = [SEED, &len(user), user].concat();
    let mut key = [0_u8; 64];
    let derived = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P)
        .map_err(|e| e.to_string())
        .and_then(|params| scrypt::scrypt(password, &salt, &params, &mut key).map_err(|e| e.to_string()));
    if let Err(e) = derived {
        return format!("failed to derive password: {e}");
    }
    let message = [SEED, &len(site), site, &counter.to_be_bytes()].concat();
    let Ok(mut mac) = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key) else { return String::new() };
    mac.update(&message);
    let seed = mac.finalize().into_bytes();
    let template = templates[usize::from(seed[0]) % templates.len()];
    let pick = |(n, class): (usize, u8)| {
        let characters = password_characters(class);
        char::from(characters[usize::from(seed[n + 1]) % characters.len()])
    };
    template.bytes().enumerate().map(pick).collect()
}
