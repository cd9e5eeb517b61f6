//! Expressions in CEL: what they make of texts at random, and which of them a definition may have.

use super::servers::Call;
use super::single;
use super::{Place, Run};
use crate::random::Random;
use serde_json::{Map, Value, json};

const GROUP: &str = "made.example.com";

/// Expressions of two texts that give a text. The server refuses those whose costs have no bounds, as of texts put together.
const EXPRESSIONS: [&str; 70] = [
    "string(isQuantity(self.a))",
    "string(quantity(self.a).isLessThan(quantity(self.b)))",
    "string(quantity(self.a).isGreaterThan(quantity(self.b)))",
    "string(quantity(self.a).compareTo(quantity(self.b)))",
    "string(quantity(self.a) == quantity(self.b))",
    "string(quantity(self.a).isInteger())",
    "string(quantity(self.a).asInteger())",
    "string(sign(quantity(self.a)))",
    "string(quantity(self.a).add(quantity(self.b)).isInteger())",
    "string(quantity(self.a).add(20).asInteger())",
    "string(quantity(self.a).sub(quantity(self.b)).compareTo(quantity('1')))",
    "string(quantity(self.a).asApproximateFloat() > 1.0)",
    "string(isIP(self.a))",
    "string(ip(self.a))",
    "string(ip.isCanonical(self.a))",
    "string(ip(self.a).family())",
    "string(ip(self.a).isGlobalUnicast())",
    "string(ip(self.a) == ip(self.b))",
    "string(isCIDR(self.a))",
    "string(cidr(self.a))",
    "string(cidr(self.a).masked())",
    "string(cidr(self.a).prefixLength())",
    "string(cidr(self.a).ip())",
    "string(cidr(self.a).containsIP(self.b))",
    "string(cidr(self.a).containsCIDR(self.b))",
    "string(cidr(self.a) == cidr(self.b))",
    "string(isURL(self.a))",
    "string(url(self.a).getQuery().size())",
    "string(url(self.a) == url(self.b))",
    "self.a.find('[0-9]+')",
    "string(semver(self.a, true).compareTo(semver(self.b, true)))",
    "format.named('date').value().validate(self.a).orValue(['fine'])[0]",
    "format.named(self.a).hasValue() ? 'known' : 'unknown'",
    "string(duration(self.a) < duration(self.b))",
    "string(timestamp(self.a))",
    "string(timestamp(self.a) - timestamp(self.b))",
    "string(timestamp(self.a).getHours('+05:30'))",
    "string(ip(self.a).isUnspecified())",
    "string(ip(self.a).isLoopback())",
    "string(ip(self.a).isLinkLocalMulticast())",
    "string(ip(self.a).isLinkLocalUnicast())",
    "url(self.a).getScheme()",
    "url(self.a).getHost()",
    "url(self.a).getEscapedPath()",
    "url(self.a).getHostname()",
    "url(self.a).getPort()",
    "string(self.a.findAll('[a-z0-9]*').size())",
    "self.a.findAll('[0-9.]+', 2)[0]",
    "string(isSemver(self.a))",
    "string(isSemver(self.a, true))",
    "string(semver(self.a).major())",
    "string(semver(self.a).patch())",
    "format.dns1123Label().validate(self.a).orValue(['fine'])[0]",
    "format.dns1123SubdomainPrefix().validate(self.a).orValue(['fine'])[0]",
    "format.dns1035Label().validate(self.a).orValue(['fine'])[0]",
    "format.qualifiedName().validate(self.a).orValue(['fine'])[0]",
    "format.labelValue().validate(self.a).orValue(['fine'])[0]",
    "format.uri().validate(self.a).orValue(['fine'])[0]",
    "format.byte().validate(self.a).orValue(['fine'])[0]",
    "format.datetime().validate(self.a).orValue(['fine'])[0]",
    "string(duration(self.a).getMinutes())",
    "string(timestamp(self.a).getDayOfYear())",
    "string(timestamp(self.a).getDayOfWeek())",
    "string([self.a.size(), self.b.size()].sum())",
    "string(sets.intersects([self.a, 'x'], [self.b]))",
    "string([self.a, self.b].exists(i, p, p == string(i + 1)))",
    "[self.a, self.b].transformList(i, p, i > 0, p)[0]",
    "[self.a, self.b].first().value()",
    "string(int(self.a))",
    "{self.a: 1}.transformMap(k, v, v + 1)[self.b] == 2 ? 'same' : 'other'",
];

