//! The objects of a build in order, with an index by identity.

use crate::id::ResId;
use crate::openapi::OpenApi;
use crate::resource::{Behavior, Resource};
use fairway_value::Str;
use std::collections::HashMap;

/// Most objects of one build.
pub const OBJECTS_MAX: usize = 200_000;

type Key = (Str, Str, Str);

/// Objects in the order in which they were added. The index finds candidates by kind, name and effective namespace; what
/// it finds is checked against the object, so that entries may be stale but never missing.
#[derive(Clone, Debug, Default)]
pub struct ResMap {
    list: Vec<Resource>,
    index: Option<Index>,
    /// Whether a patch may have deleted an object.
    has_gone: bool,
}

/// Places of objects by what they are or were called.
#[derive(Clone, Debug, Default)]
struct Index {
    by_id: HashMap<Key, Vec<usize>>,
    by_name: HashMap<Str, Vec<usize>>,
}

fn key(id: &ResId) -> Key {
    (id.gvk.kind.clone(), id.name.clone(), id.effective_namespace().into())
}

impl ResMap {
    /// Takes a single object.
    pub fn of(resource: Resource) -> Self {
        Self { list: vec![resource], ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn get(&self, n: usize) -> &Resource {
        &self.list[n]
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Resource> {
        self.list.iter()
    }

    /// Gives the objects for changing; the index is made anew when it is next needed.
    pub fn all_mut(&mut self) -> &mut Vec<Resource> {
        self.index = None;
        self.has_gone = true;
        &mut self.list
    }

    pub fn into_list(self) -> Vec<Resource> {
        self.list
    }

    /// Changes one object and keeps the index.
    pub fn update<T>(&mut self, n: usize, openapi: &OpenApi, change: impl FnOnce(&mut Resource) -> T) -> T {
        let out = change(&mut self.list[n]);
        self.has_gone |= self.list[n].is_gone();
        if let Some(index) = &mut self.index {
            note(index, n, &self.list[n], openapi);
        }
        out
    }

    fn index(&mut self, openapi: &OpenApi) -> &Index {
        let list = &self.list;
        self.index.get_or_insert_with(|| {
            let mut index = Index::default();
            for (n, resource) in list.iter().enumerate() {
                note(&mut index, n, resource, openapi);
            }
            index
        })
    }

    /// Most objects that are looked through in turn: an index costs more than it saves there.
    const FEW: usize = 16;

    /// Returns the places that an object of an identity may be at: all of them, where there are few.
    fn candidates(&mut self, id: &ResId, openapi: &OpenApi) -> Vec<usize> {
        if self.is_small() {
            let named = |r: &Resource| r.is_or_was_called(&id.name);
            return self.list.iter().enumerate().filter(|(_, r)| named(r)).map(|(n, _)| n).collect();
        }
        self.index(openapi).by_id.get(&key(id)).cloned().unwrap_or_default()
    }

    fn is_small(&self) -> bool {
        self.index.is_none() && self.list.len() <= Self::FEW
    }

    /// Returns the objects that are called this now.
    pub fn find_current(&mut self, id: &ResId, openapi: &OpenApi) -> Vec<usize> {
        let mut found = self.candidates(id, openapi);
        found.retain(|n| !self.list[*n].is_gone() && self.list[*n].id(openapi).is(id));
        found
    }

    /// Returns the objects that are or were called this.
    pub fn find_any(&mut self, id: &ResId, openapi: &OpenApi) -> Vec<usize> {
        let is =
            |r: &Resource| !r.is_gone() && (r.previous_ids().any(|p| id.is(&p)) || id.is(&r.id(openapi)));
        let mut found = self.candidates(id, openapi);
        found.retain(|n| is(&self.list[*n]));
        found
    }

    /// Returns the objects that are or were called by a name, in order.
    pub fn find_name(&mut self, name: &str, openapi: &OpenApi) -> Vec<usize> {
        if self.is_small() {
            let named = |r: &Resource| !r.is_gone() && r.is_or_was_called(name);
            return self.list.iter().enumerate().filter(|(_, r)| named(r)).map(|(n, _)| n).collect();
        }
        let mut found = self.index(openapi).by_name.get(name).cloned().unwrap_or_default();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Returns the one object that is or was called this.
    ///
    /// # Errors
    /// None, or more than one.
    pub fn find_one(&mut self, id: &ResId, openapi: &OpenApi) -> Result<usize, String> {
        match self.find_any(id, openapi).as_slice() {
            [one] => Ok(*one),
            [] => Err(format!(
                "no matches for Id {id}; failed to find unique target for patch {id}{}",
                self.near(id, openapi)
            )),
            _ => Err(format!("multiple matches for Id {id}; failed to find unique target for patch {id}")),
        }
    }

    /// Names the objects that may be meant where none has an identity: those of that name, else those of that kind.
    fn near(&self, id: &ResId, openapi: &OpenApi) -> String {
        const SHOWN_MAX: usize = 3;
        let of = |is: &dyn Fn(&Resource) -> bool| -> Vec<String> {
            let found = self.list.iter().filter(|r| !r.is_gone() && is(r)).take(SHOWN_MAX);
            found.map(|r| r.id(openapi).to_string()).collect()
        };
        let mut found = of(&|r| r.is_or_was_called(&id.name) && r.kind() == id.gvk.kind);
        if found.is_empty() {
            found = of(&|r| r.is_or_was_called(&id.name));
        }
        if found.is_empty() {
            found = of(&|r| r.kind() == id.gvk.kind);
        }
        if found.is_empty() { String::new() } else { format!("; there is {}", found.join(", ")) }
    }

    /// Adds an object.
    ///
    /// # Errors
    /// There is one of that name, or too many.
    pub fn append(&mut self, resource: Resource, openapi: &OpenApi) -> Result<(), String> {
        let id = resource.id(openapi);
        if let Some(there) = self.find_current(&id, openapi).first() {
            let place = |r: &Resource| match r.origin.file.as_str() {
                "" => String::new(),
                file => format!(" ({file}:{})", r.origin.line),
            };
            return Err(format!(
                "may not add resource with an already registered id: {id}{}; it is there already{}",
                place(&resource),
                place(&self.list[*there])
            ));
        }
        if self.list.len() >= OBJECTS_MAX {
            return Err(format!("more than {OBJECTS_MAX} objects"));
        }
        let n = self.list.len();
        if let Some(index) = &mut self.index {
            note(index, n, &resource, openapi);
        }
        self.list.push(resource);
        Ok(())
    }

    /// Adds all objects of another map.
    ///
    /// # Errors
    /// As [`ResMap::append`].
    pub fn append_all(&mut self, other: Self, openapi: &OpenApi) -> Result<(), String> {
        other.list.into_iter().try_for_each(|r| self.append(r, openapi))
    }

    /// Adds a generated object, or merges it into one of that name, as its behaviour says.
    ///
    /// # Errors
    /// The object is there and must not be, or the other way round.
    pub fn absorb(&mut self, mut resource: Resource, openapi: &OpenApi) -> Result<(), String> {
        let id = resource.id(openapi);
        let behavior = resource.state.behavior.unwrap_or_default();
        match (self.find_any(&id, openapi).as_slice(), behavior) {
            ([], Behavior::Merge | Behavior::Replace) => {
                Err(format!("id {id} does not exist; cannot merge or replace"))
            }
            ([], _) => self.append(resource, openapi),
            ([n], Behavior::Merge | Behavior::Replace) => {
                let old = &self.list[*n];
                let origin = old.annotation(crate::resource::ORIGIN_ANNOTATION);
                resource.take_metadata_of(old);
                if behavior == Behavior::Merge {
                    resource.merge_data_of(old)?;
                    if let Some(origin) = origin {
                        resource.set_annotation(crate::resource::ORIGIN_ANNOTATION, &origin);
                    }
                }
                self.update(*n, openapi, |at| *at = resource);
                Ok(())
            }
            ([_], _) => Err(format!(
                "id {id} exists; can not use behavior: '{}', behavior must be merge or replace",
                behavior.name()
            )),
            (many, _) => Err(format!("found {} objects that could accept merge of {id}", many.len())),
        }
    }

    /// Removes the objects that patches have deleted.
    pub fn drop_gone(&mut self) {
        if self.has_gone && self.list.iter().any(Resource::is_gone) {
            self.all_mut().retain(|r| !r.is_gone());
        }
        self.has_gone = false;
    }
}

fn note(index: &mut Index, n: usize, resource: &Resource, openapi: &OpenApi) {
    if resource.is_gone() {
        return;
    }
    let mut add = |id: &ResId| {
        let places = index.by_id.entry(key(id)).or_default();
        if !places.contains(&n) {
            places.push(n);
        }
        let places = index.by_name.entry(id.name.clone()).or_default();
        if places.last() != Some(&n) {
            places.push(n);
        }
    };
    add(&resource.id(openapi));
    resource.previous_ids().for_each(|id| add(&id));
}
