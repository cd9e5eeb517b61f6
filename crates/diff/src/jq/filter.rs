use super::delete::delete_paths;
use super::natives;
use super::value::Jq;
use fairway_value::Value;
use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Longest expression, in bytes.
const SOURCE_BYTES_MAX: usize = 16 * 1024;

/// Deepest nesting of brackets in an expression.
const NESTING_MAX: usize = 100;

/// Steps (look-ups, arithmetic, iterations) one expression may take on one object. A second of gojq is some millions.
const STEPS_MAX: u32 = 1_000_000;

/// Paths that one expression may name in one object.
const PATHS_MAX: usize = 100_000;

/// Compiled expressions that are kept, for all Apps together.
const CACHE_MAX: usize = 1024;

/// Definitions that can run for ever count their steps; `recurse` and `repeat` are as gojq has them.
const PRELUDE: &str = r#"
def tick: if step_taken then . else empty end;
def repeat(f): def rec: tick | (., (f | rec)); rec;
def recurse(f): def rec: tick | (., (f | rec)); rec;
def recurse: recurse(.[]?);
def recurse(f; cond): recurse(f | select(cond));
def while(cond; update): def rec: tick | if cond then ., (update | rec) else empty end; rec;
def until(cond; update): def rec: tick | if cond then . else update | rec end; rec;
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def index($i): indices($i) | .[0];
def rindex($i): indices($i) | .[-1:][0];
def tojson: "\([.])" | .[1:-1];
def ascii: [.] | implode;
def IN(xs): any(xs == .; .);
def IN(src; xs): any(src == xs; .);
def toarray: if isarray then . else [.] end;
def transpose: [range(0; map(length) | max // 0) as $i | [.[][$i]]];
def @json: tojson;
def add: reduce .[] as $x (null; . + $x);
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
"#;

thread_local! {
    static STEPS_LEFT: Cell<u32> = const { Cell::new(0) };
}

/// Takes steps from the running expression's budget.
///
/// # Errors
/// None are left.
pub(super) fn step(cost: u32) -> Result<(), jaq_core::Error<Jq>> {
    STEPS_LEFT.with(|left| match left.get().checked_sub(cost) {
        Some(rest) => {
            left.set(rest);
            Ok(())
        }
        None => Err(jaq_core::Error::str(format!("the expression takes more than {STEPS_MAX} steps"))),
    })
}

/// A compiled expression.
pub(crate) struct JqPath {
    source: String,
    filter: Filter<JustLut<Jq>>,
}

impl std::fmt::Debug for JqPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.source)
    }
}

impl JqPath {
    /// Compiles an expression, or finds it compiled.
    ///
    /// # Errors
    /// It is no jq, it is too long or too deep, or uses what is not to be had.
    pub(crate) fn get(source: &str) -> Result<Arc<Self>, String> {
        static CACHE: OnceLock<Mutex<HashMap<String, Arc<JqPath>>>> = OnceLock::new();
        let cache = CACHE.get_or_init(Mutex::default);
        if let Some(known) = cache.lock().unwrap_or_else(PoisonError::into_inner).get(source) {
            return Ok(known.clone());
        }
        let fresh = Arc::new(Self::compile(source)?);
        let mut known = cache.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CACHE_MAX {
            known.clear();
        }
        known.insert(source.to_owned(), fresh.clone());
        Ok(fresh)
    }

    fn compile(source: &str) -> Result<Self, String> {
        check_shape(source)?;
        let code = format!("[path({source})]");
        // User definitions could call themselves for ever without taking a step.
        let words = source.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        if words.clone().any(|w| w == "def") {
            return Err("unsupported: def".to_owned());
        }
        if let Some(word) = words.clone().find(|w| matches!(*w, "import" | "include" | "input_filename")) {
            return Err(format!("unsupported: {word}"));
        }
        let prelude = jaq_core::load::parse(PRELUDE, |p| p.defs()).unwrap_or_default();
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(prelude);
        let arena = Arena::default();
        let file = File { code: code.as_str(), path: () };
        let modules = Loader::new(definitions).load(&arena, file).map_err(|_| "it is no jq".to_owned())?;
        let filter =
            Compiler::default().with_funs(natives::all()).compile(modules).map_err(|errors| match errors
                .first()
                .and_then(|(_, e)| e.first())
            {
                Some((name, _)) => format!("{name} is not defined"),
                None => "it does not compile".to_owned(),
            })?;
        Ok(Self { source: source.to_owned(), filter })
    }

    /// Cuts what the expression names out of an object. Where it fails (a field of a string, no path), nothing is cut, as in
    /// Argo CD.
    pub(crate) fn cut(&self, object: &mut Value) {
        STEPS_LEFT.with(|left| left.set(STEPS_MAX));
        let ctx = Ctx::<JustLut<Jq>>::new(&self.filter.lut, Vars::new([]));
        let mut found = self.filter.id.run((ctx, Jq(object.clone()))).map(unwrap_valr);
        let (Some(Ok(Jq(Value::Array(paths)))), None) = (found.next(), found.next()) else { return };
        if paths.len() <= PATHS_MAX
            && let Some(cut) = delete_paths(object, &paths)
        {
            *object = cut;
        }
    }
}

