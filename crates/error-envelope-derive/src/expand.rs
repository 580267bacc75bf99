use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::field::Field;
use crate::model::{ErrorEnum, Meaning, Own, RetryAfter, Variant};

pub(crate) fn expand(error: &ErrorEnum) -> TokenStream {
    let ErrorEnum { ident, krate, into_response, variants } = error;
    let private = &quote!(#krate::__private);
    let cases = variants.iter().map(|variant| cases(&variant.meaning, private));
    let arms = variants.iter().map(|variant| arm(variant, private));
    // Only constant evaluation sees the codes of transparent types.
    let shared = format!("two errors of `{ident}` share a code, but not their status and message");
    let into_response = into_response.then(|| quote!(#krate::__impl_into_response!(#ident);));
    quote! {
        #[automatically_derived]
        impl #private::ApiError for #ident {
            const CATALOGUE: &'static [#private::ErrorCase] = {
                const PARTS: &[&[#private::ErrorCase]] = &[#(#cases),*];
                // An item of its own is evaluated although nobody reads the catalogue.
                const JOINED: #private::Joined<{ #private::joined_len(PARTS) }> = {
                    let joined = #private::join(PARTS);
                    #private::assert!(joined.is_unique(), #shared);
                    joined
                };
                const { &JOINED }.cases()
            };

            fn to_report(&self) -> #private::ErrorReport {
                match self {
                    #(#arms)*
                }
            }
        }

        #[automatically_derived]
        impl #private::DescribeOutput for #ident {
            fn describe_output(
                _: &#private::Operation<'_>,
                description: &mut #private::Description,
            ) {
                #private::describe::<Self>(description);
            }
        }

        #into_response
    }
}

/// The catalogue's part of one variant.
fn cases(meaning: &Meaning, private: &TokenStream) -> TokenStream {
    match meaning {
        Meaning::Transparent { ty, .. } => {
            quote_spanned!(ty.span()=> <#ty as #private::ApiError>::CATALOGUE)
        }
        Meaning::Own(own) => {
            let Own { status, code, .. } = &**own;
            let message = own.message.as_ref().map_or_else(
                || quote!(#private::words(#status)),
                |message| {
                    let template = &message.template;
                    quote!(#template)
                },
            );
            quote!(&[#private::case(#status, #code, #message)])
        }
    }
}

/// The arm that turns one variant into a report.
fn arm(Variant { ident, meaning }: &Variant, private: &TokenStream) -> TokenStream {
    let (fields, report) = match meaning {
        Meaning::Transparent { field, .. } => (vec![field], transparent(field, private)),
        Meaning::Own(own) => (bound(own), report(own, private)),
    };
    let members = fields.iter().map(|field| &field.member);
    let bindings = fields.iter().map(|field| &field.binding);
    quote!(Self::#ident { #(#members: #bindings,)* .. } => #report,)
}

fn transparent(Field { binding, .. }: &Field, private: &TokenStream) -> TokenStream {
    quote_spanned!(binding.span()=> #private::ApiError::to_report(#binding))
}

/// Each field that the report needs, once.
fn bound(own: &Own) -> Vec<&Field> {
    let mut bound: Vec<&Field> = Vec::new();
    let message = own.message.iter().flat_map(|message| &message.fields);
    let details = own.details.iter().map(|(_, field)| field);
    let wait = own.retry_after.iter().filter_map(|wait| match wait {
        RetryAfter::Field(field) => Some(field),
        RetryAfter::Seconds(_) => None,
    });
    for field in message.chain(details).chain(wait) {
        if !bound.iter().any(|known| known.member == field.member) {
            bound.push(field);
        }
    }
    bound
}

fn report(own: &Own, private: &TokenStream) -> TokenStream {
    let Own { status, code, message, details, retry_after, level } = own;
    let status = quote!(const { #private::status(#status) });
    let code = quote!(const { #private::ErrorCode::from_static(#code) });
    let mut report = if let Some(message) = message {
        let message = message.expand(private);
        quote!(#private::ErrorReport::new(#status, #code, #message))
    } else {
        quote!(#private::ErrorReport::from_status(#status).with_code(#code))
    };
    if !details.is_empty() {
        let members = details
            .iter()
            .map(|(name, Field { binding, .. })| quote!(.with(#name, #private::detail(#binding))));
        report.extend(quote!(.with_details(#private::Details::none() #(#members)*)));
    }
    match retry_after {
        Some(RetryAfter::Seconds(seconds)) => {
            report.extend(quote!(.with_retry_after(#private::Duration::from_secs(#seconds))));
        }
        Some(RetryAfter::Field(Field { binding, .. })) => {
            let wait = quote_spanned!(binding.span()=> *#binding);
            report.extend(quote!(.with_retry_after(#wait)));
        }
        None => {}
    }
    if let Some(level) = level {
        report.extend(quote!(.with_log_level(#private::LogLevel::#level)));
    }
    report
}
