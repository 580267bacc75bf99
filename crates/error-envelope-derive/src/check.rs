//! From what is written to what is meant, or to every mistake at once.

use std::collections::HashMap;

use proc_macro2::Ident;
use syn::{Data, DeriveInput, LitInt, LitStr, parse_quote};

use crate::attr::{self, Detail, EnumKeys, Keys, Wait};
use crate::errors::Errors;
use crate::field::{Field, Fields};
use crate::message::Message;
use crate::model::{ErrorEnum, Meaning, Own, RetryAfter, Variant};

pub(crate) fn check(input: &DeriveInput) -> syn::Result<ErrorEnum> {
    let mut errors = Errors::default();
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new_spanned(
            &input.ident,
            "`ApiError` is derived for enums: each variant is one error",
        ));
    };
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "`ApiError` is derived for enums without generics: a catalogue belongs to one type",
        );
    }
    if data.variants.is_empty() {
        errors.at(&input.ident, "an enum without variants reports no error");
    }
    let keys = EnumKeys::read(&input.attrs, &mut errors);
    let variants: Vec<_> = data.variants.iter().filter_map(|it| variant(it, &mut errors)).collect();
    each_code_once(&variants, &mut errors);
    errors.finish()?;
    Ok(ErrorEnum {
        ident: input.ident.clone(),
        krate: keys.krate.unwrap_or_else(|| parse_quote!(::bartizan_error_envelope)),
        into_response: keys.into_response,
        variants,
    })
}

/// Checks a variant; nothing is left of it after a mistake.
fn variant(variant: &syn::Variant, errors: &mut Errors) -> Option<Variant> {
    let fields = Fields { variant: &variant.ident, all: &variant.fields };
    for misplaced in variant.fields.iter().flat_map(|field| attr::api(&field.attrs)) {
        errors.at(misplaced, "`#[api(...)]` belongs on the variant, not on its fields");
    }
    let Some(keys) = Keys::read(&variant.attrs, errors) else {
        let ident = &variant.ident;
        errors.at(
            ident,
            format!(
                "`{ident}` lacks `#[api(status = ..., code = \"...\")]` or `#[api(transparent)]`"
            ),
        );
        return None;
    };
    let meaning = if keys.has("transparent") {
        transparent(&keys, &fields, errors)?
    } else {
        Meaning::Own(Box::new(own(keys, &fields, errors)?))
    };
    Some(Variant { ident: variant.ident.clone(), meaning })
}

fn transparent(keys: &Keys, fields: &Fields<'_>, errors: &mut Errors) -> Option<Meaning> {
    for other in keys.written.iter().filter(|key| *key != "transparent") {
        errors.at(
            other,
            format!("`{other}` does not go with `transparent`: the inner error says it"),
        );
    }
    let only = fields.only();
    if only.is_none() {
        let (variant, len) = (fields.variant, fields.all.len());
        errors.at(
            variant,
            format!("`transparent` stands for the one field of a variant; `{variant}` has {len}"),
        );
    }
    only.map(|(field, ty)| Meaning::Transparent { field, ty: Box::new(ty.clone()) })
}

fn own(keys: Keys, fields: &Fields<'_>, errors: &mut Errors) -> Option<Own> {
    for key in ["status", "code"] {
        if !keys.has(key) {
            errors.at(fields.variant, format!("`{}` lacks `{key}`", fields.variant));
        }
    }
    let status = keys.status.and_then(|status| errors.value_of(checked_status(&status)));
    let code = keys.code.and_then(|code| errors.value_of(checked_code(code)));
    let message = keys.message.and_then(|it| errors.value_of(Message::parse(it, fields)));
    let retry_after = keys.retry_after.and_then(|it| errors.value_of(retry_after(&it, fields)));
    let level = keys.level.and_then(|level| errors.value_of(checked_level(&level)));
    let details = details(&keys.details, fields, errors);
    Some(Own { status: status?, code: code?, message, details, retry_after, level })
}

fn checked_status(status: &LitInt) -> syn::Result<u16> {
    match status.base10_parse() {
        Ok(number @ 400..=599) => Ok(number),
        _ => Err(syn::Error::new_spanned(status, "an error's status is from 400 to 599")),
    }
}

/// `Code::MAX_LEN` of bartizan-contract.
const MAX_CODE_LEN: usize = 63;

fn checked_code(code: LitStr) -> syn::Result<LitStr> {
    let text = code.value();
    let well_formed = text.len() <= MAX_CODE_LEN
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|c| matches!(c, 'A'..='Z' | '0'..='9' | '_'))
        && !text.ends_with('_');
    if well_formed {
        return Ok(code);
    }
    Err(syn::Error::new_spanned(
        code,
        "a code is UPPER_SNAKE: at most 63 of `A-Z`, `0-9` and `_`, \
         a letter first and no `_` last",
    ))
}

fn checked_level(level: &LitStr) -> syn::Result<Ident> {
    let variant = match level.value().as_str() {
        "off" => "Off",
        "debug" => "Debug",
        "info" => "Info",
        "warn" => "Warn",
        "error" => "Error",
        _ => {
            let text = "a level is `off`, `debug`, `info`, `warn` or `error`";
            return Err(syn::Error::new_spanned(level, text));
        }
    };
    Ok(Ident::new(variant, level.span()))
}

fn retry_after(wait: &Wait, fields: &Fields<'_>) -> syn::Result<RetryAfter> {
    match wait {
        Wait::Field(name) => fields.find(name).map(RetryAfter::Field),
        Wait::Seconds(seconds) => match seconds.base10_parse()? {
            0 => Err(syn::Error::new_spanned(
                seconds,
                "`retry_after` is at least 1 second; the field at a position is written `.0`",
            )),
            number => Ok(RetryAfter::Seconds(number)),
        },
    }
}

/// Members that the renderings of a report write themselves, as `Details` of bartizan-contract
/// has them.
const RESERVED: [&str; 8] =
    ["message", "code", "requestId", "type", "title", "status", "detail", "instance"];

fn details(all: &[Detail], fields: &Fields<'_>, errors: &mut Errors) -> Vec<(String, Field)> {
    let mut known: Vec<(String, Field)> = Vec::with_capacity(all.len());
    for Detail { name, span, field } in all {
        if RESERVED.contains(&name.as_str()) {
            let text = format!("an error object has a member `{name}` already; name it otherwise");
            errors.push(syn::Error::new(*span, text));
        } else if known.iter().any(|(other, _)| other == name) {
            errors.push(syn::Error::new(*span, format!("the member `{name}` is given twice")));
        }
        if let Some(field) = errors.value_of(fields.find(field)) {
            known.push((name.clone(), field));
        }
    }
    known
}

fn each_code_once(variants: &[Variant], errors: &mut Errors) {
    let mut owners = HashMap::new();
    for Variant { ident, meaning } in variants {
        if let Meaning::Own(own) = meaning {
            let code = own.code.value();
            if let Some(first) = owners.get(&code) {
                errors.at(&own.code, format!("`{ident}` has the code of `{first}`, `{code}`"));
            } else {
                owners.insert(code, ident);
            }
        }
    }
}
