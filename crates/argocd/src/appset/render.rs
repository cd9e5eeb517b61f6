use crate::appset::names::{normalize, slugify};
use fairway_core::{Map, Object, Str, Value};
use fairway_template::{
    Body, CallError, FixedClock, Functions, Limits, MissingKey, Ports, Run, SeededRandom, Templates,
    Value as GoValue, value,
};
use std::sync::{Arc, OnceLock};

/// How the texts of one ApplicationSet are rendered.
pub(crate) struct Renderer {
    go: bool,
    missing_key: MissingKey,
    clock: FixedClock,
    limits: Limits,
    functions: Arc<Functions>,
}

/// Go's option for keys that a map does not have; the last one counts.
fn missing_key(options: &[Str]) -> Result<MissingKey, String> {
    let mut out = MissingKey::Default;
    for option in options {
        out = match option.as_str() {
            "missingkey=default" | "missingkey=invalid" => MissingKey::Default,
            "missingkey=zero" => MissingKey::Zero,
            "missingkey=error" => MissingKey::Error,
            other => return Err(format!("unrecognized option: {other}")),
        };
    }
    Ok(out)
}

/// Limits of one text: a thousand times what templates of names and values take.
fn limits() -> Limits {
    Limits {
        steps_max: 2_000_000,
        output_bytes_max: 4 << 20,
        memory_bytes_max: 64 << 20,
        depth_max: 1000,
        include_depth_max: 100,
    }
}

fn text(value: &GoValue) -> String {
    value.as_str().map(std::borrow::Cow::into_owned).unwrap_or_default()
}

fn parse_yaml(value: &GoValue) -> Result<Value, CallError> {
    fairway_yaml::parse(&text(value)).map_err(|error| CallError::new(error.to_string()))
}

/// Sprig with what Argo CD adds to it.
fn functions() -> Arc<Functions> {
    static FUNCTIONS: OnceLock<Arc<Functions>> = OnceLock::new();
    let build = || {
        let mut out = Functions::sprig();
        out.add_closure("normalize", &[&value::STRING], |_, args| {
            Ok(GoValue::Str(normalize(&text(&args[0])).into()))
        });
        out.add("slugify", &[&value::ANY], true, Body::Closure(Arc::new(|_, args| slugify_call(args))));
        out.add_closure("toYaml", &[&value::ANY], |_, args| {
            let yaml = fairway_yaml::to_string(&args[0].to_json());
            Ok(GoValue::Str(yaml.strip_suffix('\n').unwrap_or(&yaml).into()))
        });
        out.add_closure("fromYaml", &[&value::STRING], |_, args| match parse_yaml(&args[0])? {
            Value::Null => Ok(GoValue::from_json(&Value::object())),
            map @ Value::Object(_) => Ok(GoValue::from_json(&map)),
            other => Err(CallError::new(format!("cannot unmarshal {} into a map", other.type_name()))),
        });
        out.add_closure("fromYamlArray", &[&value::STRING], |_, args| match parse_yaml(&args[0])? {
            Value::Null => Ok(GoValue::from_json(&Value::array())),
            list @ Value::Array(_) => Ok(GoValue::from_json(&list)),
            other => Err(CallError::new(format!("cannot unmarshal {} into a list", other.type_name()))),
        });
        Arc::new(out)
    };
    Arc::clone(FUNCTIONS.get_or_init(build))
}

/// `slugify [size [smart]] name`: the last argument is the name.
fn slugify_call(args: &[GoValue]) -> Result<GoValue, CallError> {
    let Some((name, options)) = args.split_last() else {
        return Ok(GoValue::Str(Str::new()));
    };
    let name = name.as_str().ok_or("slugify: the name is no string")?;
    let bytes_max = match options.first() {
        None => 50,
        Some(size) => {
            size.as_int().and_then(|n| usize::try_from(n).ok()).ok_or("slugify: the size is no int")?
        }
    };
    let smart = match options.get(1) {
        None => true,
        Some(GoValue::Bool(smart)) => *smart,
        Some(_) => return Err("slugify: the second option is no bool".into()),
    };
    Ok(GoValue::Str(slugify(&name, bytes_max, smart).into()))
}

