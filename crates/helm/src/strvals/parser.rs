use super::cursor::Cursor;
use crate::Error;
use crate::load::make_floats;
use fairway_value::{Array, Map, Value};

/// Which flag a text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `--set`: integers, booleans and `null` are told apart from strings.
    Typed,
    /// `--set-string`: strings only.
    String,
    /// `--set-json`: JSON values.
    Json,
    /// `--set-file`: the value names a file whose text is taken.
    File,
    /// `--set-literal`: all behind the `=` is the value.
    Literal,
}

/// Returns the text of a file that `--set-file` names.
pub type FileReader<'a> = &'a dyn Fn(&str) -> Result<String, Error>;

/// Largest index of a list, as Helm's `MaxIndex`.
const INDEX_MAX: usize = 65_536;

/// Deepest nesting of names, as Helm's `MaxNestedNameLevel`.
const NESTING_MAX: usize = 30;

/// Works a `name=value` text into values.
///
/// # Errors
/// The text is malformed, or walks into something that is no map or list. What stood before the fault is kept, as in
/// Helm.
pub fn set(values: &mut Map, text: &str, kind: Kind, read: FileReader<'_>) -> Result<(), Error> {
    let mut parser = Parser { cursor: Cursor::new(text), kind, read };
    let flag = match kind {
        Kind::Typed => "--set",
        Kind::String => "--set-string",
        Kind::Json => {
            return parser
                .run(values)
                .map_err(|_| Error::Values(format!("failed parsing --set-json data {text}")));
        }
        Kind::File => "--set-file",
        Kind::Literal => "--set-literal",
    };
    parser.run(values).map_err(|why| Error::Values(format!("failed parsing {flag} data: {why}")))
}

struct Parser<'a> {
    cursor: Cursor,
    kind: Kind,
    read: FileReader<'a>,
}

const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";

/// What Go says of a value that is not of the type that a key asks for.
fn conversion(value: &Value, wanted: &str) -> String {
    let is = match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Uint(_) => "int64",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => LIST,
        Value::Object(_) => MAP,
    };
    format!("unable to parse key: interface conversion: interface {{}} is {is}, not {wanted}")
}

/// How a step ended.
enum Step {
    More,
    End,
}

