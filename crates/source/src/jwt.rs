use crate::SourceError;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Signs claims with an RSA key (RS256), as GitHub Apps and Google's service accounts prove who they are.
///
/// `what` names the key in errors; the key itself never appears in one.
pub(crate) fn sign(claims: &Value, private_key_pem: &str, what: &str) -> Result<String, SourceError> {
    let wrong = |why: &str| SourceError::invalid(format!("{what}: {why}"));
    let (label, der) = from_pem(private_key_pem)
        .ok_or_else(|| wrong("no private key in PEM; begin with -----BEGIN RSA PRIVATE KEY-----"))?;
    let pair = match label {
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(&der),
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(&der),
        _ => return Err(wrong("not an unencrypted RSA private key")),
    };
    let pair = pair.map_err(|_| wrong("not an RSA private key of 2048 bits or more"))?;
    let header = json!({ "alg": "RS256", "typ": "JWT" });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&header), part(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .map_err(|_| wrong("it cannot sign"))?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Returns the first PEM block: its label and content.
fn from_pem(text: &str) -> Option<(&str, Vec<u8>)> {
    let (_, rest) = text.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let packed: String = body.split_whitespace().collect();
    Some((label, STANDARD.decode(packed).ok()?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use aws_lc_rs::{encoding::AsDer as _, rsa::KeySize};

    /// Makes a key, in PEM, and its public half.
    pub(crate) fn key() -> (String, Vec<u8>) {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = pair.as_der().unwrap();
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        (pem, pair.public_key().as_ref().to_vec())
    }

    #[test]
    fn a_token_is_signed_by_its_key() {
        let (pem, public) = key();
        let token = sign(&json!({ "iss": "7" }), &pem, "key").unwrap();
        let (text, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let verifier = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        assert!(verifier.verify(text.as_bytes(), &signature).is_ok());
        assert!(verifier.verify(b"other", &signature).is_err());
        let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1).unwrap()).unwrap();
        assert_eq!(claims, br#"{"iss":"7"}"#);
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        for text in ["", "hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"] {
            let error = sign(&json!({}), text, "githubAppPrivateKey").unwrap_err().to_string();
            assert!(error.starts_with("githubAppPrivateKey: ") && !error.contains("hunter2"), "{error}");
        }
    }
}
