//! Stub until the derive is written.

use proc_macro::TokenStream;

/// Stub.
#[proc_macro_derive(ApiError, attributes(api))]
pub fn api_error(_: TokenStream) -> TokenStream {
    TokenStream::new()
}
