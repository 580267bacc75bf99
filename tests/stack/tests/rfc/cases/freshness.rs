//! How long a response is fresh.

use crate::harness::{Case, case, get, ignored, ok, reused};

pub(super) fn cases() -> Vec<Case> {
    [lifetimes(), expires(), dates(), spelling(), wrong()].concat()
}

fn lifetimes() -> Vec<Case> {
    vec![
        reused("max-age is a lifetime", "9111 4.2.1", "Cache-Control: max-age=3600"),
        reused("s-maxage is a lifetime", "9111 4.2.1", "Cache-Control: s-maxage=3600"),
        reused(
            "s-maxage comes before max-age",
            "9111 4.2.1",
            "Cache-Control: max-age=0, s-maxage=3600",
        ),
        ignored(
            "an s-maxage of zero comes before max-age",
            "9111 4.2.1",
            "Cache-Control: max-age=3600, s-maxage=0",
        ),
        reused(
            "max-age comes before an Expires that passed",
            "9111 5.3",
            "Cache-Control: max-age=3600\nExpires: {-3600}",
        ),
        reused(
            "max-age comes before an Expires that is no date",
            "9111 5.3",
            "Cache-Control: max-age=3600\nExpires: 0",
        ),
        ignored(
            "a max-age of zero comes before Expires",
            "9111 5.3",
            "Cache-Control: max-age=0\nExpires: {+3600}",
        ),
        reused(
            "s-maxage comes before an Expires that passed",
            "9111 5.3",
            "Cache-Control: s-maxage=3600\nExpires: {-3600}",
        ),
        ignored(
            "an s-maxage of zero comes before Expires",
            "9111 5.3",
            "Cache-Control: s-maxage=0\nExpires: {+3600}",
        ),
        ignored("a max-age of zero is stale at once", "9111 5.2.2.1", "Cache-Control: max-age=0"),
        ignored(
            "a response as old as its lifetime is stale",
            "9111 4.2",
            "Cache-Control: max-age=60\nAge: 60",
        ),
        ignored(
            "a response older than its lifetime is stale",
            "9111 4.2",
            "Cache-Control: max-age=60\nAge: 61",
        ),
        ignored(
            "no-cache is honoured beside a lifetime",
            "9111 4.2.1",
            "Cache-Control: no-cache, max-age=3600",
        ),
        case(
            "a lifetime ends",
            "9111 4.2",
            [
                get().to(ok("Cache-Control: max-age=1")).fetched(),
                get().wait(1050).to(ok("Cache-Control: max-age=3600")).fetched(),
                get().reused(2),
            ],
        ),
    ]
}

fn expires() -> Vec<Case> {
    vec![
        reused("Expires is a lifetime", "9111 5.3", "Expires: {+3600}"),
        ignored("an Expires that passed is stale", "9111 5.3", "Expires: {-3600}"),
        ignored("an Expires of zero is stale", "9111 5.3", "Expires: 0"),
        ignored("an Expires below zero is stale", "9111 5.3", "Expires: -1"),
        ignored("an Expires that is no date is stale", "9111 5.3", "Expires: tomorrow"),
        ignored("an empty Expires is stale", "9111 5.3", "Expires: "),
        ignored("a number of seconds is no Expires", "9111 5.3", "Expires: 4102444800"),
        ignored("an Expires equal to Date is stale", "9111 4.2.1", "Date: {+0}\nExpires: {+0}"),
        reused(
            "Expires counts from a Date ahead of our clock",
            "9111 4.2.1",
            "Date: {+7200}\nExpires: {+10800}",
        ),
        ignored(
            "an Expires before a Date ahead of our clock is stale",
            "9111 4.2.1",
            "Date: {+7200}\nExpires: {+3600}",
        ),
        reused(
            "Expires counts from the arrival without Date",
            "9111 4.2.1",
            "Date: none\nExpires: {+3600}",
        ),
        ignored(
            "of two Expires the first that passed counts",
            "9111 4.2.1",
            "Expires: {-60}\nExpires: {+3600}",
        ),
        reused(
            "Expires may be many years away",
            "9111 5.3",
            "Expires: Tue, 31 Dec 2999 23:59:59 GMT",
        ),
    ]
}

fn dates() -> Vec<Case> {
    vec![
        reused("Expires may be in the form of RFC 850", "9110 5.6.7", "Expires: {+3600 rfc850}"),
        reused("Expires may be in the form of asctime", "9110 5.6.7", "Expires: {+3600 asctime}"),
        ignored(
            "an Expires of RFC 850 that passed is stale",
            "9110 5.6.7",
            "Expires: {-3600 rfc850}",
        ),
        ignored(
            "an Expires of asctime that passed is stale",
            "9110 5.6.7",
            "Expires: {-3600 asctime}",
        ),
        reused(
            "Date in the form of RFC 850 is understood",
            "9110 5.6.7",
            "Date: {+0 rfc850}\nExpires: {+3600}",
        ),
        reused(
            "the names in a date have no case",
            "9111 4.2",
            "Expires: TUE, 31 dec 2999 23:59:59 gmt",
        ),
        ignored(
            "a date without its zone is no date",
            "9111 5.3",
            "Expires: Tue, 31 Dec 2999 23:59:59",
        )
        .may(),
        ignored(
            "a date in another zone is no date",
            "9111 5.3",
            "Expires: Tue, 31 Dec 2999 23:59:59 +0100",
        )
        .may(),
        ignored(
            "a date with a month that is none is no date",
            "9111 5.3",
            "Expires: Tue, 31 Foo 2999 23:59:59 GMT",
        ),
    ]
}

