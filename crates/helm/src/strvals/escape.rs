/// Escapes the commas of a value for `--set`, so that it stays one value. A list in braces, and commas that are escaped
/// already, stay as they are. This is how Argo CD hands on the parameters of an Application
/// (`util/helm/cmd.go`, `cleanSetParameters`).
#[must_use]
pub fn escape_commas(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut last = None;
    for c in value.chars() {
        if c == ',' && last != Some('\\') {
            out.push('\\');
        }
        out.push(c);
        last = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_are_escaped_once_and_lists_are_left() {
        assert_eq!(escape_commas("a,b"), "a\\,b");
        assert_eq!(escape_commas("a\\,b"), "a\\,b");
        assert_eq!(escape_commas("{a,b}"), "{a,b}");
    }
}
