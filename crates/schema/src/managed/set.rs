use super::element::PathElement;
use crate::TypeRef;
use fairway_value::{Map, Str, Value};
use std::cmp::Ordering;

/// A set of field paths, as a `fieldsV1` document holds one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set {
    /// Paths that end here, ordered.
    pub(crate) members: Vec<PathElement>,
    /// Paths that go on, ordered. None of the sets in it is empty.
    pub(crate) children: Vec<(PathElement, Set)>,
}

/// A fieldsV1 document that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetError(pub String);

/// Deepest path that is read. Objects themselves are at most this deep.
const DEPTH_MAX: usize = fairway_value::DEPTH_MAX;

impl Set {
    /// Whether no path is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.iter().all(|(_, c)| c.is_empty())
    }

    /// Reads a `fieldsV1` document.
    ///
    /// # Errors
    /// Keys without a known prefix, broken JSON in `k:` and `v:` keys, nesting beyond the limit.
    pub fn parse(fields: &Value) -> Result<Self, SetError> {
        Ok(Self::parse_at(fields, 0)?.0)
    }

    /// Returns the set and whether the path to it is itself a member.
    fn parse_at(fields: &Value, depth: usize) -> Result<(Self, bool), SetError> {
        let map = match fields {
            Value::Object(map) => map,
            // What is nothing has nothing below it.
            Value::Null if depth > 0 => return Ok((Self::default(), false)),
            _ => return Err(SetError("fieldsV1 is no map".to_owned())),
        };
        if depth > DEPTH_MAX {
            return Err(SetError(format!("fieldsV1 nests deeper than {DEPTH_MAX}")));
        }
        let mut set = Self::default();
        let mut own = false;
        for (key, inner) in map.iter() {
            if key == "." {
                own = true;
                continue;
            }
            let Some(element) = PathElement::parse(key) else {
                return Err(SetError(format!("fieldsV1 has the key {key:?}")));
            };
            let (child, member) = Self::parse_at(inner, depth + 1)?;
            let empty = child.is_empty();
            if member || empty {
                set.members.push(element.clone());
            }
            if !empty {
                set.children.push((element, child));
            }
        }
        // Map keys are ordered by bytes, elements by kind and value.
        set.members.sort();
        set.members.dedup();
        set.children.sort_by(|a, b| a.0.cmp(&b.0));
        Ok((set, own))
    }

    /// Whether [`Set::parse`] reads a document.
    pub(crate) fn is_readable(fields: &Value) -> bool {
        fn below(fields: &Value, depth: usize) -> bool {
            let Value::Object(map) = fields else { return fields.is_null() && depth > 0 };
            depth <= DEPTH_MAX
                && map.iter().all(|(key, inner)| {
                    key == "." || (PathElement::is_readable(key) && below(inner, depth + 1))
                })
        }
        below(fields, 0)
    }

    /// Writes the set as a `fieldsV1` document.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut entries: Vec<(Str, Value)> = Vec::with_capacity(self.members.len() + self.children.len());
        for (element, child) in &self.children {
            let mut inner = child.to_value();
            if self.has(element)
                && let Value::Object(map) = &mut inner
            {
                map.insert(".", Value::object());
            }
            entries.push((element.to_key(), inner));
        }
        for element in &self.members {
            if self.child(element).is_none() {
                entries.push((element.to_key(), Value::object()));
            }
        }
        Value::Object(entries.into_iter().collect::<Map>())
    }

    /// Whether the path of this one element is a member.
    #[must_use]
    pub fn has(&self, element: &PathElement) -> bool {
        self.members.binary_search(element).is_ok()
    }

    /// Returns the set of what comes after an element.
    #[must_use]
    pub fn child(&self, element: &PathElement) -> Option<&Set> {
        let at = self.children.binary_search_by(|(e, _)| e.cmp(element)).ok()?;
        self.children.get(at).map(|(_, c)| c)
    }

    /// Returns the set of what comes after a field's name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Set> {
        let at = self.children.binary_search_by(|(e, _)| match e {
            PathElement::Field(field) => field.as_str().cmp(name),
            _ => Ordering::Greater,
        });
        self.children.get(at.ok()?).map(|(_, c)| c)
    }

    /// Whether a path of field names is a member.
    #[must_use]
    pub fn has_fields(&self, path: &[&str]) -> bool {
        let Some((last, parents)) = path.split_last() else { return false };
        let set = parents.iter().try_fold(self, |at, name| at.field(name));
        set.is_some_and(|s| s.has(&PathElement::Field(Str::from(*last))))
    }

    pub(crate) fn insert(&mut self, element: PathElement) {
        if let Err(at) = self.members.binary_search(&element) {
            self.members.insert(at, element);
        }
    }

    /// Inserts a path of field names.
    pub(crate) fn insert_fields(&mut self, path: &[&str]) {
        match path {
            [] => {}
            [last] => self.insert(PathElement::Field(Str::from(*last))),
            [first, rest @ ..] => {
                let mut child = Set::default();
                child.insert_fields(rest);
                self.attach(PathElement::Field(Str::from(*first)), child);
            }
        }
    }

    /// Adds what comes after an element.
    pub(crate) fn attach(&mut self, element: PathElement, child: Set) {
        if child.is_empty() {
            return;
        }
        match self.children.binary_search_by(|(e, _)| e.cmp(&element)) {
            Ok(at) => self.children[at].1 = self.children[at].1.union(&child),
            Err(at) => self.children.insert(at, (element, child)),
        }
    }

    /// Returns the paths in either set.
    #[must_use]
    pub fn union(&self, other: &Set) -> Set {
        let members = merge_sorted(&self.members, &other.members, Ord::cmp, |a, b| a.or(b).cloned());
        let children = merge_sorted(
            &self.children,
            &other.children,
            |a, b| a.0.cmp(&b.0),
            |a, b| match (a, b) {
                (Some((e, a)), Some((_, b))) => Some((e.clone(), a.union(b))),
                (a, b) => a.or(b).cloned(),
            },
        );
        Set { members, children }
    }

    /// Returns the paths in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Set) -> Set {
        let members =
            merge_sorted(&self.members, &other.members, Ord::cmp, |a, b| a.filter(|_| b.is_some()).cloned());
        let children = merge_sorted(
            &self.children,
            &other.children,
            |a, b| a.0.cmp(&b.0),
            |a, b| {
                let ((element, a), (_, b)) = (a?, b?);
                let both = a.intersection(b);
                (!both.is_empty()).then(|| (element.clone(), both))
            },
        );
        Set { members, children }
    }

    /// Returns the paths that are in this set and not in the other. Paths below those of the other stay.
    #[must_use]
    pub fn difference(&self, other: &Set) -> Set {
        self.subtract(other, false)
    }

    /// Returns the paths that are in this set, without those of the other and what is below them.
    #[must_use]
    pub fn recursive_difference(&self, other: &Set) -> Set {
        self.subtract(other, true)
    }

    fn subtract(&self, other: &Set, recursive: bool) -> Set {
        let members =
            merge_sorted(&self.members, &other.members, Ord::cmp, |a, b| a.filter(|_| b.is_none()).cloned());
        let children = merge_sorted(
            &self.children,
            &other.children,
            |a, b| a.0.cmp(&b.0),
            |a, b| {
                let (element, a) = a?;
                if recursive && other.has(element) {
                    return None;
                }
                let left = match b {
                    Some((_, b)) => a.subtract(b, recursive),
                    None => a.clone(),
                };
                (!left.is_empty()).then(|| (element.clone(), left))
            },
        );
        Set { members, children }
    }

    /// Calls `see` with every path, members before what is below, both in order.
    pub fn for_each(&self, see: &mut impl FnMut(&[PathElement])) {
        self.visit(&mut Vec::new(), see);
    }

    fn visit(&self, path: &mut Vec<PathElement>, see: &mut impl FnMut(&[PathElement])) {
        for element in &self.members {
            path.push(element.clone());
            see(path);
            path.pop();
        }
        for (element, child) in &self.children {
            path.push(element.clone());
            child.visit(path, see);
            path.pop();
        }
    }

    /// Returns every path as structured-merge-diff prints it.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.for_each(&mut |path| paths.push(path.iter().map(ToString::to_string).collect()));
        paths
    }

    /// Adds the declared fields on the way to a member: a set of `a.b.c` also gets `a` if it is a declared field, but not
    /// `a.b` if that is a map's key.
    pub(crate) fn with_named_fields(&self, ty: Option<TypeRef<'_>>) -> Set {
        let map = ty.and_then(TypeRef::map_def);
        let list = ty.and_then(TypeRef::list_def);
        let mut out =
            Set { members: self.members.clone(), children: Vec::with_capacity(self.children.len()) };
        for (element, child) in &self.children {
            let inner = match element {
                PathElement::Field(name) => match map.and_then(|m| m.field(name)) {
                    Some(def) => {
                        out.insert(element.clone());
                        Some(def.ty)
                    }
                    None => map.and_then(|m| m.element),
                },
                PathElement::Key(_) => list.map(|l| l.item),
                PathElement::Value(_) | PathElement::Index(_) => None,
            };
            let inner = inner.and_then(|id| ty.map(|t| t.at(id)));
            out.children.push((element.clone(), child.with_named_fields(inner)));
        }
        out
    }
}

