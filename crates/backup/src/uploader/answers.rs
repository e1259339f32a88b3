//! What the server says of a backup.

use super::machine::{FIRST_QUERY_AFTER, Uploader, run, subset};
use crate::{
    BlockSet, Coding, Digest, block,
    journal::{Owed, Phase, Run, State},
    message::{Abandonment, BackupId, Pause, Refusal},
    settings::Way,
    uploader::{Failure, Host, Outcome, Wake, snapshot},
};

impl Uploader {
    pub(super) fn missing(
        &mut self,
        state: &mut State,
        backup: BackupId,
        blocks: &BlockSet,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let Some((run, phase)) = &mut state.run else {
            let (generation, reason) = state.abandoned;
            if backup == (BackupId { source: self.source, generation }) && reason != Abandonment(0) {
                // The server has not heard that there is nothing to wait for.
                self.owe(state, Owed::ABANDONED);
                self.journal.write(host, state)?;
            }
            return Ok(());
        };
        if backup != (BackupId { source: self.source, generation: run.generation })
            || blocks.total() != run.todo.total()
        {
            return Ok(());
        }
        if blocks.is_empty() {
            // All is there but the digest, which a QUERY has.
            self.owe(state, Owed::QUERY);
            self.journal.write(host, state)?;
            return self.go_on(state, host);
        }
        let was_sending = matches!(phase, Phase::Sending { .. });
        if run.way == Way::SERVER && !was_sending {
            run.todo = blocks.clone();
        } else {
            blocks.iter().for_each(|number| {
                run.todo.insert(number);
            });
        }
        // In the timer and status ways the card itself ends its pauses.
        let resumes = run.way == Way::SERVER || matches!(phase, Phase::Waiting { .. });
        if resumes && !was_sending {
            *phase = subset(run);
        }
        // It is the answer to the question.
        state.owed.remove(Owed::QUERY);
        self.journal.write(host, state)?;
        if matches!(state.run, Some((_, Phase::Pausing { .. }))) {
            return Ok(());
        }
        self.go_on(state, host)
    }

    /// The server will ask by itself: until then there is no need to.
    pub(super) fn planned(
        &mut self,
        state: &mut State,
        backup: BackupId,
        wait: Pause,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let Some((run, Phase::Pausing { asked } | Phase::Waiting { asked })) = &mut state.run else {
            return Ok(());
        };
        let is_about = backup == BackupId { source: self.source, generation: run.generation };
        if !is_about || run.way != Way::SERVER {
            return Ok(());
        }
        *asked = 0;
        state.owed.remove(Owed::QUERY);
        self.journal.write(host, state)?;
        self.retrying = false;
        self.wake(wait.duration() + FIRST_QUERY_AFTER, Wake::AskAgain, state);
        Ok(())
    }

    pub(super) fn ok(
        &mut self,
        state: &mut State,
        backup: BackupId,
        digest: Digest,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let Some((run, _)) = &state.run else { return Ok(()) };
        if !self.is_about(backup, run) {
            return Ok(());
        }
        let equal = digest == run.digest;
        if equal {
            self.journal.confirm(host)?;
        }
        state.confirmed = equal.then_some(run.generation);
        // The copy that was being restored is no longer the server's.
        state.restore = None;
        state.owed.remove(Owed::RESTORED);
        self.end(state, if equal { Outcome::Complete } else { Outcome::Differs }, host)
    }

    pub(super) fn refused(
        &mut self,
        state: &mut State,
        backup: BackupId,
        reason: Refusal,
        latest: u16,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let Some((old, _)) = &state.run else { return Ok(()) };
        if !self.is_about(backup, old) {
            return Ok(());
        }
        let way = old.way;
        let again = match reason {
            Refusal::BASE_UNKNOWN => old.base_distance != 0,
            Refusal::GENERATION_OLD => latest != old.generation.wrapping_sub(1),
            Refusal::TABLE_UNKNOWN => self.is_compact(old.todo.total(), host)?,
            _ => false,
        };
        if !again {
            let outcome = if reason == Refusal::RESTORING { Outcome::Restoring } else { Outcome::Refused };
            return self.end(state, outcome, host);
        }
        // It goes once more, the same way.
        state.run = None;
        state.owed.remove(Owed::QUERY);
        state.last = latest;
        let mut settings = self.configured(state);
        if reason == Refusal::TABLE_UNKNOWN {
            settings.coding = Coding::Plain;
        } else {
            // The server has lost what this builds on, or the card has lost count: everything goes.
            state.confirmed = None;
        }
        match snapshot::take(self.journal, &settings, state, host) {
            Ok(Some(snapshot)) => self.begin(state, run(&settings, &snapshot, way), None, host),
            Ok(None) => self.end(state, Outcome::Unchanged, host),
            // The blocks of the old one may be overwritten: it cannot go on either.
            Err(failure) => self.end(state, Outcome::Failed(failure), host),
        }
    }

    /// Whether a block of the snapshot is compact.
    fn is_compact(&self, total: u16, host: &dyn Host) -> Result<bool, Failure> {
        for number in 1..=total {
            if block::table(&self.journal.block(host, number)?).is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_about(&self, backup: BackupId, run: &Run) -> bool {
        backup == BackupId { source: self.source, generation: run.generation }
    }
}
