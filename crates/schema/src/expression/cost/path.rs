use std::cell::RefCell;
use std::rc::Rc;

/// Where a value stands: a variable, then fields, `@items`, `@keys` and `@values`. Empty where it stands nowhere.
///
/// It is as long as it was made, yet longer ones are made in the memory that it has left, as slices in Go are: where two are made of
/// one, the second may write over the end of the first. The server's counts show that, so that ours must.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    slots: Rc<RefCell<Vec<String>>>,
    length: usize,
    /// How many steps there is memory for.
    room: usize,
}

impl Path {
    pub fn of(variable: &str) -> Self {
        Self::default().below(variable)
    }

    /// The path of something below.
    pub fn below(&self, name: &str) -> Self {
        let length = self.length + 1;
        if length > self.room {
            let mut slots = self.steps();
            slots.push(name.to_owned());
            return Self { slots: Rc::new(RefCell::new(slots)), length, room: (self.room * 2).max(1) };
        }
        let mut slots = self.slots.borrow_mut();
        match slots.get_mut(self.length) {
            Some(slot) => name.clone_into(slot),
            None => slots.push(name.to_owned()),
        }
        drop(slots);
        Self { slots: self.slots.clone(), length, room: self.room }
    }

    /// What it says by now.
    pub fn steps(&self) -> Vec<String> {
        self.slots.borrow().iter().take(self.length).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_path_below_one_may_write_over_the_first() {
        let list = Path::of("self").below("list").below("@items");
        let first = list.below("tags");
        let inner = first.below("@items");
        list.below("name");
        assert_eq!(first.steps(), ["self", "list", "@items", "name"]);
        assert_eq!(inner.steps(), ["self", "list", "@items", "tags", "@items"]);
        let (a, b) = (inner.below("a"), inner.below("b"));
        assert_eq!((a.steps().pop(), b.steps().pop()), (Some("b".to_owned()), Some("b".to_owned())));
    }
}
