use super::apply::{as_bool, misfit};
use super::eval::{Got, Run, Stop, tried};
use super::loops::entries;
use super::plan::{Collect, Item};
use super::scope::Scope;
use super::{SharedList, SharedMap};
use crate::expression::cost::STEP;
use cel::ExecutionError;
use cel::common::types::{CelList, CelMap, CelMapKey};
use cel::common::value::{CowVal, Val};
use std::collections::HashMap;

/// What was collected.
enum Found {
    List(Vec<Box<dyn Val>>),
    Map(HashMap<CelMapKey<'static>, Box<dyn Val>>),
}

/// What one turn has added.
enum Added {
    Entries(Vec<Box<dyn Val>>),
    Pairs(Vec<(CelMapKey<'static>, Box<dyn Val>)>),
}

impl Run {
    /// Runs a loop that collects. What has failed stays failed, and is gone on with: the turns behind it cost as well.
    pub fn collect<'s>(&self, made: &'s Collect, scope: &'s Scope<'s>) -> Got<'s> {
        let range = self.step(&made.range, scope)?;
        let mut found = match &made.item {
            Item::Entries(_) => Found::List(Vec::new()),
            Item::Pair(..) | Item::Map(_) => Found::Map(HashMap::new()),
        };
        let mut failed: Option<ExecutionError> = None;
        for entry in &entries(range.as_ref(), &made.variables)? {
            entry.within(&made.variables, scope, |inner| {
                if let Some(filter) = &made.filter {
                    match tried(self.step(filter, inner))? {
                        Ok(value) => match as_bool(value.as_ref()) {
                            Some(true) => {}
                            Some(false) => return Ok(()),
                            None => {
                                failed = Some(misfit("_?_:_", [value.as_ref()]));
                                return Ok(());
                            }
                        },
                        Err(error) => {
                            failed = Some(error);
                            return Ok(());
                        }
                    }
                }
                match tried(self.added(&made.item, failed.is_some(), inner))? {
                    Ok(added) if failed.is_none() => failed = put(&mut found, added).err(),
                    Ok(_) => {}
                    Err(error) => failed = failed.take().or(Some(error)),
                }
                Ok::<(), Stop>(())
            })?;
        }
        self.spend(STEP)?;
        match (failed, found) {
            (Some(error), _) => Err(error.into()),
            (None, Found::List(items)) => Ok(CowVal::owned(SharedList::from(CelList::from(items)))),
            (None, Found::Map(map)) => Ok(CowVal::owned(SharedMap::from(CelMap::from(map)))),
        }
    }

    /// Says what there is so far, makes what is added, and adds it.
    fn added(&self, item: &Item, has_failed: bool, scope: &Scope<'_>) -> Result<Added, Stop> {
        self.spend(STEP)?;
        match item {
            Item::Entries(list) => {
                let list = tried(self.step(list, scope))?.map(CowVal::into_owned);
                self.spend(1)?;
                match list?.downcast_ref::<CelList<'static>>() {
                    Some(list) => Ok(Added::Entries(list.inner().to_vec())),
                    None => Ok(Added::Entries(Vec::new())),
                }
            }
            Item::Pair(key, value) => {
                if has_failed {
                    return Ok(Added::Pairs(Vec::new()));
                }
                let key = self.step(key, scope)?;
                let value = tried(self.step(value, scope))?.map(CowVal::into_owned);
                self.spend(1)?;
                Ok(Added::Pairs(vec![(key.try_into()?, value?)]))
            }
            Item::Map(map) => {
                let map = tried(self.step(map, scope))?.map(CowVal::into_owned);
                self.spend(1)?;
                let map = map?;
                let Some(map) = map.downcast_ref::<CelMap<'static>>() else {
                    return Err(misfit("cel.@mapInsert", [map.as_ref()]).into());
                };
                let pairs = map.inner().iter().map(|(key, value)| (key.clone(), value.clone()));
                Ok(Added::Pairs(pairs.collect()))
            }
        }
    }
}

fn put(found: &mut Found, added: Added) -> Result<(), ExecutionError> {
    match (found, added) {
        (Found::List(items), Added::Entries(more)) => items.extend(more),
        (Found::Map(map), Added::Pairs(pairs)) => {
            for (key, value) in pairs {
                let shown = shown(&key);
                if map.insert(key, value).is_some() {
                    let why = format!("insert failed: key {shown} already exists");
                    return Err(ExecutionError::function_error("cel.@mapInsert", why));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn shown(key: &CelMapKey<'_>) -> String {
    match key {
        CelMapKey::Int(number) => number.inner().to_string(),
        CelMapKey::UInt(number) => number.inner().to_string(),
        CelMapKey::Bool(value) => value.inner().to_string(),
        CelMapKey::String(text) => text.inner().to_owned(),
    }
}