/// Walks two ordered lists at once; `pick` gets the entries that are equal, or one of them.
fn merge_sorted<T>(
    a: &[T],
    b: &[T],
    order: impl Fn(&T, &T) -> Ordering,
    mut pick: impl FnMut(Option<&T>, Option<&T>) -> Option<T>,
) -> Vec<T> {
    let mut out = Vec::with_capacity(a.len());
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let order = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => order(x, y),
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        let left = a.get(i).filter(|_| order.is_le());
        let right = b.get(j).filter(|_| order.is_ge());
        out.extend(pick(left, right));
        i += usize::from(order.is_le());
        j += usize::from(order.is_ge());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_value::from_json;

    fn set(text: &str) -> Set {
        Set::parse(&from_json(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn a_document_comes_back_as_it_was() {
        let text = r#"{"f:a":{".":{},"f:b":{},"k:{\"name\":\"x\"}":{".":{},"f:v":{}}},"f:s":{"v:\"m\"":{},"v:1":{}}}"#;
        assert_eq!(set(text).to_value(), from_json(text.as_bytes()).unwrap());
    }

    #[test]
    fn set_algebra() {
        let (a, b) = (set(r#"{"f:a":{".":{},"f:b":{}},"f:c":{}}"#), set(r#"{"f:a":{"f:b":{},"f:d":{}}}"#));
        assert_eq!(a.union(&b), set(r#"{"f:a":{".":{},"f:b":{},"f:d":{}},"f:c":{}}"#));
        assert_eq!(a.intersection(&b), set(r#"{"f:a":{"f:b":{}}}"#));
        assert_eq!(a.difference(&b), set(r#"{"f:a":{},"f:c":{}}"#));
        assert_eq!(a.recursive_difference(&set(r#"{"f:a":{}}"#)), set(r#"{"f:c":{}}"#));
    }

    #[test]
    fn broken_documents_are_refused() {
        for text in [r#"{"x:a":{}}"#, r#"{"k:[1]":{}}"#, r#"{"f:a":1}"#, "[]", r#"{"i:x":{}}"#] {
            assert!(Set::parse(&from_json(text.as_bytes()).unwrap()).is_err(), "{text}");
        }
    }
}
