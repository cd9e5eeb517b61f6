use base64::Engine as _;

const MESSAGE: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";

/// A text with a signature over it.
pub(super) struct Signed {
    /// The text as it was before it was signed.
    pub text: String,
    /// What the signature is over: no space at line ends, lines joined by CR and LF.
    pub canonical: String,
    /// The signature's packets.
    pub signature: Vec<u8>,
}

/// Reads a text signed in the clear; nothing where there is none.
pub(super) fn read(file: &str) -> Option<Signed> {
    let mut lines = file.lines().skip_while(|l| l.trim_end() != MESSAGE).skip(1);
    // Headers, which say the hash and are not signed, then a blank line.
    lines.by_ref().find(|l| l.trim_end().is_empty())?;
    let mut text: Vec<&str> = Vec::new();
    loop {
        let line = lines.next()?;
        if line.trim_end() == SIGNATURE {
            break;
        }
        text.push(line.strip_prefix("- ").unwrap_or(line));
    }
    let canonical: Vec<&str> = text.iter().map(|l| l.trim_end_matches([' ', '\t', '\r'])).collect();
    Some(Signed {
        text: text.join("\n") + "\n",
        canonical: canonical.join("\r\n"),
        signature: armored(lines)?,
    })
}

/// Returns what ASCII armour holds, from the line after its first one.
fn armored<'a>(mut lines: impl Iterator<Item = &'a str>) -> Option<Vec<u8>> {
    lines.by_ref().find(|l| l.trim_end().is_empty())?;
    // The sum in the last line is of no worth beside a signature.
    let body: String = lines.map(str::trim).take_while(|l| !l.starts_with(['-', '='])).collect();
    base64::engine::general_purpose::STANDARD.decode(body).ok()
}

/// Returns the packets of a keyring, in armour or not.
pub(super) fn keyring(bytes: &[u8]) -> Option<Vec<u8>> {
    const KEYS: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
    match std::str::from_utf8(bytes) {
        Ok(text) if text.trim_start().starts_with(KEYS) => armored(text.trim_start().lines().skip(1)),
        _ => Some(bytes.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_are_taken_off_and_line_ends_are_made_one() {
        let file =
            format!("{MESSAGE}\r\nHash: SHA512\r\n\r\n- -x \r\ny\n{SIGNATURE}\n\naGk=\n=abcd\n-----END\n");
        let signed = read(&file).unwrap();
        assert_eq!((signed.text.as_str(), signed.canonical.as_str()), ("-x \ny\n", "-x\r\ny"));
        assert_eq!(signed.signature, b"hi");
        assert!(read("name: x\n").is_none());
        assert!(read(MESSAGE).is_none());
    }
}
