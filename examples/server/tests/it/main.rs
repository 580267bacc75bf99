//! The promises of the data, of the HTTP interface and of the program; what depends on the
//! database is kept on SQLite and on PostgreSQL.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

/// Makes a test of every case for every database.
macro_rules! suite {
    (in $cases:ident; $($module:ident: $($case:ident)*;)*) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test]
                async fn $case() {
                    super::super::$cases::$module::$case(crate::world::World::sqlite()).await;
                })*
            })*
        }

        mod postgres {
            $(mod $module {
                $(#[tokio::test]
                async fn $case() {
                    super::super::$cases::$module::$case(crate::world::World::postgres()).await;
                })*
            })*
        }
    };
}

mod auto_traits;
mod cases;
mod http;
mod input;
mod logins;
mod outage;
mod program;
mod shared_sessions;
mod world;

suite! {
    in cases;
    accounts:
        finds_the_account_of_each_demo_key
        stores_of_a_key_its_hash_alone;
    history:
        clips_to_the_retention_of_each_tier
        stores_what_an_analysis_found
        refuses_an_analysis_of_another_locations_workflow;
    leads:
        pages_through_all_of_them_newest_first
        counts_and_lists_one_status
        puts_a_new_lead_on_the_first_page;
    schema:
        migrates_twice_without_a_change
        has_the_seven_indexes_on_analyses
        refuses_scores_and_counts_out_of_range
        names_the_column_of_a_row_that_is_not_valid;
    seeding:
        fills_the_promised_sizes
        fills_the_same_content_every_time
        fills_other_sizes
        leaves_a_filled_database_alone
        fills_once_when_two_try;
    sessions:
        keeps_a_session_until_it_expires
        stores_of_a_session_id_its_hash_alone
        gives_a_taken_id_away_only_once
        deletes_expired_sessions_alone;
    tenancy:
        lists_the_workflows_of_one_location_alone
        finds_a_workflow_in_its_location_alone
        answers_the_first_demo_list_with_about_20_kb;
    transactions:
        leaves_nothing_behind_when_dropped
        leaves_nothing_behind_when_a_statement_fails
        goes_on_after_a_statement_was_cancelled;
    users:
        registers_with_a_free_account_and_recognises
        refuses_a_second_registration_of_an_address
        recognises_nobody_by_a_wrong_password;
}
