use smallvec::SmallVec;

use crate::gates::Permit;
use crate::{Answer, Ask, Limit, Part, Store, Subject};

/// The places that a request holds among those in flight; mostly none.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "mostly none, and every response's body carries it")]
pub(crate) struct Permits(Option<Box<Vec<Permit>>>);

/// What a request asks a store: limits in the order of their subjects.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Which tier of the plan.
    pub(super) tier: usize,
    pub(super) limits: SmallVec<[Limit; 4]>,
    /// Which of the layer's classes each limit is.
    pub(super) classes: SmallVec<[u16; 4]>,
    /// Each with the number of its limits.
    pub(super) subjects: SmallVec<[(Subject, usize); 2]>,
    pub(crate) permits: Permits,
}

impl Permits {
    pub(super) fn add(&mut self, permit: Permit) {
        self.0.get_or_insert_default().push(permit);
    }
}

impl Asked {
    /// The limits by subject.
    fn parts(&self) -> SmallVec<[Part<'_>; 2]> {
        let mut rest: &[Limit] = &self.limits;
        let part = |(subject, count): &(Subject, usize)| {
            let (limits, more) = rest.split_at_checked(*count).unwrap_or((rest, &[]));
            rest = more;
            Part { subject: *subject, limits }
        };
        self.subjects.iter().map(part).collect()
    }

    #[inline]
    pub(super) fn push(&mut self, class: usize, subject: Subject, limit: &Limit) {
        let class = u16::try_from(class).unwrap_or(u16::MAX);
        match self.subjects.last_mut() {
            Some((last, count)) if *last == subject => *count += 1,
            None => self.subjects.push((subject, 1)),
            Some(_) => return self.push_other(class, subject, limit),
        }
        self.limits.push(*limit);
        self.classes.push(class);
    }

    /// After the last of the same subject, so that each is asked once.
    #[cold]
    fn push_other(&mut self, class: u16, subject: Subject, limit: &Limit) {
        let mut at = 0;
        for (known, count) in &mut self.subjects {
            at += *count;
            if *known == subject {
                *count += 1;
                self.limits.insert(at, *limit);
                self.classes.insert(at, class);
                return;
            }
        }
        self.subjects.push((subject, 1));
        self.limits.push(*limit);
        self.classes.push(class);
    }

    #[inline]
    pub(crate) fn ask<S: Store>(&self, store: &S) -> Answer<S::Future> {
        match &*self.subjects {
            [(subject, _)] => {
                store.decide(&Ask::new(&[Part { subject: *subject, limits: &self.limits }]))
            }
            _ => store.decide(&Ask::new(&self.parts())),
        }
    }

    pub(super) fn subjects(&self) -> impl Iterator<Item = (Subject, Limit)> {
        let each = |(subject, count): &(Subject, usize)| std::iter::repeat_n(*subject, *count);
        self.subjects.iter().flat_map(each).zip(self.limits.iter().copied())
    }

    #[inline]
    pub(super) fn class(&self, index: usize) -> usize {
        self.classes.get(index).map_or(0, |class| usize::from(*class))
    }
}
