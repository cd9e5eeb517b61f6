/// Longest name that `normalize` gives, in bytes.
const NAME_BYTES_MAX: usize = 253;
/// Longest slug that a pull request's branch gives, in bytes: room for 13 more in a DNS label.
pub(crate) const BRANCH_SLUG_BYTES_MAX: usize = 50;

/// Makes a text a DNS name, as Argo CD's `SanitizeName`.
pub(crate) fn normalize(text: &str) -> String {
    let is_valid = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let mut out: String = text.to_lowercase().chars().map(|c| if is_valid(&c) { c } else { '-' }).collect();
    out.truncate(NAME_BYTES_MAX);
    out.trim_matches(['-', '.']).to_owned()
}

/// Makes a text part of an address, as Argo CD's `slugify`: at most `bytes_max` bytes, cut at a dash if `smart`.
pub(crate) fn slugify(text: &str, bytes_max: usize, smart: bool) -> String {
    slug(&normalize(text), bytes_max, smart)
}

/// Makes a branch name a slug, as the pull request generator.
pub(crate) fn branch_slug(branch: &str) -> String {
    let mut latin = String::with_capacity(branch.len());
    for c in branch.trim().chars() {
        match c {
            '_' | '‒' | '–' | '—' | '―' => latin.push('-'),
            '&' => latin.push_str("and"),
            '@' => latin.push_str("at"),
            '"' | '\'' | '’' => {}
            c if c.is_ascii() => latin.push(c),
            c => latin.push_str(latin_of(c)),
        }
    }
    slug(&latin, BRANCH_SLUG_BYTES_MAX, true)
}

/// As github.com/gosimple/slug `Make`, for text that is ASCII already.
fn slug(text: &str, bytes_max: usize, smart: bool) -> String {
    let mut lower = text.trim().to_ascii_lowercase();
    if !smart && lower.len() >= bytes_max {
        lower.truncate(bytes_max);
    }
    let mut out = String::with_capacity(lower.len());
    for c in lower.chars() {
        let c = if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    let out = out.trim_matches(['-', '_']);
    if !smart || bytes_max == 0 || out.len() <= bytes_max {
        return out.to_owned();
    }
    match out.as_bytes()[..=bytes_max].iter().rposition(|b| *b == b'-') {
        Some(at) => out[..at].to_owned(),
        None => out[..bytes_max].to_owned(),
    }
}

/// Returns the Latin letters that stand for a character; nothing for those that have none here.
fn latin_of(c: char) -> &'static str {
    match c {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => "a",
        'Æ' | 'æ' => "ae",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'Ð' | 'ð' | 'Ď'..='đ' => "d",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "e",
        'Ĝ'..='ģ' => "g",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ĺ'..='ł' => "l",
        'Ñ' | 'ñ' | 'Ń'..='ň' => "n",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' => "o",
        'Œ' | 'œ' => "oe",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' => "s",
        'ß' => "ss",
        'Ţ'..='ŧ' => "t",
        'Þ' | 'þ' => "th",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "u",
        'Ý' | 'ý' | 'ÿ' | 'Ÿ' => "y",
        'Ź'..='ž' => "z",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_dns_names() {
        assert_eq!(normalize("Foo_Bar.Baz/Qux--"), "foo-bar.baz-qux");
        assert_eq!(slugify("feature/Some_Really Long Branch", 23, true), "feature-some-really");
        assert_eq!(slugify("feature/Some_Really Long Branch", 23, false), "feature-some-really-lon");
        assert_eq!(branch_slug("Fix_Ünïcode & more"), "fix-unicode-and-more");
    }
}
