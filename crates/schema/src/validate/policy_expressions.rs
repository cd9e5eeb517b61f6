//! Expressions in CEL of admission policies, webhooks and device classes: what they may name, and what they must give.

use super::fault::Faults;
use crate::expression::{Bounds, Fields, Kind, check, compile};

/// The bounds of what is looked at; what is beyond them is taken as it is.
const BOUNDS: Bounds = Bounds { bytes: 16 << 10, nesting: 64 };

/// What an expression must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    Bool,
    String,
    StringOrNull,
    /// What devices are selected by.
    BoolOrUnknown,
    Anything,
    /// A configuration to apply.
    Object,
    /// A list of JSON patches.
    Patches,
}

/// What an expression may name.
#[derive(Clone, Debug)]
pub(super) struct Names {
    known: Vec<(&'static str, Kind)>,
    variables: Option<Fields>,
}

impl Names {
    /// What policies may name; parameters only where their kind is given.
    pub fn new(params: bool) -> Self {
        let mut known = vec![
            ("object", Kind::Dyn),
            ("oldObject", Kind::Dyn),
            ("namespaceObject", namespace()),
            ("request", request()),
            ("authorizer", Kind::Named("kubernetes.authorization.Authorizer")),
            ("authorizer.requestResource", Kind::Named("kubernetes.authorization.ResourceCheck")),
        ];
        if params {
            known.push(("params", Kind::Dyn));
        }
        Self { known, variables: None }
    }

    /// What selectors of devices may name.
    pub fn of_devices() -> Self {
        Self { known: vec![("device", device())], variables: None }
    }

    /// Lets variables be named.
    pub fn with_variables(&mut self) {
        self.variables.get_or_insert_default();
    }

    /// Adds a variable that later expressions may name.
    pub fn add_variable(&mut self, name: &str, kind: Kind) {
        if let Some(variables) = &mut self.variables {
            variables.insert(name.to_owned(), kind);
        }
    }

    /// The same without the authorizer.
    pub fn without_authorizer(&self) -> Self {
        let known = self.known.iter().filter(|(name, _)| !name.starts_with("authorizer")).cloned().collect();
        Self { known, variables: self.variables.clone() }
    }

    /// Checks an expression; returns what it gives.
    pub fn check(&self, expression: &str, gives: Gives, field: &str, faults: &mut Faults) -> Kind {
        match self.checked(expression, gives) {
            Ok(kind) => kind,
            Err(why) => {
                faults.invalid_text(field, expression, &why);
                Kind::Dyn
            }
        }
    }