/// The parser recurses by the nesting of its input.
fn check_shape(source: &str) -> Result<(), String> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(format!("it is longer than {SOURCE_BYTES_MAX} bytes"));
    }
    let mut depth = 0_usize;
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > NESTING_MAX {
            return Err(format!("it nests deeper than {NESTING_MAX} brackets"));
        }
    }
    let deep_words = ["if", "try", "reduce", "foreach", "-", "|", "as"];
    let words = source.split_whitespace().filter(|w| deep_words.contains(w)).count();
    if words > 10 * NESTING_MAX {
        return Err(format!("it holds more than {} operators", 10 * NESTING_MAX));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    fn cut(expression: &str, object: &str) -> String {
        let mut value = from_json(object.as_bytes()).unwrap();
        JqPath::get(expression).unwrap().cut(&mut value);
        value.to_string()
    }

    #[test]
    fn paths_are_cut_as_gojq_cuts_them() {
        let object = r#"{"a":{"b":[{"n":"x","v":1},{"n":"y","v":2}]},"c":null}"#;
        for (expression, expected) in [
            (".a.b[0]", r#"{"a":{"b":[{"n":"y","v":2}]},"c":null}"#),
            (".a.b[-1].v", r#"{"a":{"b":[{"n":"x","v":1},{"n":"y"}]},"c":null}"#),
            (".a.b[] | select(.n == \"x\")", r#"{"a":{"b":[{"n":"y","v":2}]},"c":null}"#),
            (
                ".a.b[] | select(.n | test(\"^y\")) | .v",
                r#"{"a":{"b":[{"n":"x","v":1},{"n":"y"}]},"c":null}"#,
            ),
            (".a.b[].v, .c", r#"{"a":{"b":[{"n":"x"},{"n":"y"}]}}"#),
            (".a.b[:1]", r#"{"a":{"b":[{"n":"y","v":2}]},"c":null}"#),
            (".a.b[0,1]", r#"{"a":{"b":[]},"c":null}"#),
            (".a | .b, .b", r#"{"a":{},"c":null}"#),
            (".c.d.e", object),
            (".none[]?", object),
            (".c[0].x", object),
            // Nothing is cut where an expression fails.
            (".none[]", object),
            (".a.b.c", object),
            (".a.b | length", object),
            (
                ".a.b[] | select(.v > 1 and (.n | startswith(\"y\")))",
                r#"{"a":{"b":[{"n":"x","v":1}]},"c":null}"#,
            ),
            ("..|.v?", r#"{"a":{"b":[{"n":"x"},{"n":"y"}]},"c":null}"#),
            (".a | with_entries(.)", object),
            (".[\"a\"]", r#"{"c":null}"#),
            (".a.b | map(select(.n == \"x\"))", object),
            ("getpath([\"a\",\"b\",0])", r#"{"a":{"b":[{"n":"y","v":2}]},"c":null}"#),
            (".a.b | first(.[] | select(.v >= 1))", r#"{"a":{"b":[{"n":"y","v":2}]},"c":null}"#),
            (".a.b[] | select(.n | IN(\"x\", \"q\"))", r#"{"a":{"b":[{"n":"y","v":2}]},"c":null}"#),
            (
                ".a.b[] | select(has(\"v\") and (.n | length) == 1) | .n",
                r#"{"a":{"b":[{"v":1},{"v":2}]},"c":null}"#,
            ),
            (".a.b[] | select(.n | contains(\"x\"))", r#"{"a":{"b":[{"n":"y","v":2}]},"c":null}"#),
            (
                "paths(type == \"number\") as $p | getpath($p)",
                r#"{"a":{"b":[{"n":"x"},{"n":"y"}]},"c":null}"#,
            ),
            (".a.b[] | select(.v | tostring == \"2\")", r#"{"a":{"b":[{"n":"x","v":1}]},"c":null}"#),
            ("if .c == null then .a else .c end", r#"{"c":null}"#),
            (".c // .a", r#"{"c":null}"#),
        ] {
            assert_eq!(
                cut(expression, object),
                from_json(expected.as_bytes()).unwrap().to_string(),
                "{expression}"
            );
        }
    }

    #[test]
    fn endless_and_broken_expressions_are_refused_or_end() {
        for endless in [
            "repeat(.)",
            "[repeat(1)]|.a",
            "last(range(0; infinite))|.a",
            "until(false; .)",
            "[limit(1e9; repeat(.))] | .a",
            "recurse(.)",
            ".a | [.] | until(false; . + .)",
            "\"x\" * 1e9 | .a",
            "while(true; .)",
        ] {
            assert_eq!(cut(endless, r#"{"a":1}"#), r#"{"a":1}"#, "{endless}");
        }
        for broken in [".a[", "def f: f; f", "nosuch", &"(".repeat(5000), "halt_error(;)"] {
            assert!(JqPath::get(broken).is_err(), "{broken}");
        }
        for harmless in ["env.HOME", "$ENV.HOME", "now", "halt", "input", "debug"] {
            if let Ok(path) = JqPath::get(harmless) {
                let mut value = from_json(br#"{"a":1}"#).unwrap();
                path.cut(&mut value);
                assert_eq!(value.to_string(), r#"{"a":1}"#, "{harmless}");
            }
        }
    }
}
