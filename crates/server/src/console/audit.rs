//! Who saw what, and did what.

use std::net::IpAddr;

use oxisim_wire::{Duration, Instant};
use serde::{Deserialize, Serialize};

use super::{
    accounts::{decode, encode},
    desk::{DeskError, PAGE, Page},
    drawers::Drawers,
};

/// How long an entry is kept.
const KEPT: Duration = Duration::from_mins(400 * 24 * 60);

/// Entries that are deleted at once.
const STEP: u32 = 1_000;

/// An entry of the audit log. It names nobody but accounts: a subscriber stands in it by an identifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Seconds of Unix time.
    pub at: u64,
    /// The account; none if nobody was signed in.
    pub account: Option<String>,
    /// From where.
    pub from: Option<IpAddr>,
    /// What was done.
    pub act: String,
    /// With what: a subscriber's identifier, a group's or an account's name.
    pub subject: Option<String>,
}

/// Adds an entry. What it tells of is done only if this succeeds.
pub(super) fn note(drawers: &dyn Drawers, entry: &Entry) -> Result<(), DeskError> {
    log::info!(
        "console: {} {} {}",
        entry.account.as_deref().unwrap_or("-"),
        entry.act,
        entry.subject.as_deref().unwrap_or("-")
    );
    drawers.note(Instant::from_secs(entry.at), &encode(entry)?)
}

/// A page of entries, the latest first.
pub(super) fn page(drawers: &dyn Drawers, skip: usize) -> Result<Page<Entry, usize>, DeskError> {
    let mut rows = Vec::new();
    for document in drawers.notes(skip, PAGE + 1)? {
        rows.push(decode(&document)?);
    }
    let has_more = rows.len() > PAGE;
    rows.truncate(PAGE);
    Ok(Page { rows, next: has_more.then_some(skip.saturating_add(PAGE)) })
}

/// Deletes what is older than it is kept, in steps between which others have their turns.
pub(super) fn trim(drawers: &dyn Drawers, now: Instant) -> Result<(), DeskError> {
    let before = Instant::from_secs(now.as_secs().saturating_sub(KEPT.as_secs()));
    while drawers.trim_notes(before, STEP)? == u64::from(STEP) {}
    Ok(())
}