impl Parser<'_> {
    fn run(&mut self, values: &mut Map) -> Result<(), String> {
        while let Step::More = self.key(values, 0)? {}
        Ok(())
    }

    fn escapes(&self) -> bool {
        self.kind != Kind::Literal
    }

    fn key(&mut self, data: &mut Map, nesting: usize) -> Result<Step, String> {
        let stops: &[char] =
            if self.kind == Kind::Literal { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (key, stop) = self.cursor.until(stops, self.escapes());
        match stop {
            None if key.is_empty() => Ok(Step::End),
            None => Err(format!("key {key:?} has no value")),
            Some('[') => {
                let index = self.index()?;
                let mut list = match data.get(&key) {
                    None => Array::new(),
                    Some(Value::Array(list)) => list.clone(),
                    Some(other) => return Err(conversion(other, LIST)),
                };
                let step = self.list_item(&mut list, index, nesting);
                assign(data, &key, Value::Array(list));
                step
            }
            Some('=') => {
                let (value, step) = self.value()?;
                assign(data, &key, value);
                Ok(step)
            }
            Some(',') => {
                assign(data, &key, Value::from(""));
                Err(format!("key {key:?} has no value (cannot end with ,)"))
            }
            Some(_) => {
                let nesting = nesting + 1;
                if nesting > NESTING_MAX {
                    return Err(format!(
                        "value name nested level is greater than maximum supported nested level of {NESTING_MAX}"
                    ));
                }
                let mut inner = match data.get(&key) {
                    None => Map::new(),
                    Some(Value::Object(map)) => map.clone(),
                    Some(other) => return Err(conversion(other, MAP)),
                };
                let step = self.key(&mut inner, nesting);
                if inner.is_empty() {
                    return match step {
                        Ok(Step::More) => Err(format!("key map {key:?} has no value")),
                        other => other,
                    };
                }
                assign(data, &key, Value::Object(inner));
                step
            }
        }
    }

    fn index(&mut self) -> Result<i64, String> {
        let (text, stop) = self.cursor.until(&[']'], self.escapes());
        if stop.is_none() {
            return Err("error parsing index: EOF".to_owned());
        }
        text.parse()
            .map_err(|_| format!("error parsing index: strconv.Atoi: parsing {text:?}: invalid syntax"))
    }

    fn list_item(&mut self, list: &mut Array, index: i64, nesting: usize) -> Result<Step, String> {
        let Ok(at) = usize::try_from(index) else {
            return Err(format!("negative {index} index not allowed"));
        };
        let (text, stop) = self.cursor.until(&['[', '.', '='], self.escapes());
        if !text.is_empty() {
            // Go shows a list of runes.
            let runes: Vec<String> = text.chars().map(|c| format!("{c:?}")).collect();
            return Err(format!("unexpected data at end of array index: [{}]", runes.join(" ")));
        }
        match stop {
            None => Ok(Step::End),
            Some('=') => {
                let (value, step) = self.value()?;
                set_index(list, at, value)?;
                // A list item goes on even where the text ends with it; the next key finds the end.
                Ok(if self.kind == Kind::Json { step } else { Step::More })
            }
            Some('[') => {
                let next = self.index()?;
                let mut inner = match list.get(at) {
                    None | Some(Value::Null) => Array::new(),
                    Some(Value::Array(inner)) => inner.clone(),
                    Some(other) => return Err(conversion(other, LIST)),
                };
                let step = self.list_item(&mut inner, next, nesting)?;
                set_index(list, at, Value::Array(inner))?;
                Ok(step)
            }
            Some(_) => {
                let mut inner = match list.get(at) {
                    Some(Value::Object(map)) => map.clone(),
                    _ => Map::new(),
                };
                let step = self.key(&mut inner, nesting);
                // Where the text ends without a value, Helm keeps it only in an item that was there before.
                if matches!(step, Ok(Step::More)) || at < list.len() {
                    set_index(list, at, Value::Object(inner))?;
                }
                step
            }
        }
    }

    fn value(&mut self) -> Result<(Value, Step), String> {
        match self.kind {
            Kind::Json => self.json(),
            Kind::Literal => Ok((Value::from(self.cursor.until(&[], false).0), Step::More)),
            Kind::Typed | Kind::String | Kind::File => match self.cursor.next() {
                None => Ok((Value::from(""), Step::End)),
                Some('{') => Ok((self.list()?, Step::More)),
                Some(_) => {
                    self.cursor.back();
                    let (text, _) = self.cursor.until(&[','], true);
                    Ok((self.scalar(text)?, Step::More))
                }
            },
        }
    }

    fn list(&mut self) -> Result<Value, String> {
        let mut list = Array::new();
        loop {
            let (text, stop) = self.cursor.until(&[',', '}'], true);
            match stop {
                None => return Err("list must terminate with '}'".to_owned()),
                Some('}') => {
                    if self.cursor.next().is_some_and(|c| c != ',') {
                        self.cursor.back();
                    }
                    list.push(self.scalar(text)?);
                    return Ok(Value::Array(list));
                }
                Some(_) => list.push(self.scalar(text)?),
            }
        }
    }

    fn scalar(&self, text: String) -> Result<Value, String> {
        match self.kind {
            Kind::Typed => Ok(typed(text)),
            Kind::File => (self.read)(&text).map(Value::from).map_err(|e| e.to_string()),
            Kind::String | Kind::Json | Kind::Literal => Ok(Value::from(text)),
        }
    }

    /// Reads one JSON value off the front of what is left; nothing but space means `null`.
    fn json(&mut self) -> Result<(Value, Step), String> {
        if self.blank_up_to_comma() {
            return Ok((Value::Null, Step::More));
        }
        let rest = self.cursor.rest();
        let mut stream = serde_json::Deserializer::from_str(&rest).into_iter::<Value>();
        let mut value = match stream.next() {
            Some(Ok(value)) => value,
            Some(Err(e)) => return Err(e.to_string()),
            None => return Err("unexpected end of JSON input".to_owned()),
        };
        let used = rest.get(..stream.byte_offset()).map_or(0, |t| t.chars().count());
        make_floats(&mut value);
        self.cursor.skip(used);
        self.blank_up_to_comma();
        Ok((value, Step::More))
    }

    /// Skips space; true where a comma or the end follows, which is taken.
    fn blank_up_to_comma(&mut self) -> bool {
        loop {
            match self.cursor.next() {
                None | Some(',') => return true,
                Some(c) if c.is_whitespace() => {}
                Some(_) => {
                    self.cursor.back();
                    return false;
                }
            }
        }
    }
}

