use super::args::text;
use crate::functions::{CallError, Context, Functions, Signature};
use crate::semver::{Constraints, Version};
use crate::value::{GoType, Kind, STRING, TypeInfo, UintKind};
use crate::{Object, Value};

static VERSION: TypeInfo = TypeInfo::structure("semver.Version");
static VERSION_POINTER: TypeInfo = TypeInfo::pointer("*semver.Version", &VERSION);

pub(super) fn register(f: &mut Functions) {
    f.native("semver", &[&STRING], |_, a| Ok(Value::object(SemVer(parse(&a[0])?, &VERSION_POINTER))));
    f.native("semverCompare", &[&STRING, &STRING], |_, a| {
        let constraint = Constraints::parse(&text(&a[0])).map_err(|e| CallError::new(e.to_string()))?;
        Ok(constraint.check(&parse(&a[1])?).into())
    });
}

fn parse(value: &Value) -> Result<Version, CallError> {
    Version::parse(&text(value)).map_err(|e| CallError::new(e.to_string()))
}

/// A `*semver.Version`, or a `semver.Version` where Go's methods return one.
struct SemVer(Version, GoType);

impl Object for SemVer {
    fn go_type(&self) -> GoType {
        self.1
    }

    fn method(&self, name: &str) -> Option<Signature> {
        let pointer = self.1.kind == Kind::Pointer;
        match name {
            "Major" | "Minor" | "Patch" | "Prerelease" | "Metadata" | "String" => {}
            "IncPatch" | "IncMinor" | "IncMajor" => {}
            "SetPrerelease" | "SetMetadata" => return Some(Signature::new(&[&STRING], false)),
            "Original" if pointer => {}
            "LessThan" | "LessThanEqual" | "GreaterThan" | "GreaterThanEqual" | "Equal" | "Compare"
                if pointer =>
            {
                return Some(Signature::new(&[&VERSION_POINTER], false));
            }
            _ => return None,
        }
        Some(Signature::new(&[], false))
    }

    fn call(&self, name: &str, args: &[Value], _: &mut Context<'_>) -> Result<Value, CallError> {
        let v = &self.0;
        let number = |n: u64| Ok(Value::Uint(UintKind::Uint64, n));
        let version = |v: Version| Ok(Value::object(Self(v, &VERSION)));
        let other = || {
            args.first().and_then(Value::as_object::<Self>).map(|o| &o.0).ok_or_else(super::args::nil_pointer)
        };
        let given = || args.first().map(text).unwrap_or_default();
        match name {
            "Major" => number(v.major),
            "Minor" => number(v.minor),
            "Patch" => number(v.patch),
            "Prerelease" => Ok(v.prerelease.as_str().into()),
            "Metadata" => Ok(v.metadata.as_str().into()),
            "Original" => Ok(v.original().into()),
            "IncPatch" => version(v.next_patch()),
            "IncMinor" => version(v.next_minor()),
            "IncMajor" => version(v.next_major()),
            "SetPrerelease" => version(v.with_prerelease(&given()).map_err(|e| e.to_string())?),
            "SetMetadata" => version(v.with_metadata(&given()).map_err(|e| e.to_string())?),
            "LessThan" => Ok((v < other()?).into()),
            "LessThanEqual" => Ok((v <= other()?).into()),
            "GreaterThan" => Ok((v > other()?).into()),
            "GreaterThanEqual" => Ok((v >= other()?).into()),
            "Equal" => Ok((v == other()?).into()),
            "Compare" => Ok(Value::int(v.compare(other()?) as i64)),
            _ => Ok(v.to_string().into()),
        }
    }

    fn text(&self) -> Option<String> {
        Some(self.0.to_string())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
