//! What the service counts.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::console::{Kind, Metric, Vitals};

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
            #[allow(clippy::cast_precision_loss, reason = "Prometheus has no other numbers")]
            pub fn all(&self) -> Vec<Metric> {
                vec![$(Metric::single($name, $help, Kind::$kind, self.$field.get() as f64),)+]
            }
        }
    };
}

counts! {
    stored "oxisim_messages_stored_total" Counter "Messages that were stored and acknowledged.",
    passed_on "oxisim_messages_passed_on_total" Counter "What came for subscribers of other servers, and was passed on.",
    passed "oxisim_messages_passed_total" Counter "What other servers have passed on, and was taken.",
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
    stopping "oxisim_stopping" Gauge "Whether the server takes nothing more because it stops.",
    store_up "oxisim_store_up" Gauge "Whether the store did its last work.",
    shards "oxisim_shards" Gauge "Shards of subscribers that this server works for.",
}

impl Vitals for Counts {
    fn metrics(&self) -> Vec<Metric> {
        self.all()
    }

    fn ready(&self) -> Result<(), String> {
        match (self.store_up.get(), self.stopping.get()) {
            (_, 1..) => Err("the server is stopping".into()),
            (0, _) => Err("the store does not work".into()),
            _ => Ok(()),
        }
    }
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
