//! Go templates with Helm's functions: lexer, parser, compiler and machine.

use super::limits;
use fairway_template::{FixedClock, Functions, MissingKey, Ports, Run, SeededRandom, Templates, Value};
use std::sync::{Arc, LazyLock};

static FUNCTIONS: LazyLock<Arc<Functions>> = LazyLock::new(|| {
    let mut functions = Functions::helm();
    // Making keys takes seconds without optimisation and is bounded by a constant.
    for name in ["genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert"] {
        functions.remove(name);
    }
    for name in ["genSignedCertWithKey", "genPrivateKey", "derivePassword", "htpasswd", "bcrypt"] {
        functions.remove(name);
    }
    Arc::new(functions)
});

const DATA: &str =
    r#"{"s":"text","n":3,"f":1.5,"l":[1,"two",{"three":3}],"m":{"a":{"b":"c"}},"nil":null,"t":true}"#;

/// Takes one input.
pub fn template(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut templates = Templates::new("t", Arc::clone(&FUNCTIONS), MissingKey::Default);
    if templates.parse("t", text).is_err() {
        return;
    }
    let (clock, random, limits) = (FixedClock(0), SeededRandom::new(1), limits());
    let run =
        Run { ports: Ports { clock: &clock, random: &random }, limits: &limits, lookup: None, sums: None };
    let data = fairway_value::from_json(DATA.as_bytes()).expect("because it is JSON");
    let _ = templates.execute("t", Value::from_json(&data), run);
}
