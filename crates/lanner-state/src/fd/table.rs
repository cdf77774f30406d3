//! The descriptors of a process.

use std::sync::Arc;

use hashbrown::HashMap;

use super::Fd;

/// More descriptors than this are not kept (`MAX_FD_TABLE_SIZE` in libs).
const MAX_FDS: usize = 4096;

/// Numbers below this are found by index.
const DENSE: usize = 256;

/// The descriptors of a process. A copy shares everything with its original
/// until one of them changes: most processes fork only to run a program.
#[derive(Clone, Debug, Default)]
pub struct FdTable {
    slots: Option<Arc<Slots>>,
}

#[derive(Clone, Debug, Default)]
struct Slots {
    dense: Vec<Option<Arc<Fd>>>,
    sparse: HashMap<i64, Arc<Fd>>,
    count: usize,
}

fn dense_index(number: i64) -> Option<usize> {
    usize::try_from(number).ok().filter(|index| *index < DENSE)
}

impl Slots {
    fn get(&self, number: i64) -> Option<&Arc<Fd>> {
        match dense_index(number) {
            Some(index) => self.dense.get(index)?.as_ref(),
            None => self.sparse.get(&number),
        }
    }

    fn get_mut(&mut self, number: i64) -> Option<&mut Arc<Fd>> {
        match dense_index(number) {
            Some(index) => self.dense.get_mut(index)?.as_mut(),
            None => self.sparse.get_mut(&number),
        }
    }

    fn insert(&mut self, number: i64, fd: Arc<Fd>) {
        let before = match dense_index(number) {
            Some(index) => {
                if index >= self.dense.len() {
                    self.dense.resize(index + 1, None);
                }
                self.dense[index].replace(fd)
            }
            None => self.sparse.insert(number, fd),
        };
        self.count += usize::from(before.is_none());
    }

    fn remove(&mut self, number: i64) -> Option<Arc<Fd>> {
        let removed = match dense_index(number) {
            Some(index) => self.dense.get_mut(index)?.take(),
            None => self.sparse.remove(&number),
        }?;
        self.count -= 1;
        Some(removed)
    }

    fn iter(&self) -> impl Iterator<Item = (i64, &Arc<Fd>)> {
        let dense = (0..).zip(&self.dense);
        let dense = dense.filter_map(|(number, fd)| Some((number, fd.as_ref()?)));
        dense.chain(self.sparse.iter().map(|(number, fd)| (*number, fd)))
    }

    fn retain(&mut self, keep: impl Fn(i64, &Fd) -> bool) {
        for (number, slot) in (0..).zip(&mut self.dense) {
            if slot.as_ref().is_some_and(|fd| !keep(number, fd)) {
                *slot = None;
            }
        }
        self.sparse.retain(|number, fd| keep(*number, fd));
        let dense = self.dense.iter().flatten().count();
        self.count = dense + self.sparse.len();
    }
}

impl FdTable {
    /// A descriptor.
    #[must_use]
    pub fn get(&self, number: i64) -> Option<&Fd> {
        self.shared(number).map(|fd| &**fd)
    }

    /// A descriptor, to be put into another place or table.
    pub(crate) fn shared(&self, number: i64) -> Option<&Arc<Fd>> {
        self.slots.as_ref()?.get(number)
    }

    /// A descriptor, to be changed. Give it another [`Fd::id`] when something
    /// changes that can be seen.
    pub(crate) fn get_mut(&mut self, number: i64) -> Option<&mut Fd> {
        self.get(number)?;
        let slots = Arc::make_mut(self.slots.as_mut()?);
        slots.get_mut(number).map(Arc::make_mut)
    }

    /// Opens, or replaces, a descriptor. Beyond 4,096, it is dropped.
    pub fn insert(&mut self, number: i64, fd: impl Into<Arc<Fd>>) {
        let slots = Arc::make_mut(self.slots.get_or_insert_default());
        if slots.count < MAX_FDS || slots.get(number).is_some() {
            slots.insert(number, fd.into());
        }
    }

    /// Closes a descriptor.
    pub fn remove(&mut self, number: i64) -> Option<Arc<Fd>> {
        self.get(number)?;
        Arc::make_mut(self.slots.as_mut()?).remove(number)
    }

    /// Closes all that `keep` does not want.
    pub fn retain(&mut self, keep: impl Fn(i64, &Fd) -> bool) {
        if self.iter().any(|(number, fd)| !keep(number, fd))
            && let Some(slots) = &mut self.slots
        {
            Arc::make_mut(slots).retain(keep);
        }
    }

    /// Closes what an exec closes.
    pub fn close_on_exec(&mut self) {
        self.retain(|_, fd| !fd.is_close_on_exec());
    }

    /// The descriptors of a new process: those of its parent.
    #[must_use]
    pub fn clone_for_child(&self) -> Self {
        self.clone()
    }

    /// All descriptors, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (i64, &Fd)> {
        let slots = self.slots.iter().flat_map(|slots| slots.iter());
        slots.map(|(number, fd)| (number, &**fd))
    }

    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.as_ref().map_or(0, |slots| slots.count)
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::O_CLOEXEC;
    use super::*;

    fn named(name: &str) -> Fd {
        Fd {
            name: name.as_bytes().into(),
            ..Fd::default()
        }
    }

    #[test]
    fn numbers_small_large_and_negative() {
        let mut table = FdTable::default();
        for number in [0, 255, 256, i64::MAX, -22] {
            table.insert(number, named(&number.to_string()));
            assert_eq!(
                &*table.get(number).unwrap().name,
                number.to_string().as_bytes()
            );
        }
        assert_eq!(table.len(), 5);
        assert_eq!(table.iter().count(), 5);
        assert!(table.get(1).is_none());
        assert!(table.remove(1).is_none());
        assert!(table.remove(256).is_some());
        table.insert(0, named("again"));
        assert_eq!(table.len(), 4);
        table.retain(|number, _| number < 200);
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn copies_go_their_own_ways() {
        let mut parent = FdTable::default();
        parent.insert(3, named("a"));
        let mut child = parent.clone_for_child();
        child.get_mut(3).unwrap().name = b"b".as_slice().into();
        child.insert(4, named("c"));
        assert_eq!(&*parent.get(3).unwrap().name, b"a");
        assert_eq!(parent.len(), 1);
        parent.remove(3);
        assert_eq!(&*child.get(3).unwrap().name, b"b");
    }

    #[test]
    fn full_tables_take_no_more() {
        let mut table = FdTable::default();
        for number in 0..5000 {
            table.insert(number, Fd::default());
        }
        assert_eq!(table.len(), MAX_FDS);
        assert!(table.get(4999).is_none());
        table.insert(7, named("replaced"));
        assert_eq!(&*table.get(7).unwrap().name, b"replaced");
    }

    #[test]
    fn exec_closes() {
        let mut table = FdTable::default();
        table.insert(3, named("stays"));
        let goes = Fd {
            open_flags: O_CLOEXEC,
            ..Fd::default()
        };
        table.insert(4, goes.clone());
        table.insert(400, goes);
        table.close_on_exec();
        assert_eq!(table.len(), 1);
        assert!(table.get(3).is_some());
    }
}
