use super::lexer::lex;
use super::token::TokenKind;

/// Writes a stretch of an action as Go prints the node that was parsed from it: one space between arguments, none
/// inside parentheses.
pub(crate) fn show(source: &str) -> String {
    const AROUND: &str = "{{";
    let lexed = lex(&format!("{AROUND}{source}}}}}"), true, true);
    let text = |start: u32, end: u32| {
        let from = (start as usize).saturating_sub(AROUND.len());
        source.get(from..(end as usize).saturating_sub(AROUND.len())).unwrap_or_default()
    };
    let mut out = String::with_capacity(source.len());
    for token in lexed.tokens {
        match token.kind {
            TokenKind::LeftDelim | TokenKind::RightDelim | TokenKind::Text | TokenKind::Eof => {}
            TokenKind::Space => {
                if !out.ends_with([' ', '(']) && !out.is_empty() {
                    out.push(' ');
                }
            }
            TokenKind::Pipe => operator(&mut out, "|"),
            TokenKind::Declare => operator(&mut out, ":="),
            TokenKind::Assign => operator(&mut out, "="),
            TokenKind::RightParen => {
                out.truncate(out.trim_end_matches(' ').len());
                out.push(')');
            }
            TokenKind::Char => {
                out.truncate(out.trim_end_matches(' ').len());
                out.push_str(", ");
            }
            _ => out.push_str(text(token.start, token.end)),
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    out
}

fn operator(out: &mut String, op: &str) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push(' ');
    out.push_str(op);
    out.push(' ');
}

#[cfg(test)]
mod tests {
    #[test]
    fn nodes_are_shown_as_go_prints_them() {
        assert_eq!(super::show("index  .l\n 99|print( 1 )"), "index .l 99 | print(1)");
        assert_eq!(super::show("$i,$e:=.x"), "$i, $e := .x");
    }
}
