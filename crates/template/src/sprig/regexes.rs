use super::args::{Texts, int, text};
use crate::functions::{CallError, Context, Functions};
use crate::re2::Expression;
use crate::value::{INT, STRING, STRING_SLICE};
use crate::{List, Value};
use std::borrow::Cow;

pub(super) fn register(f: &mut Functions) {
    f.native("regexMatch", &[&STRING, &STRING], |ctx, a| {
        ctx.work(text(&a[1]).len() * SEARCH_STEPS)?;
        match compiled(ctx, &a[0]) {
            Err(error) if error.limit => Err(error),
            regex => Ok(regex.is_ok_and(|r| r.is_match(&text(&a[1]))).into()),
        }
    });
    f.native("mustRegexMatch", &[&STRING, &STRING], |ctx, a| {
        ctx.work(text(&a[1]).len() * SEARCH_STEPS)?;
        Ok(compiled(ctx, &a[0])?.is_match(&text(&a[1])).into())
    });
    f.native("regexFindAll", &[&STRING, &STRING, &INT], find_all::<false>);
    f.native("mustRegexFindAll", &[&STRING, &STRING, &INT], find_all::<true>);
    f.native("regexFind", &[&STRING, &STRING], find::<false>);
    f.native("mustRegexFind", &[&STRING, &STRING], find::<true>);
    f.native("regexReplaceAll", &[&STRING, &STRING, &STRING], replace::<false>);
    f.native("mustRegexReplaceAll", &[&STRING, &STRING, &STRING], replace::<true>);
    f.native("regexReplaceAllLiteral", &[&STRING, &STRING, &STRING], replace_literal::<false>);
    f.native("mustRegexReplaceAllLiteral", &[&STRING, &STRING, &STRING], replace_literal::<true>);
    f.native("regexSplit", &[&STRING, &STRING, &INT], split_text::<false>);
    f.native("mustRegexSplit", &[&STRING, &STRING, &INT], split_text::<true>);
}

/// What compiling an expression counts for, beside its length, and what each byte of a text that is searched does.
const COMPILE_STEPS: usize = 20_000;
const SEARCH_STEPS: usize = 3;

type Returned = Result<Value, CallError>;

fn find_all<const MUST: bool>(ctx: &mut Context<'_>, a: &[Value]) -> Returned {
    ctx.work(text(&a[1]).len() * SEARCH_STEPS)?;
    let regex = worded::<MUST>(ctx, &a[0])?;
    let texts = Texts::new([&a[1]]);
    let [whole] = texts.of();
    let found = regex.find_iter(whole).take(at_most(&a[2])).map(|m| texts.back(&whole[m])).collect();
    Ok(strings(found))
}

fn find<const MUST: bool>(ctx: &mut Context<'_>, a: &[Value]) -> Returned {
    let texts = Texts::new([&a[1]]);
    let [whole] = texts.of();
    ctx.work(whole.len() * SEARCH_STEPS)?;
    Ok(texts.back(worded::<MUST>(ctx, &a[0])?.find(whole).unwrap_or_default()))
}

fn replace<const MUST: bool>(ctx: &mut Context<'_>, a: &[Value]) -> Returned {
    ctx.work(text(&a[1]).len() * SEARCH_STEPS)?;
    let regex = worded::<MUST>(ctx, &a[0])?;
    let texts = Texts::new([&a[1], &a[2]]);
    let [whole, with] = texts.of();
    charge(ctx, &regex, whole, with.len())?;
    Ok(texts.back(&regex.replace_all(whole, &go_expansion(with))))
}

