//! A variant's fields, as attributes and messages name them.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Index, LitInt, Member, Token};

/// A field's name or position as it was written: `wait`, `0` or `.0`.
pub(crate) struct FieldName {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Parse for FieldName {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let _: Option<Token![.]> = input.parse()?;
        if input.peek(LitInt) {
            let index: Index = input.parse()?;
            return Ok(Self { text: index.index.to_string(), span: index.span });
        }
        let name = input.call(Ident::parse_any).map_err(|error| {
            syn::Error::new(error.span(), "expected a field's name or position")
        })?;
        Ok(Self { text: name.unraw().to_string(), span: name.span() })
    }
}

/// A field that exists, at the place that named it.
#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) member: Member,
    /// The variable it is bound to.
    pub(crate) binding: Ident,
}

impl Field {
    fn new(member: Member, span: Span) -> Self {
        let name = text_of(&member);
        // Invisible to the author's code, yet an error about its type points to where it is named.
        let binding = format_ident!("field_{name}", span = Span::mixed_site().located_at(span));
        Self { member, binding }
    }
}

/// The fields of one variant.
pub(crate) struct Fields<'a> {
    pub(crate) variant: &'a Ident,
    pub(crate) all: &'a syn::Fields,
}

impl Fields<'_> {
    pub(crate) fn find(&self, name: &FieldName) -> syn::Result<Field> {
        self.all
            .members()
            .find(|member| text_of(member) == name.text)
            .map(|member| Field::new(member, name.span))
            .ok_or_else(|| syn::Error::new(name.span, self.unknown(&name.text)))
    }

    /// The only field, when it is one.
    pub(crate) fn only(&self) -> Option<(Field, &syn::Type)> {
        match (self.all.members().next(), self.all.iter().next(), self.all.len()) {
            (Some(member), Some(field), 1) => {
                let span = syn::spanned::Spanned::span(&field.ty);
                Some((Field::new(member, span), &field.ty))
            }
            _ => None,
        }
    }

    fn unknown(&self, name: &str) -> String {
        let known: Vec<_> =
            self.all.members().map(|member| format!("`{}`", text_of(&member))).collect();
        let variant = self.variant;
        match &*known {
            [] => format!("no field `{name}`: `{variant}` has no fields"),
            [one] => format!("no field `{name}`: the only field of `{variant}` is {one}"),
            _ => format!("no field `{name}`: the fields of `{variant}` are {}", known.join(", ")),
        }
    }
}

fn text_of(member: &Member) -> String {
    match member {
        Member::Named(name) => name.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}
