//! The suite: one function a behaviour, generic over the database.

mod batches;
mod cabinet;
mod fixtures;
mod inbox;
mod kept;
mod leases;
mod notes;
mod schedule;
mod sealing;
mod subscribers;
mod values;

pub use batches::*;
pub use cabinet::*;
pub use kept::*;
pub use leases::*;
pub use notes::*;
pub use schedule::*;
pub use sealing::*;
pub use subscribers::*;

use std::path::Path;

use oxisim_server::{Cabinet, Leases, Store};

pub use inbox::*;

/// A database that a test has for itself, empty.
pub trait Database {
    type Store: Store + Leases + Cabinet;

    /// Opens it, each time the same.
    fn open(&self) -> Self::Store;

    /// Replaces all keys, and seals what is there with them.
    fn rotate(store: &mut Self::Store);

    /// Adds a data key.
    fn add_key(store: &mut Self::Store);

    /// Seals so many records with the latest data key; `false` when all is done.
    fn reseal(store: &mut Self::Store, limit: u32) -> bool;

    /// Alters a record, so that it does not open.
    fn damage(&self);

    /// How many rows a table has.
    fn rows(&self, table: &str) -> i64;

    /// Where its files are, if it has any.
    fn folder(&self) -> Option<&Path>;
}

/// Hands the names of the suite to a macro.
#[macro_export]
macro_rules! suite {
    ($with:ident) => {
        $with! {
            books_come_back,
            sessions_come_back,
            restores_come_back,
            orders_come_back,
            letters_come_back_in_their_order,
            spacings_come_back,
            a_new_backup_forgets_the_blocks_of_the_last,
            a_complete_copy_forgets_its_blocks,
            what_fails_is_undone,
            looking_leaves_no_trace,
            what_is_committed_survives,
            the_earliest_time_comes_first,
            a_forgotten_subscriber_leaves_no_trace,
            subscribers_are_apart,
            counters_count_each_for_itself,
            a_summary_says_how_far_a_backup_is,
            subscribers_are_walked_each_once,
            messages_are_noted_with_subscribers_only,
            old_notes_are_trimmed,
            notes_are_bounded_for_each_subscriber_and_for_all_strangers,
            what_is_put_off_is_due_later_and_for_one_subscriber,
            a_batch_is_written_whole_or_not_at_all,
            what_fails_within_a_batch_is_undone_alone,
            two_that_change_the_same_subscriber_do_not_overwrite_each_other,
            a_shard_is_one_servers_at_a_time,
            a_server_whose_shard_was_taken_over_writes_nothing,
            who_is_due_is_of_the_own_shards,
            a_schedule_of_months_is_kept_by_day,
            a_card_keeps_its_counters_whoever_has_it,
            nothing_personal_stands_in_the_files,
            what_was_sealed_opens_after_all_keys_were_replaced,
            a_data_key_goes_when_nothing_is_sealed_with_it,
            a_key_that_another_adds_meanwhile_begins_it_anew,
            a_data_key_stays_while_something_does_not_open,
            who_seals_with_an_earlier_key_is_refused_and_then_takes_the_later,
            messages_are_counted_by_the_hour_also_when_their_notes_are_gone,
            documents_of_the_console_are_shared,
            a_document_is_replaced_only_if_it_is_what_was_seen,
            the_audit_log_is_shared_and_the_latest_come_first,
            the_audit_log_is_trimmed_in_steps,
            what_is_passed_on_reaches_the_server_that_has_the_shard_in_its_order,
            what_was_passed_on_goes_with_what_it_brings_about_or_not_at_all,
            what_was_passed_on_is_taken_once,
            what_was_passed_on_for_who_is_forgotten_is_forgotten,
            what_waits_in_the_inbox_opens_after_all_keys_were_replaced,
        }
    };
}
