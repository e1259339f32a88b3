//! What the service counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Declares what is counted: name, whether it only grows, and what it is.
macro_rules! counts {
    ($($field:ident $name:literal $kind:ident $help:literal,)+) => {
        /// What the service counts. No label names a subscriber.
        #[derive(Debug, Default)]
        pub struct Counts {
            $(#[doc = $help] pub $field: Count,)+
        }

        impl Counts {
            /// All of them.
            #[must_use]
            pub fn all(&self) -> Vec<Counted> {
                vec![$(Counted { name: $name, help: $help, kind: Kind::$kind, value: self.$field.get() },)+]
            }
        }
    };
}

counts! {
    stored "oxisim_messages_stored_total" Counter "Messages that were stored and acknowledged.",
    postponed "oxisim_messages_postponed_total" Counter "Messages that the SMS centre was asked to send again.",
    refused "oxisim_messages_refused_total" Counter "Messages that nobody can read.",
    sent "oxisim_messages_sent_total" Counter "Messages that an SMS centre has taken.",
    retried "oxisim_messages_retried_total" Counter "Times that a message was sent again.",
    failed "oxisim_messages_failed_total" Counter "Messages that could not be sent.",
    reports "oxisim_reports_total" Counter "Delivery receipts about messages of this server.",
    strange_reports "oxisim_reports_unknown_total" Counter "Delivery receipts about no message that is known.",
    alerts "oxisim_alerts_total" Counter "Phones that have appeared while something waited for them.",
    turns "oxisim_turns_total" Counter "Subscribers whose turn has come.",
    batches "oxisim_commits_total" Counter "Batches that were made durable.",
    failures "oxisim_store_failures_total" Counter "Batches that failed.",
    outgoing "oxisim_messages_outgoing" Gauge "Messages that wait for an SMS centre.",
    waiting "oxisim_messages_waiting" Gauge "Messages that wait for the store.",
    binds "oxisim_smpp_binds" Gauge "Sessions with SMS centres that are bound.",
    shards "oxisim_shards" Gauge "Shards of subscribers that this server works for.",
}

/// One number that several threads count.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// So many fewer.
    pub fn sub(&self, fewer: u64) {
        self.0.fetch_sub(fewer, Ordering::Relaxed);
    }

    /// Exactly so many.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// How many.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a number does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// A number with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// What it does.
    pub kind: Kind,
    /// The number.
    pub value: u64,
}
