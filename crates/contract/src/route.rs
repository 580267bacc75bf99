use http::Extensions;

/// Reads the route template of a request, such as `/users/{id}`, from its extensions.
///
/// Each router leaves its template elsewhere; a layer takes this function and knows no router.
/// `None` means that no route matched.
pub type RouteOf = for<'a> fn(&'a Extensions) -> Option<&'a str>;