fn assign(data: &mut Map, key: &str, value: Value) {
    if !key.is_empty() {
        data.insert(key, value);
    }
}

fn set_index(list: &mut Array, at: usize, value: Value) -> Result<(), String> {
    if at > INDEX_MAX {
        return Err(format!("index of {at} is greater than maximum supported index of {INDEX_MAX}"));
    }
    while list.len() <= at {
        list.push(Value::Null);
    }
    list.make_mut()[at] = value;
    Ok(())
}

fn typed(text: String) -> Value {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") || is("false") {
        return Value::Bool(is("true"));
    }
    if is("null") {
        return Value::Null;
    }
    if text == "0" {
        return Value::Int(0);
    }
    if !text.starts_with('0')
        && let Ok(i) = text.parse()
    {
        return Value::Int(i);
    }
    Value::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(texts: &[&str], kind: Kind) -> Result<String, String> {
        let mut values = Map::new();
        let read = |path: &str| Ok(format!("text of {path}"));
        for text in texts {
            set(&mut values, text, kind, &read).map_err(|e| e.to_string())?;
        }
        Ok(Value::Object(values).to_string())
    }

    fn check(text: &str, expect: &str) {
        assert_eq!(run(&[text], Kind::Typed).as_deref(), Ok(expect), "{text}");
    }

    #[test]
    fn names_lists_and_types() {
        check(
            "a=1,b=x,c=true,d=null,e=007,f=1.5",
            r#"{"a":1,"b":"x","c":true,"d":null,"e":"007","f":"1.5"}"#,
        );
        check("a.b.c=1,a.b.d=2", r#"{"a":{"b":{"c":1,"d":2}}}"#);
        check("a={1,x,true}", r#"{"a":[1,"x",true]}"#);
        check("a[1]=x", r#"{"a":[null,"x"]}"#);
        check("a[0].b=1,a[0].c=2,a[1].b=3", r#"{"a":[{"b":1,"c":2},{"b":3}]}"#);
        check("a[0][1]=x", r#"{"a":[[null,"x"]]}"#);
        check(r"a\.b=1,c=x\,y", r#"{"a.b":1,"c":"x,y"}"#);
        check("a=", r#"{"a":""}"#);
        check("a={}", r#"{"a":[""]}"#);
        check("", "{}");
    }

    #[test]
    fn faults_are_named() {
        for (text, expect) in [
            ("a", "has no value"),
            ("a.=x", "key map \"a\" has no value"),
            ("a[-1]=x", "negative -1 index"),
            ("a[70000]=x", "maximum supported index"),
            ("a={1,2", "list must terminate"),
            ("a=1,a.b=2", "interface {} is int64, not map[string]interface {}"),
        ] {
            let error = run(&[text], Kind::Typed).unwrap_err();
            assert!(error.contains(expect), "{text}: {error}");
        }
    }

    #[test]
    fn the_other_flags() {
        assert_eq!(run(&["a=1,b=true"], Kind::String).as_deref(), Ok(r#"{"a":"1","b":"true"}"#));
        assert_eq!(
            run(&[r#"a={"x":[1,2.5]},b="s",c="#], Kind::Json).as_deref(),
            Ok(r#"{"a":{"x":[1,2.5]},"b":"s","c":null}"#)
        );
        assert_eq!(run(&["a.b=x,y={1}"], Kind::Literal).as_deref(), Ok(r#"{"a":{"b":"x,y={1}"}}"#));
        assert_eq!(run(&["a=f.txt"], Kind::File).as_deref(), Ok(r#"{"a":"text of f.txt"}"#));
    }
}
