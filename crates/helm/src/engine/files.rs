use crate::chart::File;
use base64::Engine as _;
use fairway_core::glob_match;
use fairway_template::functions::Signature;
use fairway_template::value::{BYTES, GoType, STRING, STRING_SLICE, TypeInfo};
use fairway_template::{CallError, Context, List, Object, Value};
use fairway_value::Value as Data;
use std::collections::BTreeMap;
use std::sync::Arc;

static TYPE: TypeInfo = TypeInfo::named_map("engine.files", &BYTES);

/// `.Files`, as Helm's `engine.files`: a map from paths to bytes with methods.
pub(super) struct Files(BTreeMap<String, Arc<[u8]>>);

impl Files {
    pub(super) fn new(files: &[File]) -> Self {
        Self(files.iter().map(|f| (f.name.clone(), f.data.clone())).collect())
    }

    fn get(&self, name: &str) -> Vec<u8> {
        self.0.get(name).map(|d| d.to_vec()).unwrap_or_default()
    }

    fn glob(&self, pattern: &str) -> Self {
        let matching = self.0.iter().filter(|(name, _)| glob_match(pattern, name, Some('/')));
        Self(matching.map(|(name, data)| (name.clone(), data.clone())).collect())
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let bytes = self.0.get(name).map_or(&[][..], |d| d);
        if bytes.is_empty() {
            return Vec::new();
        }
        let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|b| *b == b'\n');
        lines.map(|line| Value::string_from_bytes(line.to_vec())).collect()
    }

    /// A YAML mapping from base names to what `text` makes of the bytes.
    fn as_yaml(&self, text: impl Fn(&[u8]) -> String) -> String {
        let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let map: fairway_value::Map =
            self.0.iter().map(|(name, data)| (base(name).into(), Data::from(text(data)))).collect();
        let yaml = fairway_yaml::to_string(&Data::Object(map));
        yaml.strip_suffix('\n').unwrap_or(&yaml).to_owned()
    }
}

impl Object for Files {
    fn go_type(&self) -> GoType {
        &TYPE
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.0.get(name).map(|data| Value::Bytes(data.to_vec().into()))
    }

    fn method(&self, name: &str) -> Option<Signature> {
        match name {
            "Get" | "GetBytes" | "Glob" | "Lines" => Some(Signature::new(&[&STRING], false)),
            "AsConfig" | "AsSecrets" => Some(Signature::new(&[], false)),
            _ => None,
        }
    }

    fn call(&self, name: &str, args: &[Value], ctx: &mut Context<'_>) -> Result<Value, CallError> {
        let argument = match args.first() {
            Some(Value::Str(s)) => s.as_str(),
            _ => "",
        };
        match name {
            "Get" => {
                let bytes = self.get(argument);
                ctx.charge(bytes.len())?;
                Ok(Value::string_from_bytes(bytes))
            }
            "GetBytes" => Ok(Value::Bytes(self.get(argument).into())),
            "Glob" => Ok(Value::object(self.glob(argument))),
            "Lines" => Ok(Value::List(List::new(&STRING_SLICE, self.lines(argument)))),
            "AsConfig" => Ok(Value::from(self.as_yaml(|b| fairway_yaml::lossy_text(b).into_owned()))),
            "AsSecrets" => {
                let encode = |b: &[u8]| base64::engine::general_purpose::STANDARD.encode(b);
                Ok(Value::from(self.as_yaml(encode)))
            }
            other => Err(CallError::new(format!("engine.files has no method {other}"))),
        }
    }

    fn to_json(&self) -> Data {
        let encode = |b: &[u8]| Data::from(base64::engine::general_purpose::STANDARD.encode(b));
        self.0.iter().map(|(name, data)| (name.as_str(), encode(data))).collect()
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let entry = |(name, data): (&String, &Arc<[u8]>)| {
            (Value::from(name.clone()), Value::Bytes(data.to_vec().into()))
        };
        Some(self.0.iter().map(entry).collect())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
