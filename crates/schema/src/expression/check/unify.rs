use super::Kind;
use std::collections::HashMap;

/// What parameters stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Bindings {
    of: HashMap<u32, Kind>,
    next: u32,
}

impl Bindings {
    /// Returns a parameter that stands for nothing yet.
    pub fn fresh(&mut self) -> Kind {
        self.next += 1;
        Kind::Param(self.next)
    }

    /// Returns a number such that this and so many after it stand for nothing yet.
    pub fn reserve(&mut self, count: u32) -> u32 {
        let first = self.next + 1;
        self.next += count;
        first
    }

    /// Replaces parameters by what they stand for; those that stand for nothing become anything if `loosely`.
    pub fn resolved(&self, kind: &Kind, loosely: bool) -> Kind {
        let inner = |k: &Kind| self.resolved(k, loosely);
        match kind {
            Kind::Param(n) => match self.of.get(n) {
                Some(bound) => inner(bound),
                None if loosely => Kind::Dyn,
                None => kind.clone(),
            },
            Kind::List(of) => Kind::list(inner(of)),
            Kind::Map(of) => Kind::map(inner(&of.0), inner(&of.1)),
            Kind::Optional(of) => Kind::optional(inner(of)),
            Kind::Type(of) => Kind::Type(Box::new(inner(of))),
            other => other.clone(),
        }
    }

    /// Whether kinds can be given for others, one by one; what their parameters stand for is remembered if so.
    pub fn fit(&mut self, given: &[Kind], wanted: &[Kind]) -> bool {
        let mut after = self.clone();
        let fits = given.len() == wanted.len() && given.iter().zip(wanted).all(|(a, b)| after.unify(a, b));
        if fits {
            *self = after;
        }
        fits
    }

    fn unify(&mut self, a: &Kind, b: &Kind) -> bool {
        if let Kind::Param(n) = b {
            match self.bind(a, *n) {
                Bound::Yes => return true,
                Bound::Otherwise => return false,
                Bound::No => {}
            }
        }
        if let Kind::Param(n) = a {
            return matches!(self.bind(b, *n), Bound::Yes);
        }
        if a.is_loose() || b.is_loose() {
            return true;
        }
        match (a, b) {
            (Kind::Null, other) | (other, Kind::Null) => matches!(
                other,
                Kind::Null
                    | Kind::Optional(_)
                    | Kind::Named(_)
                    | Kind::Object(_)
                    | Kind::Duration
                    | Kind::Timestamp
            ),
            (Kind::List(a), Kind::List(b)) | (Kind::Optional(a), Kind::Optional(b)) => self.unify(a, b),
            (Kind::Map(a), Kind::Map(b)) => self.unify(&a.0, &b.0) && self.unify(&a.1, &b.1),
            (Kind::Type(_), Kind::Type(_)) => true,
            (Kind::Object(a), Kind::Object(b)) => a.0 == b.0,
            (a, b) => a == b,
        }
    }

    fn bind(&mut self, kind: &Kind, n: u32) -> Bound {
        if *kind == Kind::Param(n) {
            return Bound::Yes;
        }
        if let Some(bound) = self.of.get(&n).cloned() {
            if *kind == bound {
                return Bound::Yes;
            }
            if !self.unify(kind, &bound) {
                return Bound::Otherwise;
            }
            let general = most_general(kind, &bound);
            if !self.mentions(&general, n) {
                self.of.insert(n, general);
            }
            return Bound::Yes;
        }
        if self.mentions(kind, n) {
            return Bound::No;
        }
        self.of.insert(n, kind.clone());
        Bound::Yes
    }

    /// Whether a parameter is anywhere in a kind.
    fn mentions(&self, kind: &Kind, n: u32) -> bool {
        match kind {
            Kind::Param(m) => *m == n || self.of.get(m).is_some_and(|bound| self.mentions(bound, n)),
            Kind::List(of) | Kind::Optional(of) | Kind::Type(of) => self.mentions(of, n),
            Kind::Map(of) => self.mentions(&of.0, n) || self.mentions(&of.1, n),
            _ => false,
        }
    }
}

enum Bound {
    Yes,
    /// It stands for something that does not fit.
    Otherwise,
    No,
}

/// Returns the more general of two kinds that fit.
pub(super) fn most_general(a: &Kind, b: &Kind) -> Kind {
    if is_as_general(a, b) { a.clone() } else { b.clone() }
}

fn is_as_general(a: &Kind, b: &Kind) -> bool {
    match (a, b) {
        (Kind::Dyn | Kind::Param(_), _) => true,
        (_, Kind::Dyn | Kind::Param(_)) => false,
        (Kind::List(a), Kind::List(b)) | (Kind::Optional(a), Kind::Optional(b)) => is_as_general(a, b),
        (Kind::Map(a), Kind::Map(b)) => is_as_general(&a.0, &b.0) && is_as_general(&a.1, &b.1),
        (Kind::Type(_), Kind::Type(_)) => true,
        (a, b) => a == b,
    }
}