const WORDS: [&str; 84] = [
    "",
    "0",
    "1",
    "-1",
    "1.0",
    "1000m",
    "1k",
    "1Ki",
    "1.5Gi",
    "0.5Gi",
    "2G",
    "500m",
    "1e3",
    "100E",
    "9999999999999999999",
    "1n",
    "+5",
    "1 ",
    "Gi",
    "1.1.1",
    "127.0.0.1",
    "10.0.0.1",
    "10.0.0.01",
    "255.255.255.255",
    "0.0.0.0",
    "224.0.0.1",
    "169.254.0.1",
    "256.1.1.1",
    "::1",
    "::",
    "2001:db8::abcd",
    "2001:DB8::ABCD",
    "2001:db8:0:0:0:0:0:1",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "fd00::1",
    "::ffff:1.2.3.4",
    "10.0.0.0/8",
    "10.0.0.1/8",
    "10.1.0.0/16",
    "0.0.0.0/0",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "::/0",
    "2001:db8::/32",
    "2001:db8::1/64",
    "/path",
    "/path with spaces/?k=a&k=b",
    "https://example.com",
    "https://example.com:80/a?k=v#f",
    "HTTP://user:pass@[::1]:8080/%41?x=1&y",
    "https://a:b:c/",
    "mailto:a@b",
    "../x",
    "*",
    "http://a b/",
    "http://a/%zz",
    "1.2.3",
    "v1.2",
    "1.2.3-alpha.1",
    "1.2.3-01",
    "01.2.3",
    "1.0.0+b.1",
    "1.0.0-rc.1+b",
    "1.0-a",
    "my-name",
    "my-",
    "My_Name",
    "a.b.c",
    "example.com/x",
    "1h30m",
    "90s",
    "-1.5h",
    "1d",
    "3 days",
    "100ms",
    "2024-02-29",
    "2024-02-29T10:00:00Z",
    "2024-03-01T00:30:00.25+02:00",
    "2023-02-29T00:00:00Z",
    "date",
    "dns1123Label",
    "abc123",
];

/// Rules that a definition may have or not; `self` has the fields `a` and `n`, a list `list`, a map `map`, a time `when`.
const RULES: [&str; 68] = [
    "self.a.size() > self.n",
    "self.bogus == 1",
    "self.a > 1",
    "self.a",
    "bogus",
    "bogus(self.a)",
    "self.a.bogus()",
    "self.a.size(1) > 1",
    "self.a &&",
    "self.a ==== 1",
    "(self.n > 1",
    "self.n > 1)",
    "'open",
    "self.list.all(x, x.k == 'a')",
    "self.list.all(x, x.nope == 'a')",
    "self.a.all(x, true)",
    "self.map.all(k, self.map[k] > 1)",
    "self.map.all(k, v, v > k)",
    "self.map['a'] == 'b'",
    "[1, 'a'].size() == 2",
    "self.a.foo == 1",
    "self.n + 1 == '2'",
    "self.n + 1.0 == 2.0",
    "duration('x') == duration('1s')",
    "timestamp('x') < self.when",
    "self.a.matches('(')",
    "self.a.matches('^[a-z]+$')",
    "self.when < timestamp('2024-01-01T00:00:00Z')",
    "self.when == '2024'",
    "self.in__dash__put == ''",
    "self.in-put == ''",
    "self.__in__ == ''",
    "has(self.a)",
    "has(self.nope)",
    "has(self)",
    "!self.n",
    "-self.a == ''",
    "self.n in self.list",
    "'a' in self.map",
    "self.n in [1, 2]",
    "self.?a.orValue('') == ''",
    "self.?nope.hasValue()",
    "self.list[?0].hasValue()",
    "self.free.x == 1",
    "self.either == 1 || self.either == 'a'",
    "quantity(self.a).isLessThan(self.n)",
    "quantity(self.a).sign() == 1",
    "sign(quantity(self.a)) == 1",
    "isIP(self.n)",
    "ip(self.a).family() == 4",
    "math.greatest(1, 2) == 2",
    "self.list.sortBy(x, x.k).size() == 1",
    "self.list.map(x, x.k).size() == 1",
    "self.list.map(1, true).size() == 1",
    "self == oldSelf",
    "oldSelf.nope == 1",
    "self.metadata.name == ''",
    "true",
    "null",
    "self.a == null",
    "self.n == null ? true : false",
    "true ? 1 : 'a'",
    "type(self.n) == int && type(self.a) == string",
    "int(self.a) == 1 && string(self.n) == ''",
    "self.list.exists_one(x, x.k == '')",
    "cel.bind(x, self.n, x > 1)",
    "format.dns1123Label().validate(self.a).hasValue()",
    "self.a.format([1]) == ''",
];

