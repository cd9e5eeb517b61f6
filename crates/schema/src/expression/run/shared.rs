//! Lists and maps that are copied without their entries.

use cel::ExecutionError;
use cel::common::traits::{Adder, Container, Indexer, Iterable, Sizer, Zeroer};
use cel::common::types::{CelList, CelMap, LIST_TYPE, MAP_TYPE, Type};
use cel::common::value::{Builtin, BuiltinRef, CowVal, Val};
use std::sync::Arc;

/// Makes a type a list or map of the language that shares its entries.
macro_rules! shared {
    ($(#[$doc:meta])* $name:ident, $of:ident, $type:ident, $builtin:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(crate) struct $name(Arc<$of<'static>>);

        impl From<$of<'static>> for $name {
            fn from(of: $of<'static>) -> Self {
                Self(Arc::new(of))
            }
        }

        impl Val for $name {
            fn get_type(&self) -> &Type {
                &$type
            }
            fn cel_type() -> &'static Type {
                &$type
            }
            fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
            where
                Self: 'v,
            {
                self.0.as_adder()
            }
            fn as_container(&self) -> Option<&dyn Container> {
                self.0.as_container()
            }
            fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
            where
                Self: 'v,
            {
                self.0.as_indexer()
            }
            fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>>
            where
                Self: 'v,
            {
                Some(self)
            }
            fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
            where
                Self: 'v,
            {
                self.0.as_iterable()
            }
            fn as_sizer(&self) -> Option<&dyn Sizer> {
                self.0.as_sizer()
            }
            fn as_zeroer(&self) -> Option<&dyn Zeroer> {
                self.0.as_zeroer()
            }
            fn equals(&self, other: &dyn Val) -> bool {
                self.0.equals(other)
            }
            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
            where
                Self: 'v,
            {
                Box::new(self.clone())
            }
            fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v>
            where
                Self: 'v,
            {
                BuiltinRef::$builtin(&self.0)
            }
            fn into_builtin<'v>(self: Box<Self>) -> Option<Builtin<'v>>
            where
                Self: 'v,
            {
                Some(Builtin::$builtin((*self.0).clone()))
            }
        }

        impl Indexer for $name {
            fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
            where
                Self: 'v,
            {
                Indexer::get(&*self.0, key)
            }
            fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
            where
                Self: 'v,
            {
                Indexer::get(&*self.0, key).map(CowVal::into_owned)
            }
        }
    };
}

shared!(
    /// A list that is copied without its entries.
    SharedList, CelList, LIST_TYPE, List
);
shared!(
    /// A map that is copied without its entries.
    SharedMap, CelMap, MAP_TYPE, Map
);

#[cfg(test)]
mod tests {
    use super::*;
    use cel::common::types::CelInt;

    #[test]
    fn a_copy_is_as_the_list_itself() {
        let plain = || CelList::from(vec![Box::new(CelInt::from(7)) as Box<dyn Val>]);
        let shared = SharedList::from(plain());
        let copy = shared.clone_as_boxed();
        assert!(copy.equals(&plain()) && plain().equals(copy.as_ref()));
        let stolen = Box::new(shared).into_indexer().unwrap().steal(&CelInt::from(0)).unwrap();
        assert!(stolen.equals(&CelInt::from(7)));
    }
}
