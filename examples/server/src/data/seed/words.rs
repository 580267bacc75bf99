//! What the demo data are made of.

use crate::domain::analyses::IssueKind;

pub(super) struct Theme {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) trigger: &'static str,
    pub(super) steps: [(&'static str, &'static str); 3],
}

pub(super) const THEMES: [Theme; 8] = [
    Theme {
        name: "New contact welcome",
        description: "Greets a new contact by mail, follows up by text message and asks the \
                      front desk to call whoever does not answer.",
        trigger: "contact.created",
        steps: [
            ("send_email", "Send the welcome mail"),
            ("send_sms", "Ask for a good time to call"),
            ("create_task", "Call those who stay silent"),
        ],
    },
    Theme {
        name: "Missed call text-back",
        description: "Answers every missed call with a text message within the minute, and \
                      offers the next free appointment.",
        trigger: "call.missed",
        steps: [
            ("send_sms", "Apologise and offer to call back"),
            ("wait_for_reply", "Wait for an answer"),
            ("assign_user", "Hand over to the front desk"),
        ],
    },
    Theme {
        name: "Appointment reminder",
        description: "Reminds of an appointment a day and an hour before, and offers to move \
                      it when the answer is no.",
        trigger: "appointment.booked",
        steps: [
            ("send_email", "Confirm the appointment"),
            ("send_sms", "Remind a day before"),
            ("send_sms", "Remind an hour before"),
        ],
    },
    Theme {
        name: "No-show recovery",
        description: "Writes to those who missed their appointment, and books them again \
                      without a telephone call.",
        trigger: "appointment.no_show",
        steps: [
            ("send_sms", "Ask whether everything is well"),
            ("send_email", "Send the booking page"),
            ("add_tag", "Mark as not recovered"),
        ],
    },
    Theme {
        name: "Review request",
        description: "Asks happy customers for a public review, and sends unhappy ones to the \
                      manager first.",
        trigger: "appointment.completed",
        steps: [
            ("send_sms", "Ask how the visit was"),
            ("branch", "Part the happy from the unhappy"),
            ("send_email", "Send the review page"),
        ],
    },
    Theme {
        name: "Quote follow-up",
        description: "Follows up a quote that nobody has accepted, three times in two weeks, \
                      and then closes the opportunity.",
        trigger: "opportunity.quoted",
        steps: [
            ("send_email", "Ask for open questions"),
            ("create_task", "Call about the quote"),
            ("update_opportunity", "Close what went cold"),
        ],
    },
    Theme {
        name: "Invoice reminder",
        description: "Reminds of an unpaid invoice before it is due, on the day, and a week \
                      later with a copy to the accountant.",
        trigger: "invoice.sent",
        steps: [
            ("send_email", "Remind before it is due"),
            ("send_sms", "Remind on the day"),
            ("notify_user", "Tell the accountant"),
        ],
    },
    Theme {
        name: "Dormant reactivation",
        description: "Writes to contacts who were silent for half a year with a reason to come \
                      back, and tags those who open it.",
        trigger: "contact.dormant",
        steps: [
            ("send_email", "Send a reason to come back"),
            ("add_tag", "Mark those who opened it"),
            ("send_sms", "Offer an appointment"),
        ],
    },
];

/// The kind, what is wrong, and what to do about it.
pub(super) const ISSUES: [(IssueKind, &str, &str); 5] = [
    (
        IssueKind::DeadEnd,
        "A branch ends without an action.",
        "End every branch with an action or with an explicit stop.",
    ),
    (
        IssueKind::DuplicateTrigger,
        "Another active workflow starts on the same event.",
        "Merge the two workflows, or part them by a filter.",
    ),
    (
        IssueKind::MissingFallback,
        "Nothing happens when a message cannot be delivered.",
        "Add a second channel for messages that bounce.",
    ),
    (
        IssueKind::LongDelay,
        "A step waits for more than two days.",
        "Answer within a day: most contacts do not wait longer.",
    ),
    (
        IssueKind::UnreachableStep,
        "A step stands behind a condition that is never met.",
        "Remove the step, or correct its condition.",
    ),
];

pub(super) const GIVEN_NAMES: [&str; 16] = [
    "Ada", "Amara", "Bruno", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hiro", "Ines", "Jonas",
    "Keiko", "Liam", "Mina", "Noor", "Oscar",
];

pub(super) const FAMILY_NAMES: [&str; 16] = [
    "Adler", "Becker", "Castro", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanova",
    "Jensen", "Kaur", "Lopez", "Moreau", "Nakamura", "Okafor", "Petrov",
];

/// Reserved for documents by RFC 2606: nobody can be written to by accident.
pub(super) const DOMAINS: [&str; 3] = ["example.com", "example.net", "example.org"];

pub(super) const COMPANIES: [&str; 8] = [
    "Bluebird Bakery",
    "Cedar Clinic",
    "Delta Motors",
    "Evergreen Gardens",
    "Foxglove Florists",
    "Granite Builders",
    "Hilltop Hotel",
    "Ivory Interiors",
];

pub(super) const SOURCES: [&str; 5] = ["website", "referral", "google-ads", "facebook", "walk-in"];