/// The definition whose rules make every expression's value known: each is broken, and says it.
pub fn definition() -> Value {
    let text = json!({"type": "string", "maxLength": 60});
    let fields: Map<String, Value> = EXPRESSIONS
        .iter()
        .enumerate()
        .map(|(n, expression)| {
            let rule =
                json!({"rule": "self.a == 'never'", "message": "no value", "messageExpression": expression});
            let field = json!({"type": "object", "required": ["a", "b"], "properties": {"a": text, "b": text},
                "x-kubernetes-validations": [rule]});
            (format!("p{n}"), field)
        })
        .collect();
    named(
        "Probe",
        json!({"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}),
    )
}

fn named(kind: &str, schema: Value) -> Value {
    let singular = kind.to_lowercase();
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{singular}s.{GROUP}")},
        "spec": {"group": GROUP, "scope": "Cluster",
            "names": {"kind": kind, "plural": format!("{singular}s"), "singular": singular, "listKind": format!("{kind}List")},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]}})
}

fn word(random: &mut Random) -> Value {
    (*random.pick(&WORDS).unwrap_or(&"")).into()
}

/// Asks both servers what some expressions make of texts at random.
pub fn value(run: &mut Run) -> anyhow::Result<()> {
    let mut spec = Map::new();
    for _ in 0..3 {
        let field = format!("p{}", run.random.below(EXPRESSIONS.len()));
        spec.insert(field, json!({"a": word(&mut run.random), "b": word(&mut run.random)}));
    }
    let place = Place { collection: format!("/apis/{GROUP}/v1/probes"), namespaced: false, custom: true };
    let body = json!({"apiVersion": format!("{GROUP}/v1"), "kind": "Probe", "metadata": {"name": "probe"}, "spec": spec});
    let call = Call {
        method: "PATCH",
        path: single::path(&place, "probe", "dryRun=All&fieldManager=fairway&force=true"),
        content_type: "application/apply-patch+yaml",
        body,
    };
    single::check(run, &call, "values")
}

/// Asks both servers whether a definition may have a rule.
pub fn rule(run: &mut Run) -> anyhow::Result<()> {
    let mut rule = json!({"rule": run.random.pick(&RULES)});
    if run.random.chance(25) {
        rule["messageExpression"] =
            (*run.random.pick(&["'a'", "self.n", "self.nope", "'"]).unwrap_or(&"'a'")).into();
    }
    if run.random.chance(10) {
        rule["optionalOldSelf"] = true.into();
    }
    if run.random.chance(10) {
        rule["fieldPath"] = (*run.random.pick(&[".a", ".nope", "a", ".map['x']"]).unwrap_or(&".a")).into();
    }
    let text = json!({"type": "string", "maxLength": 10});
    let mut inner = json!({"type": "object", "properties": {"a": text, "n": {"type": "integer"}, "in-put": text, "in": text,
        "list": {"type": "array", "maxItems": 3, "items": {"type": "object", "properties": {"k": text}}},
        "map": {"type": "object", "maxProperties": 3, "additionalProperties": {"type": "integer"}},
        "when": {"type": "string", "format": "date-time"}, "either": {"x-kubernetes-int-or-string": true},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}});
    inner["x-kubernetes-validations"] = json!([rule]);
    if run.random.chance(15) {
        inner = json!({"type": "array", "maxItems": 3, "items": inner});
    }
    let schema =
        json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"in": inner}}}});
    let place = Place {
        collection: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions".to_owned(),
        namespaced: false,
        custom: false,
    };
    let body = named("Ruled", schema);
    let call = Call {
        method: "PATCH",
        path: single::path(&place, &format!("ruleds.{GROUP}"), "dryRun=All&fieldManager=fairway&force=true"),
        content_type: "application/apply-patch+yaml",
        body,
    };
    single::check(run, &call, &format!("rule {}", rule["rule"].as_str().unwrap_or_default()))
}
