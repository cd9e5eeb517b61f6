use super::JsonPath;
use fairway_value::{Value, from_json};
use proptest::prelude::*;

const OBJECT: &str = r##"{"a":[{"n":"x","v":1,"t":true,"p":{"q":"<&>"}},{"n":"y","v":2.5,"w":[1,2,3]},
    {"n":"z","v":-7,"l":{"k.d":"dot","e":""}},{"m":null}],"m":{"k":"b","c":{"d":{"e":[[1,2],[3,[4]]]}},"z":0},
    "f":2000000.5,"i":1000000,"s":"héy \"q\"","nul":null,"yes":true,"empty":[],"emo":{},"big":1e30,"k.d":5,
    "list":["a","b","c","d","e"],"n":[3,1,2]}"##;

/// What client-go 0.37 makes of each, where keys must be there and where they may be missing.
const RECORDED: [(&str, &str, &str); 49] = [
    ("plain text", "plain text", "plain text"),
    ("{.s}", r#"héy "q""#, r#"héy "q""#),
    ("{$.s}", r#"héy "q""#, r#"héy "q""#),
    ("{@.s}", r#"héy "q""#, r#"héy "q""#),
    (
        "{.i} {.f} {.big} {.yes} {.nul}",
        "1000000 2.0000005e+06 1e+30 true null",
        "1000000 2.0000005e+06 1e+30 true null",
    ),
    ("{.a[0].n}", "x", "x"),
    (r"{.a[-2].l.k\.d}", "dot", "dot"),
    ("{['k.d']}", "error: k is not found", ""),
    (r"{['k\.d']}", "5", "5"),
    ("{.list[1:3]}", "b c", "b c"),
    ("{.list[::2]}", "a c e", "a c e"),
    ("{.list[-2:]}", "d e", "d e"),
    ("{.list[:]}", "a b c d e", "a b c d e"),
    ("{.list[]}", "a", "a"),
    (
        "{.list[9]}",
        "error: array index out of bounds: index 9, length 5",
        "error: array index out of bounds: index 9, length 5",
    ),
    ("{.list[0:0]}", "", ""),
    (
        "{.list[3:1]}",
        "error: starting index 3 is greater than ending index 1",
        "error: starting index 3 is greater than ending index 1",
    ),
    ("{.list[0,2]}", "a c", "a c"),
    ("{.list[x]}", "error: invalid array index x", "error: invalid array index x"),
    ("{.list[0:1:0]}", "error: step must be > 0", "error: step must be > 0"),
    ("{.a[*].n}", "x y z", "x y z"),
    (
        "{.a[?(@.v>1)].n}",
        "error: incompatible types for comparison",
        "error: incompatible types for comparison",
    ),
    ("{.a[?(@.v)].n}", "x y z", "x y z"),
    (r#"{.a[?(@.n=="x")].p}"#, "error: n is not found", r#"{"q":"\u003c\u0026\u003e"}"#),
    ("{.list[?(@!='b')]}", "a c d e", "a c d e"),
    (r#"{.list[?(@>="d")]}"#, "d e", "d e"),
    (r#"{.n[?(@="x")]}"#, "error: unrecognized filter operator =", "error: unrecognized filter operator ="),
    (
        r#"{.n[?(@=="x")]}"#,
        "error: incompatible types for comparison",
        "error: incompatible types for comparison",
    ),
    ("{.n[?(@<=2)]}", "1 2", "1 2"),
    ("{..e}", " [[1,2],[3,[4]]]", " [[1,2],[3,[4]]]"),
    (
        "{..[0]}",
        "error: map[string]interface {} is not array or slice",
        "error: map[string]interface {} is not array or slice",
    ),
    ("{...e}", " [[1,2],[3,[4]]]", " [[1,2],[3,[4]]]"),
    ("{range .list[*]}[{@}]{end}!", "[a][b][c][d][e]!", "[a][b][c][d][e]!"),
    ("{range .a[0:2]}{.n}{range .w[*]}-{@}{end},{end}", "error: w is not found", "x,y-1-2-3,"),
    ("{range .empty[*]}{.n}{end}", "error: n is not found", ""),
    ("{.list", "error: unclosed action", "error: unclosed action"),
    (r#"{"a\tb"}{'it\'s'}"#, "a\tbit's", "a\tbit's"),
    ("{end}", "error: not in range, nothing to end", "error: not in range, nothing to end"),
    ("{word}", "error: unrecognized identifier word", "error: unrecognized identifier word"),
    (
        "{%}",
        "error: unrecognized character in action: U+0025 '%'",
        "error: unrecognized character in action: U+0025 '%'",
    ),
    ("{.s[0]}", "error: string is not array or slice", "error: string is not array or slice"),
    ("{.none}", "error: none is not found", ""),
    ("{-1.5}{+3}{1.2.3}", "error: cannot parse number 1.2.3", "error: cannot parse number 1.2.3"),
    ("{true}", "true", "true"),
    ("{.m.c.d.e[1][1]}", "[4]", "[4]"),
    (r#"{.a[?(@.n=="x)")].n}"#, "error: n is not found", ""),
    ("{[?(@.n", "error: unterminated filter", "error: unterminated filter"),
    (
        "{.s..*}",
        "error: unrecognized character in action: U+002A '*'",
        "error: unrecognized character in action: U+002A '*'",
    ),
    ("{.a[*]['n','v']}", "x y z 1 2.5 -7", "x y z 1 2.5 -7"),
];

fn object() -> Value {
    from_json(OBJECT.as_bytes()).unwrap()
}

fn outcome(template: &str, missing_keys: bool) -> String {
    let object = object();
    let parsed = JsonPath::parse(template);
    let parsed = if missing_keys { parsed.map(JsonPath::with_missing_keys) } else { parsed };
    parsed.and_then(|path| path.text(&object)).unwrap_or_else(|e| format!("error: {e}"))
}

#[test]
fn templates_find_what_the_library_of_kubernetes_finds() {
    for (template, strict, lenient) in RECORDED {
        assert_eq!(outcome(template, false), strict, "{template}");
        assert_eq!(outcome(template, true), lenient, "{template}, keys may be missing");
    }
}

#[test]
fn what_grows_without_end_is_refused() {
    let ranges = "{range ..}".repeat(40);
    let long = "x".repeat(20_000);
    for (template, expect) in [
        (ranges.as_str(), "error: finds more than 1048576 values"),
        (long.as_str(), "error: template is longer than 16384 bytes"),
    ] {
        assert_eq!(outcome(template, true), expect);
    }
}

proptest! {
    #[test]
    fn no_template_makes_it_panic(template in r"[{}\[\]().,:?@$*'a-c0-9é<=>!\\ +-]{0,40}|(\{(range )?[.a-z\[\]*0-9:?(@)=]{0,12}\}){0,4}") {
        let _ = outcome(&template, true);
    }
}
