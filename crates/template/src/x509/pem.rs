/// Writes a PEM block.
pub(super) fn encode(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out + &format!("-----END {label}-----\n")
}

/// Reads the first PEM block of a text: its label and its bytes.
pub(crate) fn decode(text: &str) -> Option<(String, Vec<u8>)> {
    use base64::Engine as _;
    let (_, after) = text.split_once("-----BEGIN ")?;
    let (label, after) = after.split_once("-----")?;
    let (body, _) = after.split_once(&format!("-----END {label}-----"))?;
    // Headers, if there are any, end with an empty line.
    let body = match body.trim_start().split_once("\n\n") {
        Some((head, body)) if head.contains(':') => body,
        _ => body,
    };
    let compact: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let der = base64::engine::general_purpose::STANDARD.decode(compact).ok()?;
    Some((label.to_owned(), der))
}