    /// Returns what an expression gives.
    ///
    /// # Errors
    /// What is wrong with it, in the server's words.
    pub fn checked(&self, expression: &str, gives: Gives) -> Result<Kind, String> {
        if BOUNDS.check(expression).is_err() {
            return Ok(Kind::Dyn);
        }
        let program = compile(expression, BOUNDS).map_err(|why| format!("compilation failed: {why}"))?;
        let patches = matches!(gives, Gives::Object | Gives::Patches);
        let made = patches && (expression.contains("Object") || expression.contains("JSONPatch"));
        if made || expression.contains("jsonpatch.") {
            return Ok(Kind::Dyn);
        }
        let mut names = self.known.clone();
        if let Some(variables) = &self.variables {
            names.push(("variables", Kind::object("kubernetes.variables", variables.clone())));
        }
        let found = check(&program, &names).map_err(|why| format!("compilation failed: {why}"))?.kind;
        let wanted: &[&str] = match gives {
            Gives::Anything => return Ok(found),
            Gives::BoolOrUnknown if matches!(found, Kind::Bool | Kind::Dyn) => return Ok(found),
            Gives::BoolOrUnknown => {
                return Err(format!("must evaluate to bool or the unknown type, not {found}"));
            }
            Gives::Bool => &["bool"],
            Gives::String => &["string"],
            Gives::StringOrNull => &["string", "null"],
            Gives::Object => &["Object"],
            Gives::Patches => &["list(JSONPatch)"],
        };
        let shown = found.to_string();
        if wanted.contains(&shown.as_str()) {
            return Ok(found);
        }
        // Go's NULL_TYPE has a name of its own.
        let shown = if shown == "null" { "null_type" } else { &shown };
        Err(match wanted {
            [one] => format!("must evaluate to {one} but got {shown}"),
            _ => format!("must evaluate to one of [string null_type] but got {shown}"),
        })
    }
}

fn object(name: &str, fields: &[(&str, Kind)]) -> Kind {
    Kind::object(name, fields.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect())
}

fn texts(name: &str, keys: &[&str]) -> Kind {
    object(name, &keys.iter().map(|key| (*key, Kind::String)).collect::<Vec<_>>())
}

fn request() -> Kind {
    let kind = texts("kubernetes.GroupVersionKind", &["group", "version", "kind"]);
    let resource = texts("kubernetes.GroupVersionResource", &["group", "version", "resource"]);
    let strings = Kind::list(Kind::String);
    let user = object(
        "kubernetes.UserInfo",
        &[
            ("username", Kind::String),
            ("uid", Kind::String),
            ("groups", strings.clone()),
            ("extra", Kind::map(Kind::String, strings)),
        ],
    );
    object(
        "kubernetes.AdmissionRequest",
        &[
            ("kind", kind.clone()),
            ("resource", resource.clone()),
            ("subResource", Kind::String),
            ("requestKind", kind),
            ("requestResource", resource),
            ("requestSubResource", Kind::String),
            ("name", Kind::String),
            ("namespace", Kind::String),
            ("operation", Kind::String),
            ("userInfo", user),
            ("dryRun", Kind::Bool),
            ("options", Kind::Dyn),
        ],
    )
}

fn namespace() -> Kind {
    let strings = Kind::list(Kind::String);
    let pairs = Kind::map(Kind::String, Kind::String);
    let condition = object(
        "kubernetes.NamespaceCondition",
        &[
            ("status", Kind::String),
            ("type", Kind::String),
            ("lastTransitionTime", Kind::Timestamp),
            ("message", Kind::String),
            ("reason", Kind::String),
        ],
    );
    let status = [("conditions", Kind::list(condition)), ("phase", Kind::String)];
    let metadata = [
        ("name", Kind::String),
        ("generateName", Kind::String),
        ("namespace", Kind::String),
        ("labels", pairs.clone()),
        ("annotations", pairs),
        ("UID", Kind::String),
        ("creationTimestamp", Kind::Timestamp),
        ("deletionGracePeriodSeconds", Kind::Int),
        ("deletionTimestamp", Kind::Timestamp),
        ("generation", Kind::Int),
        ("resourceVersion", Kind::String),
        ("finalizers", strings.clone()),
    ];
    object(
        "kubernetes.Namespace",
        &[
            ("metadata", object("kubernetes.NamespaceMetadata", &metadata)),
            ("spec", object("kubernetes.NamespaceSpec", &[("finalizers", strings)])),
            ("status", object("kubernetes.NamespaceStatus", &status)),
        ],
    )
}

fn device() -> Kind {
    let by_domain = |inner: Kind| Kind::map(Kind::String, Kind::map(Kind::String, inner));
    object(
        "kubernetes.DRADevice",
        &[
            ("driver", Kind::String),
            ("attributes", by_domain(Kind::Dyn)),
            ("capacity", by_domain(Kind::Named("kubernetes.Quantity"))),
            ("allowMultipleAllocations", Kind::Bool),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_chains_end_well() {
        let names = Names::new(false);
        for (one, more) in
            [("1", "+1"), ("true", "&&true"), ("true", "||true"), ("object", ".a"), ("object", "[0]")]
        {
            let operators = more.bytes().filter(|b| b"+&|.[".contains(b)).count();
            for count in [10_000, 590 / operators] {
                let chain = format!("{one}{}", more.repeat(count));
                assert!(names.checked(&chain, Gives::Anything).is_ok(), "{more} {count}");
            }
        }
        for opened in ["!", "-", "(", "[", "a ? b : "] {
            for count in [12_000, 299] {
                let _ = names.checked(&format!("{}1", opened.repeat(count)), Gives::Anything);
            }
        }
    }

    #[test]
    fn what_is_asked_of_the_authorizer_is_checked() {
        let names = Names::new(false);
        for good in [
            "authorizer.group('').resource('pods').check('get').allowed()",
            "authorizer.path('/x').check('get').reason() == ''",
            "authorizer.serviceAccount('a', 'b').path('/x').check('get').errored()",
            "authorizer.group('').resource('pods').subresource('log').namespace('a').name('b').fieldSelector('a=b') \
             .labelSelector('a').check('get').error() == ''",
            "authorizer.requestResource.check('get').allowed()",
            "authorizer == authorizer",
        ] {
            assert_eq!(names.checked(good, Gives::Bool), Ok(Kind::Bool), "{good}");
        }
        // As kube-apiserver 1.36.3 answers.
        let failed = |expression: &str, at: usize, why: &str| {
            let place = format!("{}^", ".".repeat(at));
            format!("compilation failed: ERROR: <input>:1:{}: {why}\n | {expression}\n | {place}", at + 1)
        };
        for (bad, at, why) in [
            ("authorizer.groups('')", 17, "undeclared reference to 'groups' (in container '')"),
            ("authorizer.requestResource.foo('x')", 30, "undeclared reference to 'foo' (in container '')"),
            (
                "authorizer.group(1).resource('x').check('y').allowed()",
                16,
                "found no matching overload for 'group' applied to 'kubernetes.authorization.Authorizer.(int)'",
            ),
        ] {
            assert_eq!(names.checked(bad, Gives::Bool), Err(failed(bad, at, why)));
        }
        let given = "must evaluate to bool but got kubernetes.authorization.Decision";
        let asked = "authorizer.group('').resource('pods').check('get')";
        assert_eq!(names.checked(asked, Gives::Bool), Err(given.to_owned()));
        let bound = names.checked("cel.bind(x, 1, x > 0)", Gives::Bool).unwrap_err();
        assert!(
            bound.starts_with("compilation failed: ERROR: <input>:1:1: undeclared reference to 'cel'"),
            "{bound}"
        );
    }

    #[test]
    fn what_an_expression_gives_is_checked() {
        let names = Names::new(false);
        assert!(
            names
                .checked("object.spec.replicas <= 5 && request.userInfo.username != ''", Gives::Bool)
                .is_ok()
        );
        assert_eq!(names.checked("1", Gives::Bool), Err("must evaluate to bool but got int".to_owned()));
        assert!(names.checked("params.x", Gives::Anything).is_err());
        assert!(Names::of_devices().checked("device.driver == 'x'", Gives::BoolOrUnknown).is_ok());
    }
}