/// Rewrites what Go's `Regexp.Expand` takes for a group into what the engine here does: names are of letters of any
/// script, those without a group are empty, and what is no name stands for itself.
fn go_expansion(with: &str) -> Cow<'_, str> {
    if !with.contains('$') {
        return Cow::Borrowed(with);
    }
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    let mut out = String::with_capacity(with.len() + 8);
    let mut rest = with;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push_str("$$");
            rest = after;
            continue;
        }
        let braced = after.strip_prefix('{');
        let body = braced.unwrap_or(after);
        let end = body.find(|c| !is_word(c)).unwrap_or(body.len());
        let (name, after_name) = body.split_at(end);
        let closed = if braced.is_some() { after_name.strip_prefix('}') } else { Some(after_name) };
        match closed.filter(|_| !name.is_empty()) {
            None => {
                out.push_str("$$");
                rest = after;
            }
            Some(after_name) => {
                let zeros =
                    name.len() > 1 && name.starts_with('0') && name.bytes().all(|b| b.is_ascii_digit());
                if name.is_ascii() && !zeros {
                    out.push_str(&format!("${{{name}}}"));
                }
                rest = after_name;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn replace_literal<const MUST: bool>(ctx: &mut Context<'_>, a: &[Value]) -> Returned {
    ctx.work(text(&a[1]).len() * SEARCH_STEPS)?;
    let regex = worded::<MUST>(ctx, &a[0])?;
    let texts = Texts::new([&a[1], &a[2]]);
    let [whole, with] = texts.of();
    charge(ctx, &regex, whole, with.len())?;
    Ok(texts.back(&regex.replace_all_literally(whole, with)))
}

fn split_text<const MUST: bool>(ctx: &mut Context<'_>, a: &[Value]) -> Returned {
    ctx.work(text(&a[1]).len() * SEARCH_STEPS)?;
    let regex = worded::<MUST>(ctx, &a[0])?;
    let texts = Texts::new([&a[1]]);
    Ok(split(&regex, a[0].as_bytes() == Some(b""), &texts, int(&a[2])))
}

/// Compiles for a function that cannot fail by itself, whose panic says more in Go, or for its `must` kind.
fn worded<const MUST: bool>(ctx: &mut Context<'_>, pattern: &Value) -> Result<Expression, CallError> {
    compiled(ctx, pattern).map_err(|error| {
        if MUST || error.limit {
            return error;
        }
        format!("regexp: Compile(`{}`): {}", text(pattern), error.message).into()
    })
}

/// Returns the compiled expression, from this run's store where it has been used before.
fn compiled(ctx: &mut Context<'_>, pattern: &Value) -> Result<Expression, CallError> {
    let pattern = text(pattern);
    if let Some(regex) = ctx.regexes.get(&pattern) {
        return Ok(regex);
    }
    ctx.work(COMPILE_STEPS + pattern.len() * 100)?;
    let regex = ctx.regexes.add(&pattern)?;
    // Some kilobytes each: counted, so that a loop over ever new ones ends.
    ctx.charge(pattern.len() * 64)?;
    Ok(regex)
}

fn charge(ctx: &mut Context<'_>, regex: &Expression, whole: &str, each: usize) -> Result<(), CallError> {
    if each.saturating_mul(whole.len() + 1) > 1 << 20 {
        let groups = whole.len();
        let count = regex.find_iter(whole).count();
        ctx.charge(count.saturating_mul(each.saturating_add(groups.min(1 << 10))))?;
    }
    Ok(())
}

fn at_most(n: &Value) -> usize {
    usize::try_from(int(n)).unwrap_or(usize::MAX)
}

/// Of no finds, Go gives a nil slice.
fn strings(found: Vec<Value>) -> Value {
    Value::List(if found.is_empty() { List::nil(&STRING_SLICE) } else { List::new(&STRING_SLICE, found) })
}

/// Go's `Regexp.Split`.
fn split(regex: &Expression, empty_pattern: bool, texts: &Texts<'_, 1>, count: i64) -> Value {
    let [whole] = texts.of();
    if count == 0 {
        return strings(Vec::new());
    }
    if whole.is_empty() && !empty_pattern {
        return strings(vec!["".into()]);
    }
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let mut parts: Vec<Value> = Vec::new();
    let (mut from, mut end) = (0, 0);
    for found in regex.find_iter(whole).take(most) {
        if parts.len() + 1 == most {
            break;
        }
        end = found.start;
        if found.end != 0 {
            parts.push(texts.back(&whole[from..end]));
        }
        from = found.end;
    }
    if end != whole.len() {
        parts.push(texts.back(&whole[from..]));
    }
    Value::List(List::new(&STRING_SLICE, parts))
}
