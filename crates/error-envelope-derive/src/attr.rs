//! The syntax of `#[api(...)]`, before anything is known about the variant it stands on.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, LitInt, LitStr, Path, Token, parenthesized};

use crate::errors::Errors;
use crate::field::FieldName;

/// The keys of one variant, from all its `#[api(...)]`.
#[derive(Default)]
pub(crate) struct Keys {
    /// Each key that was written, whether or not it and its value made sense.
    pub(crate) written: Vec<Ident>,
    pub(crate) status: Option<LitInt>,
    pub(crate) code: Option<LitStr>,
    pub(crate) message: Option<LitStr>,
    pub(crate) details: Vec<Detail>,
    pub(crate) retry_after: Option<Wait>,
    pub(crate) level: Option<LitStr>,
}

/// A member of the error object and the field it shows.
pub(crate) struct Detail {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) field: FieldName,
}

/// When the client may come back.
pub(crate) enum Wait {
    Seconds(LitInt),
    Field(FieldName),
}

impl Keys {
    /// Reads the attributes of a variant; nothing, when there is no `#[api(...)]` among them.
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Option<Self> {
        let mut found = None;
        for attribute in api(attributes) {
            let keys = found.get_or_insert_with(Self::default);
            let parsed = attribute.parse_args_with(|input: ParseStream<'_>| {
                while !input.is_empty() {
                    if let Err(error) = keys.key(input) {
                        errors.push(error);
                        skip_value(input)?;
                    }
                    if !input.is_empty() {
                        input.parse::<Token![,]>()?;
                    }
                }
                Ok(())
            });
            errors.value_of(parsed);
        }
        found
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.written.iter().any(|written| written == key)
    }

    fn key(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let key = input
            .call(Ident::parse_any)
            .map_err(|error| syn::Error::new(error.span(), format!("expected {KNOWN}")))?;
        let name = key.to_string();
        if self.has(&name) {
            return Err(syn::Error::new(key.span(), format!("`{name}` is given twice")));
        }
        let span = key.span();
        self.written.push(key);
        match name.as_str() {
            "transparent" => {}
            "status" => self.status = Some(value(input, "a number, as in `status = 404`")?),
            "code" => self.code = Some(value(input, "a text, as in `code = \"NOT_FOUND\"`")?),
            "message" => self.message = Some(value(input, "a text, as in `message = \"...\"`")?),
            "details" => self.details = details(input)?,
            "retry_after" => {
                let expected = "seconds or a field, as in `retry_after = 30` or `retry_after = .0`";
                self.retry_after = Some(value(input, expected)?);
            }
            "level" => self.level = Some(value(input, "a text, as in `level = \"warn\"`")?),
            _ => {
                let text = format!("unknown key `{name}`; expected {KNOWN}");
                return Err(syn::Error::new(span, text));
            }
        }
        Ok(())
    }
}

const KNOWN: &str =
    "`status`, `code`, `message`, `details`, `retry_after`, `level` or `transparent`";

/// The keys of the enum itself, from all its `#[api(...)]`.
#[derive(Default)]
pub(crate) struct EnumKeys {
    pub(crate) krate: Option<Path>,
    pub(crate) into_response: bool,
}

impl EnumKeys {
    pub(crate) fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = Self::default();
        for attribute in api(attributes) {
            let parsed = attribute.parse_nested_meta(|meta| keys.key(&meta));
            errors.value_of(parsed);
        }
        keys
    }

    fn key(&mut self, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        if meta.path.is_ident("crate") {
            once(self.krate.is_some(), "crate", meta)?;
            self.krate = Some(meta.value()?.call(Path::parse_mod_style)?);
        } else if meta.path.is_ident("into_response") {
            once(self.into_response, "into_response", meta)?;
            self.into_response = true;
        } else {
            let text = "the keys on an enum are `crate` and `into_response`; \
                        others belong on its variants";
            return Err(meta.error(text));
        }
        Ok(())
    }
}

fn once(known: bool, key: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    if known { Err(meta.error(format!("`{key}` is given twice"))) } else { Ok(()) }
}

/// The `#[api]` among other attributes.
pub(crate) fn api(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("api"))
}

fn value<T: Parse>(input: ParseStream<'_>, expected: &str) -> syn::Result<T> {
    let parsed = input.parse::<Token![=]>().and_then(|_| input.parse());
    parsed.map_err(|error| syn::Error::new(error.span(), format!("expected {expected}")))
}

fn details(input: ParseStream<'_>) -> syn::Result<Vec<Detail>> {
    if !input.peek(syn::token::Paren) {
        return Err(input.error("expected a list, as in `details(field, member = field)`"));
    }
    let inside;
    parenthesized!(inside in input);
    let all = Punctuated::<Detail, Token![,]>::parse_terminated(&inside);
    // What is left after a mistake would be reported once more.
    inside.parse::<TokenStream>()?;
    Ok(all?.into_iter().collect())
}

/// Goes on behind a value that was not understood, so that later keys are still looked at.
fn skip_value(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

impl Parse for Detail {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (name, span) = if input.peek(LitStr) {
            let name: LitStr = input.parse()?;
            (name.value(), name.span())
        } else {
            let name: FieldName = input.parse()?;
            if !input.peek(Token![=]) {
                return Self::shorthand(name);
            }
            (name.text, name.span)
        };
        let field = value(input, "a field, as in `member = field` or `member = 0`")?;
        Ok(Self { name, span, field })
    }
}

impl Detail {
    /// A named field is shown under its own name; a position has none.
    fn shorthand(field: FieldName) -> syn::Result<Self> {
        if field.text.starts_with(|first: char| first.is_ascii_digit()) {
            let text = format!("a position needs a name: `details(member = {})`", field.text);
            return Err(syn::Error::new(field.span, text));
        }
        Ok(Self { name: field.text.clone(), span: field.span, field })
    }
}

impl Parse for Wait {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitInt) {
            input.parse().map(Self::Seconds)
        } else {
            input.parse().map(Self::Field)
        }
    }
}