fn spelling() -> Vec<Case> {
    vec![
        reused("a directive's name has no case", "9111 5.2", "Cache-Control: MaX-aGe=3600"),
        ignored("NO-STORE is no-store", "9111 5.2", "Cache-Control: MAX-AGE=3600, NO-STORE"),
        reused(
            "empty members of the list are skipped",
            "9111 5.2",
            "Cache-Control: , ,max-age=3600,",
        ),
        reused(
            "directives may be apart by tabs",
            "9111 5.2",
            "Cache-Control: public\t,\tmax-age=3600",
        ),
        reused("directives need no space", "9111 5.2", "Cache-Control: public,max-age=3600"),
        reused(
            "directives may be on two lines",
            "9111 5.2",
            "Cache-Control: public\nCache-Control: max-age=3600",
        ),
        ignored(
            "a second line counts",
            "9111 5.2",
            "Cache-Control: max-age=3600\nCache-Control: no-store",
        ),
        reused(
            "an unknown directive is skipped",
            "9111 5.2.3",
            "Cache-Control: unknown, max-age=3600",
        ),
        reused(
            "an unknown directive with a value is skipped",
            "9111 5.2.3",
            "Cache-Control: unknown=1, max-age=3600",
        ),
        reused(
            "what is quoted is no directive",
            "9111 5.2",
            "Cache-Control: unknown=\"max-age=0, no-store\", max-age=3600",
        ),
        reused(
            "a quote may be escaped in what is quoted",
            "9111 5.2",
            "Cache-Control: unknown=\"a\\\", no-store, \\\"b\", max-age=3600",
        ),
        ignored(
            "a directive after what is quoted counts",
            "9111 5.2",
            "Cache-Control: unknown=\"max-age=3600\", max-age=0",
        ),
        reused(
            "no-store within a longer name is not no-store",
            "9111 5.2.3",
            "Cache-Control: no-store-2, xno-store, max-age=3600",
        ),
        reused(
            "no-cache within a longer name is not no-cache",
            "9111 5.2.3",
            "Cache-Control: no-cached, max-age=3600",
        ),
        ignored(
            "max-age within a longer name is not max-age",
            "9111 5.2.3",
            "Cache-Control: x-max-age=3600, max-age2=3600",
        ),
        reused("a lifetime may be quoted", "9111 5.2", "Cache-Control: max-age=\"3600\""),
        reused("a lifetime may begin with zeros", "9111 1.2.2", "Cache-Control: max-age=003600"),
        reused("a lifetime may be 2^31", "9111 1.2.2", "Cache-Control: max-age=2147483648"),
        reused("a lifetime may pass 2^32", "9111 1.2.2", "Cache-Control: max-age=4294967297"),
        reused(
            "a lifetime may pass 2^64",
            "9111 1.2.2",
            "Cache-Control: max-age=99999999999999999999",
        ),
    ]
}

fn wrong() -> Vec<Case> {
    vec![
        ignored("a lifetime below zero is stale", "9111 4.2.1", "Cache-Control: max-age=-1"),
        ignored("a word is no lifetime", "9111 4.2.1", "Cache-Control: max-age=long"),
        ignored("a lifetime has a value", "9111 4.2.1", "Cache-Control: max-age"),
        ignored("a lifetime has more than an empty value", "9111 4.2.1", "Cache-Control: max-age="),
        ignored("a fraction is no lifetime", "9111 4.2.1", "Cache-Control: max-age=3600.5").may(),
        ignored("a unit makes no lifetime", "9111 4.2.1", "Cache-Control: max-age=3600s").may(),
        ignored("a space makes no lifetime", "9111 4.2.1", "Cache-Control: max-age= 3600").may(),
        ignored("single quotes make no lifetime", "9111 4.2.1", "Cache-Control: max-age='3600'")
            .may(),
        ignored(
            "a wrong max-age does not leave Expires in force",
            "9111 4.2.1",
            "Cache-Control: max-age=long\nExpires: {+3600}",
        )
        .may(),
        ignored(
            "of two lifetimes a first one of zero counts",
            "9111 4.2.1",
            "Cache-Control: max-age=0, max-age=3600",
        )
        .may(),
        ignored(
            "of two lifetimes on two lines a first one of zero counts",
            "9111 4.2.1",
            "Cache-Control: max-age=0\nCache-Control: max-age=3600",
        )
        .may(),
        ignored(
            "a semicolon parts no directives",
            "9111 5.2",
            "Cache-Control: public; max-age=3600",
        )
        .may(),
    ]
}
