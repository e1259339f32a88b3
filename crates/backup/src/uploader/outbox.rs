//! Messages on their way out: each is made when its turn comes, tried until the phone has sent it, and given up only
//! after a day.

use alloc::vec::Vec;

use oxisim_wire::Duration;

use super::{
    machine::{Sent, Uploader},
    restore,
};
use crate::{
    Digest, ToServer,
    journal::{Owed, Run, State},
    message::{Abandonment, BackupId, Blocks, Pause, Resumes, StartResult, Unspoken},
    security,
    settings::Way,
    uploader::{Failure, Host, Wake},
};

/// Seconds until a message that the phone did not send is tried again; the last of them from then on.
const RETRY_AFTER: [u64; 9] = [30, 60, 120, 300, 600, 1_200, 2_400, 4_800, 7_200];

/// The longest of these waits.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(RETRY_AFTER[RETRY_AFTER.len() - 1]);

/// Waits in a row after which nothing more is tried: 24 h 38 min 30 s.
const MAX_RETRIES: u8 = 19;

impl Uploader {
    /// A message is owed, from now on.
    pub(super) fn owe(&mut self, state: &mut State, one: Owed) {
        state.owed.insert(one);
        self.renew(one);
    }

    /// One that is on its way is no longer what is owed.
    pub(super) fn renew(&mut self, one: Owed) {
        if self.sending == Some(Sent::Owed(one)) {
            self.sending = Some(Sent::Other);
        }
    }

    /// The phone has not sent. It is tried again, and given up at the first try after a day of waits.
    pub(super) fn not_sent(&mut self, state: &mut State, host: &mut dyn Host) -> Result<(), Failure> {
        if state.retries >= MAX_RETRIES {
            // What answers the server, the server asks for again.
            state.owed.keep_abandoned();
            if state.run.is_some() {
                // Another day, for the word that there is no backup.
                state.retries = 0;
                return self.abandon(state, Abandonment::NOT_SENT, host);
            }
            self.journal.write(host, state)?;
            self.wait_for_interval(state);
            return Ok(());
        }
        self.retrying = true;
        self.wake(retry_after(state.retries), Wake::Retry, state);
        Ok(())
    }

    /// An owed message, as it is now.
    pub(super) fn owed_message(
        &self,
        state: &State,
        one: Owed,
        host: &mut dyn Host,
    ) -> Result<ToServer, Failure> {
        let source = self.source;
        Ok(match one {
            Owed::CONFIGURED => {
                let configured = state.configured.as_ref();
                ToServer::Configured {
                    source,
                    number: configured.map_or(0, |configured| configured.number),
                    refused: configured.and_then(|configured| configured.refused),
                }
            }
            Owed::STARTED => ToServer::Started {
                source,
                number: state.ordered.map_or(0, |ordered| ordered.number),
                result: state.ordered.map_or(StartResult::FAILED, |ordered| ordered.result),
                generation: state.last,
            },
            Owed::REKEYED => {
                let keys = host.keys()?;
                let values = keys.as_ref().and_then(|keys| security::check_values(keys).ok());
                ToServer::Rekeyed {
                    result: state.rekeyed,
                    version: keys.map_or(0, |keys| keys.version.number()),
                    check_values: values.unwrap_or_default(),
                }
            }
            Owed::RESTORED => restore::answer(state, host)?,
            Owed::ABANDONED => {
                let (generation, reason) = state.abandoned;
                ToServer::Abandoned { backup: BackupId { source, generation }, reason }
            }
            Owed::QUERY => {
                let run = state.run.as_ref().map(|(run, _)| run);
                ToServer::Query {
                    backup: BackupId { source, generation: run.map_or(state.last, |run| run.generation) },
                    base_distance: run.map_or(0, |run| run.base_distance),
                    total: run.map_or(1, |run| run.todo.total()),
                    digest: run.map_or(Digest([0; 8]), |run| run.digest),
                }
            }
            _ => ToServer::Unspoken(Unspoken::of(source, state.unspoken)),
        })
    }

    pub(super) fn block_message(&self, run: &Run, number: u16, block: Vec<u8>) -> ToServer {
        let total = run.todo.total();
        let resumes = if run.way == Way::SERVER { Resumes::SERVER } else { Resumes::UPLOADER };
        let delay = (run.instruct_delay && run.way == Way::SERVER).then(|| Pause::from_duration(run.pause));
        let has_digest = number == total && self.has_room_for_digest(run, block.len());
        ToServer::Blocks(Blocks {
            backup: BackupId { source: self.source, generation: run.generation },
            base_distance: run.base_distance,
            total,
            first: number,
            blocks: [block].into(),
            resumes,
            delay,
            digest: has_digest.then_some(run.digest),
        })
    }

    /// Whether the last block leaves room for the digest; else a QUERY that follows it has the digest.
    pub(super) const fn has_room_for_digest(&self, run: &Run, block_octets: usize) -> bool {
        let has_delay = run.instruct_delay && run.way.0 == Way::SERVER.0;
        let octets = Blocks::overhead(run.todo.total(), has_delay) + block_octets + Blocks::DIGEST_OCTETS;
        octets <= self.settings.message_octets
    }
}

fn retry_after(retries: u8) -> Duration {
    let last = RETRY_AFTER.len() - 1;
    Duration::from_secs(RETRY_AFTER[usize::from(retries).min(last)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tried_for_more_than_a_day() {
        let waits: u64 = (0..MAX_RETRIES).map(|retries| retry_after(retries).as_secs()).sum();
        assert_eq!(waits, 24 * 3_600 + 38 * 60 + 30);
        assert_eq!(retry_after(u8::MAX).as_secs(), 7_200);
    }
}