impl Renderer {
    /// Reads `goTemplate` and `goTemplateOptions`.
    pub fn of(appset: &Object, now_unix: i64) -> Result<Self, String> {
        let spec = |key: &str| appset.value().get_path(&["spec", key]);
        let options: Vec<Str> = spec("goTemplateOptions")
            .and_then(Value::as_array)
            .unwrap_or_default()
            .iter()
            .filter_map(|v| v.as_str().map(Str::from))
            .collect();
        Ok(Self {
            go: spec("goTemplate").and_then(Value::as_bool).unwrap_or_default(),
            missing_key: missing_key(&options)?,
            clock: FixedClock(i128::from(now_unix) * 1_000_000_000),
            limits: limits(),
            functions: functions(),
        })
    }

    /// Whether Go templates are used; fasttemplate otherwise.
    pub fn is_go(&self) -> bool {
        self.go
    }

    /// Renders one text.
    pub fn text(&self, template: &str, params: &Map) -> Result<String, String> {
        self.text_with(template, params, self.missing_key)
    }

    /// Renders one text; a key that is not there is an error where Go templates are used.
    pub fn strict_text(&self, template: &str, params: &Map) -> Result<String, String> {
        self.text_with(template, params, MissingKey::Error)
    }

    fn text_with(&self, template: &str, params: &Map, missing: MissingKey) -> Result<String, String> {
        // A text without an action is itself in both languages.
        if !template.contains("{{") {
            return Ok(template.to_owned());
        }
        if !self.go {
            return fast(template, params);
        }
        let mut templates = Templates::new("base", Arc::clone(&self.functions), missing);
        templates
            .parse("base", template)
            .map_err(|error| format!("failed to parse template {template}: {error}"))?;
        // Random functions repeat themselves for a given text: what they give must not change with every look.
        let random = SeededRandom::new(template.len() as u64);
        let run = Run {
            ports: Ports { clock: &self.clock, random: &random },
            limits: &self.limits,
            lookup: None,
            sums: None,
        };
        let data = GoValue::from_json(&Value::Object(params.clone()));
        templates
            .execute("base", data, run)
            .map_err(|error| format!("failed to execute go template {template}: {error}"))
    }

    /// Renders every text of a tree, map keys too.
    pub fn tree(&self, value: &Value, params: &Map) -> Result<Value, String> {
        self.tree_at(value, params, 0)
    }

    fn tree_at(&self, value: &Value, params: &Map, depth: usize) -> Result<Value, String> {
        if depth > fairway_value::DEPTH_MAX {
            return Err(format!("template is nested deeper than {} levels", fairway_value::DEPTH_MAX));
        }
        match value {
            Value::String(s) => self.text(s, params).map(Value::from),
            Value::Array(list) => list.iter().map(|v| self.tree_at(v, params, depth + 1)).collect(),
            Value::Object(map) => {
                let entry = |(key, value): (&Str, &Value)| {
                    Ok((Str::from(self.text(key, params)?), self.tree_at(value, params, depth + 1)?))
                };
                map.iter().map(entry).collect::<Result<Map, String>>().map(Value::Object)
            }
            other => Ok(other.clone()),
        }
    }
}

/// Renders `{{name}}` as valyala/fasttemplate with Argo CD's rules: unknown names stay as they are.
fn fast(template: &str, params: &Map) -> Result<String, String> {
    let has_tag = |line: &str| line.find("{{").is_some_and(|at| line[at + 2..].contains("}}"));
    if !template.split('\n').any(has_tag) {
        return Ok(template.to_owned());
    }
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        out.push_str(&rest[..start]);
        let after = &rest[start + 2..];
        let end = after.find("}}").ok_or_else(|| {
            format!("invalid template: Cannot find end tag=\"}}}}\" in the template={template:?} starting from {after:?}")
        })?;
        let tag = &after[..end];
        match params.get(tag.trim()).and_then(Value::as_str).filter(|_| !tag.trim().is_empty()) {
            Some(value) => out.push_str(value),
            None => {
                out.push_str("{{");
                out.push_str(tag);
                out.push_str("}}");
            }
        }
        rest = &after[end + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(json: &str) -> Map {
        fairway_value::from_json(json.as_bytes()).unwrap().as_object().unwrap().clone()
    }

    #[test]
    fn fasttemplate_leaves_what_it_does_not_know() {
        let params = map(r#"{"a":"x","n":5}"#);
        let check = |template: &str, expect: &str| assert_eq!(fast(template, &params).unwrap(), expect);
        check("{{a}}-{{ a }}-{{b}}-{{n}}", "x-x-{{b}}-{{n}}");
        check("{{\na}}", "{{\na}}");
        check("{{}} {{a}}", "{{}} x");
        assert!(fast("{{a}} {{", &params).is_err());
    }
}
