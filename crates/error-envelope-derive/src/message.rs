use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

use crate::field::{Field, FieldName, Fields};

/// The client's words with places for fields, in the syntax of `std::fmt`.
pub(crate) struct Message {
    /// As the author wrote it; the catalogue shows this.
    pub(crate) template: LitStr,
    /// With each field replaced by its binding, braces still doubled.
    format: String,
    /// With single braces; the message itself when it names no field.
    text: String,
    /// Each named field once.
    pub(crate) fields: Vec<Field>,
}

impl Message {
    pub(crate) fn parse(template: LitStr, fields: &Fields<'_>) -> syn::Result<Self> {
        let written = template.value();
        let span = template.span();
        let error = |text: &str| syn::Error::new(span, text);
        let mut message =
            Self { template, format: String::new(), text: String::new(), fields: Vec::new() };
        let mut rest = written.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            let (plain, marked) = rest.split_at(at);
            message.push(plain, plain);
            rest = if let Some(after) = marked.strip_prefix("{{") {
                message.push("{{", "{");
                after
            } else if let Some(after) = marked.strip_prefix("}}") {
                message.push("}}", "}");
                after
            } else if let Some(open) = marked.strip_prefix('{') {
                let (inside, after) = open
                    .split_once('}')
                    .ok_or_else(|| error("`{` is never closed; a brace itself is written `{{`"))?;
                let (name, spec) = inside.split_once(':').unwrap_or((inside, ""));
                let text = name.trim();
                if text.is_empty() {
                    return Err(error("`{}` names no field: write its name or position, as `{0}`"));
                }
                if spec.contains('$') || spec.contains(".*") {
                    return Err(error("a width or precision is written as a number here"));
                }
                message.place(fields.find(&FieldName { text: text.to_owned(), span })?, spec);
                after
            } else {
                return Err(error("`}` closes nothing; a brace itself is written `}}`"));
            };
        }
        message.push(rest, rest);
        Ok(message)
    }

    /// An expression of the message.
    pub(crate) fn expand(&self, private: &TokenStream) -> TokenStream {
        let span = self.template.span();
        if self.fields.is_empty() {
            let text = LitStr::new(&self.text, span);
            return quote!(#text);
        }
        let format = LitStr::new(&self.format, span);
        let bindings = self.fields.iter().map(|field| &field.binding);
        quote!(#private::format!(#format, #(#bindings = #bindings),*))
    }

    fn push(&mut self, format: &str, text: &str) {
        self.format.push_str(format);
        self.text.push_str(text);
    }

    fn place(&mut self, field: Field, spec: &str) {
        let colon = if spec.is_empty() { "" } else { ":" };
        self.push(&format!("{{{}{colon}{spec}}}", field.binding), "");
        if !self.fields.iter().any(|known| known.member == field.member) {
            self.fields.push(field);
        }
    }
}
