use crate::Quota;
use crate::store::ClassId;

/// The quotas that small entries were written with, so that an entry names one in 16 bits.
#[derive(Debug)]
pub(super) struct Quotas {
    known: Vec<(ClassId, Quota)>,
    most: usize,
}

/// Names a quota of a class; 0 names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tag(u16);

/// A configuration has tiers times classes of them, and so does each new version of it. Beyond
/// this many, entries keep their quotas by value.
const MOST: usize = 1_024;

/// How many are made room for at once.
const STEP: usize = 8;

impl Quotas {
    /// Takes so many bytes at most.
    pub(super) fn new(bytes: usize) -> Self {
        Self { known: Vec::new(), most: MOST.min(bytes / size_of::<(ClassId, Quota)>()) }
    }

    #[inline]
    pub(super) fn find(&self, tag: Tag) -> Option<&(ClassId, Quota)> {
        self.known.get(usize::from(tag.0).wrapping_sub(1))
    }

    /// The tag of a quota, made if there is room.
    pub(super) fn tag(&mut self, class: ClassId, quota: &Quota) -> Option<Tag> {
        let known = self.known.iter().position(|known| known.0 == class && known.1 == *quota);
        let index = known.or_else(|| {
            let index = self.known.len();
            if index == self.most {
                return None;
            }
            if index == self.known.capacity() {
                self.known.reserve_exact(STEP.min(self.most - index));
            }
            self.known.push((class, *quota));
            Some(index)
        })?;
        u16::try_from(index + 1).ok().map(Tag)
    }

    /// Bytes that it may take at most.
    pub(super) const fn most_bytes(&self) -> usize {
        self.most * size_of::<(ClassId, Quota)>()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.known.capacity() * size_of::<(ClassId, Quota)>()
    }
}

impl Tag {
    pub(super) const fn is_none(self) -> bool {
        self.0 == 0
    }
}
