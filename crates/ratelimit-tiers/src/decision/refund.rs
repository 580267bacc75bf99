use http::Response;

use super::{Core, Refunding};
use crate::store::Managing;

impl Core {
    /// Gives back what the response says is not counted.
    pub(crate) fn refund<B>(
        &self,
        refunding: Refunding,
        response: &mut Response<B>,
    ) -> Option<Managing<()>> {
        let manager = self.manager(refunding.is_local)?;
        // The predicates see the head, which is lent to them in a response without a body.
        let mut head = Response::new(());
        *head.status_mut() = response.status();
        *head.version_mut() = response.version();
        std::mem::swap(head.headers_mut(), response.headers_mut());
        std::mem::swap(head.extensions_mut(), response.extensions_mut());
        let classes = &self.policies.limits.classes;
        let wanted = |class: usize| {
            let refund = classes.get(class).and_then(|class| class.refund.as_ref());
            refund.is_some_and(|refund| refund(&head))
        };
        let limits: Vec<_> = refunding
            .limits
            .into_iter()
            .filter(|(class, ..)| wanted(*class))
            .map(|(_, subject, limit)| (subject, limit))
            .collect();
        std::mem::swap(head.headers_mut(), response.headers_mut());
        std::mem::swap(head.extensions_mut(), response.extensions_mut());
        let taken = refunding.taken;
        (!limits.is_empty()).then(|| manager.refund(limits, taken))
    }
}
