//! The promises of the HTTP interface, kept through the whole router.

mod answer;
mod caching;
mod client;
mod compression;
mod cors;
mod csrf;
mod endpoints;
mod errors;
mod headers;
mod limits;
mod limits_in_redis;
mod logins;
mod outage;
mod platform;
mod probes;
mod served;
mod wire;

pub(crate) use self::answer::Answer;
pub(crate) use self::client::ROOMY;
pub(crate) use self::wire::Connection;

suite! {
    in endpoints;
    analyses:
        analyzes_a_workflow_and_stores_what_was_found
        refuses_to_analyze_what_is_not_there
        clips_the_history_to_the_tier_and_shows_the_newest_first
        bounds_the_history
        has_an_index_for_the_history;
    leads:
        pages_through_the_leads_newest_first
        bounds_the_pages
        takes_a_lead_from_anybody
        names_the_field_of_a_lead_that_has_to_be_mended;
    limits:
        refuses_the_last_5_of_25_lists
        refuses_the_last_2_of_12_analyses
        refuses_all_lists_of_leads_from_the_sixth_on
        grants_each_account_the_quotas_of_its_tier
        counts_the_analyses_of_an_account
        counts_a_session_by_its_account
        counts_all_prefixes_together
        limits_the_guessing_of_keys
        bounds_registrations_by_address
        blocks_whoever_guesses_a_password
        gives_successful_logins_back;
    prefixes:
        answers_every_route_alike_under_each_prefix;
    production:
        asks_for_an_account_where_there_are_no_demo_data
        knows_no_demo_key_though_demo_data_are_there
        gives_each_user_a_location_of_their_own
        has_no_platform_until_one_is_configured;
    tenancy:
        shows_each_key_its_own_location
        refuses_a_key_that_opens_nothing
        shows_the_first_demo_location_to_anonymous_callers;
    users:
        registers_a_user_once
        names_the_field_of_a_registration_that_has_to_be_mended
        opens_a_session_with_a_cookie_of_its_own
        tells_nobody_which_half_of_the_credentials_is_wrong
        ends_a_session_for_good;
    workflows:
        lists_the_workflows_of_the_location
        finds_one_workflow
        refuses_an_id_that_is_none;
}
