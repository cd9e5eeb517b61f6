use crate::actions::{run_action, run_discovery};
use crate::celrule::Rules;
use crate::health::run_health;
use fairway_core::{Health, HealthStatus, Object, glob_match};
use fairway_health::actions::{Action, ActionError, Effect, actions_of};
use fairway_value::{Str, Value};
use std::collections::BTreeMap;

/// What settings say, by `group/Kind` (`Kind` in the core group); health may have wildcards in the key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources<'a> {
    /// Health scripts.
    pub health: Vec<(Str, &'a str)>,
    /// Kinds whose health scripts have the string and math libraries.
    pub open_libs: Vec<Str>,
    /// Health rules in CEL, as YAML.
    pub health_cel: Vec<(Str, &'a str)>,
    /// `discovery.lua`, `definitions` and `mergeBuiltinActions`, as YAML.
    pub actions: Vec<(Str, &'a str)>,
}

/// Users' own health checks and actions; what they say nothing about is judged by those that are built in.
#[derive(Debug, Default)]
pub struct Customizations {
    health: BTreeMap<Str, Check>,
    actions: BTreeMap<Str, Actions>,
}

#[derive(Debug)]
enum Check {
    Lua { script: Str, open_libs: bool },
    Cel(Rules),
}

#[derive(Debug, Default)]
struct Actions {
    discovery: Str,
    definitions: BTreeMap<Str, Str>,
    merge_builtin: bool,
}

impl Customizations {
    /// Reads what settings say. What cannot be read comes back beside it, for a warning.
    #[must_use]
    pub fn read(sources: &Sources<'_>) -> (Self, Vec<String>) {
        let mut out = Self::default();
        let mut problems = Vec::new();
        for (kind, script) in sources.health.iter().filter(|(_, s)| !s.is_empty()) {
            let open_libs = sources.open_libs.contains(kind);
            out.health.insert(kind.clone(), Check::Lua { script: (*script).into(), open_libs });
        }
        for (kind, text) in &sources.health_cel {
            match fairway_yaml::parse(text).map_err(|e| e.to_string()).and_then(|v| Rules::read(&v)) {
                Ok(rules) => {
                    out.health.insert(kind.clone(), Check::Cel(rules));
                }
                Err(why) => problems.push(format!("health rules of {kind}: {why}")),
            }
        }
        for (kind, text) in sources.actions.iter().filter(|(_, t)| !t.is_empty()) {
            match fairway_yaml::parse(text) {
                Ok(value) => {
                    out.actions.insert(kind.clone(), read_actions(&value));
                }
                Err(why) => problems.push(format!("actions of {kind}: {why}")),
            }
        }
        (out, problems)
    }

    /// Judges one live object: by a check of its own kind, by one with wildcards, or by what is built in. `now` is in seconds since
    /// 1970.
    #[must_use]
    pub fn assess(&self, object: &Object, now: i64) -> Option<Health> {
        if self.health.is_empty() {
            return fairway_health::assess(object);
        }
        if let Some(deleting) = fairway_health::pending_deletion(object) {
            return Some(deleting);
        }
        let key = key_of(object);
        let wild = || self.health.iter().find(|(pattern, _)| glob_match(pattern, &key, None)).map(|(_, c)| c);
        match self.health.get(&key).or_else(wild) {
            None => fairway_health::assess(object),
            Some(Check::Cel(rules)) => Some(rules.judge(object.value())),
            Some(Check::Lua { script, open_libs }) => run_health(script, object.value(), *open_libs, now)
                .unwrap_or_else(|why| Some(Health::new(HealthStatus::Unknown, why.to_string()))),
        }
    }

    /// Whether a user's own check judges an object: that takes longer than what is built in.
    #[must_use]
    pub fn judges(&self, object: &Object) -> bool {
        if self.health.is_empty() {
            return false;
        }
        let key = key_of(object);
        self.health.keys().any(|pattern| *pattern == key || glob_match(pattern, &key, None))
    }

    /// Returns the actions for an object, ordered by name: users' own, and the built-in ones where those are not replaced.
    ///
    /// # Errors
    /// A script fails, or the object lacks what it reads.
    pub fn actions_of(&self, object: &Object, now: i64) -> Result<Vec<Action>, ActionError> {
        let Some(own) = self.actions.get(&key_of(object)) else { return actions_of(object) };
        let mut found = run_discovery(&own.discovery, object.value(), now)
            .map_err(|e| ActionError::Refused(e.to_string()))?;
        if own.merge_builtin {
            found.extend(actions_of(object)?);
            // Stable: a user's own stays before the built-in one of its name.
            found.sort_by(|a, b| a.name.cmp(&b.name));
            found.dedup_by(|later, first| later.name == first.name);
        }
        Ok(found)
    }

    /// Runs an action: a user's own, else the built-in one. Returns what is to be written.
    ///
    /// # Errors
    /// There is no such action, it fails, or the object lacks what it reads.
    pub fn run_action(
        &self,
        object: &Object,
        action: &str,
        params: &BTreeMap<Str, Str>,
        now: i64,
    ) -> Result<Vec<Effect>, ActionError> {
        match self.actions.get(&key_of(object)).and_then(|own| own.definitions.get(action)) {
            Some(script) => run_action(script, object.value(), params, now)
                .map_err(|e| ActionError::Refused(e.to_string())),
            None => fairway_health::actions::run_action(object, action, params, now),
        }
    }
}

fn key_of(object: &Object) -> Str {
    let gk = object.gvk().group_kind();
    if gk.group.is_empty() { gk.kind } else { Str::from(format!("{}/{}", gk.group, gk.kind)) }
}

fn read_actions(value: &Value) -> Actions {
    let text = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).map(Str::from).unwrap_or_default();
    let definitions = value.get("definitions").and_then(Value::as_array).unwrap_or_default();
    Actions {
        discovery: text(value, "discovery.lua"),
        definitions: definitions.iter().map(|d| (text(d, "name"), text(d, "action.lua"))).collect(),
        merge_builtin: value.get("mergeBuiltinActions").and_then(Value::as_bool).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(kind: &str) -> Object {
        let text = format!(
            r#"{{"apiVersion":"{kind}","metadata":{{"name":"x"}},"spec":{{"template":{{}}}},"status":{{"phase":"Ready"}}}}"#
        );
        Object::new(fairway_value::from_json(text.replace('|', "\",\"kind\":\"").as_bytes()).unwrap())
    }

    fn read(sources: &Sources<'_>) -> Customizations {
        let (out, problems) = Customizations::read(sources);
        assert_eq!(problems, Vec::<String>::new());
        out
    }

    #[test]
    fn a_kind_s_own_check_goes_before_a_wildcard_and_both_before_what_is_built_in() {
        let own = read(&Sources {
            health: vec![
                ("*.example.org/*".into(), "return {status='Degraded', message='wild'}"),
                ("a.example.org/Foo".into(), "return {status='Healthy', message=obj.status.phase}"),
                ("apps/Deployment".into(), "return {status='Suspended'}"),
            ],
            health_cel: vec![(
                "b.example.org/Bar".into(),
                "- {status: Healthy, when: obj.status.phase == 'Ready', message: \"'is ' + obj.status.phase\"}\n",
            )],
            ..Sources::default()
        });
        let judge =
            |kind: &str| own.assess(&object(kind), 0).map(|h| format!("{:?} {}", h.status, h.message));
        assert_eq!(judge("a.example.org/v1|Foo").as_deref(), Some("Healthy Ready"));
        assert_eq!(judge("a.example.org/v1|Other").as_deref(), Some("Degraded wild"));
        assert_eq!(judge("b.example.org/v1|Bar").as_deref(), Some("Healthy is Ready"));
        assert_eq!(judge("apps/v1|Deployment").as_deref(), Some("Suspended "));
        assert_eq!(judge("v1|ConfigMap"), None);
    }

    #[test]
    fn own_actions_replace_the_built_in_ones_or_join_them() {
        let text = |merge: bool| {
            format!(
                "mergeBuiltinActions: {merge}\ndiscovery.lua: |\n  return {{['mark']={{disabled=false, displayName='Mark'}}}}\n\
                 definitions:\n- name: mark\n  action.lua: |\n    obj.metadata.labels = {{x=actionParams['x']}}\n    return obj\n"
            )
        };
        let deployment = object("apps/v1|Deployment");
        for (merge, expected) in
            [(false, vec!["mark"]), (true, vec!["mark", "pause", "restart", "resume", "scale"])]
        {
            let text = text(merge);
            let own =
                read(&Sources { actions: vec![("apps/Deployment".into(), &text)], ..Sources::default() });
            let names: Vec<String> =
                own.actions_of(&deployment, 0).unwrap().iter().map(|a| a.name.to_string()).collect();
            assert_eq!(names, expected);
            let params = BTreeMap::from([(Str::from("x"), Str::from("5"))]);
            let effects = own.run_action(&deployment, "mark", &params, 0).unwrap();
            assert_eq!(
                effects[0].object.get_path(&["metadata", "labels", "x"]).and_then(Value::as_str),
                Some("5")
            );
            assert!(effects[0].object.get_path(&["spec", "template"]).unwrap().as_object().is_some());
        }
    }
}
