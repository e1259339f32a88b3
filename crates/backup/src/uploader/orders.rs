//! What the server orders: a configuration, a backup. Each has a number and is done once, however often it comes.

use super::machine::Uploader;
use crate::{
    Configuration,
    journal::{Configured, Ordered, Owed, Phase, State},
    message::{Extent, MessageType, Source, Start, StartResult, Unspoken},
    receiver::is_older,
    security::{Rekey, RekeyResult},
    uploader::{Failure, Host, Outcome},
};

impl Uploader {
    /// Takes a configuration for the next backups, if it is newer than the last.
    pub(super) fn configure(
        &mut self,
        state: &mut State,
        number: u16,
        fields: &[u8],
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let last = state.configured.as_ref();
        if last.is_none_or(|last| last.number != number && !is_older(number, last.number)) {
            let before = self.interval_minutes(state);
            let kept = state.configured.take().map(|last| last.fields).unwrap_or_default();
            state.configured = Some(match Configuration::decode(fields) {
                Ok(configuration) => Configured { number, refused: None, fields: configuration.encode() },
                Err(field) => Configured { number, refused: Some(field), fields: kept },
            });
            let interval = self.interval_minutes(state);
            if interval != before {
                state.countdown = interval;
            }
        }
        self.owe(state, Owed::CONFIGURED);
        self.journal.write(host, state)?;
        self.go_on(state, host)
    }

    /// Starts a backup, if the order is newer than the last.
    pub(super) fn order(
        &mut self,
        state: &mut State,
        start: Start,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let number = start.number;
        match state.ordered {
            Some(last) if last.number == number || is_older(number, last.number) => {
                // The backup that was begun speaks for itself, if it is asked to.
                let speaks = last.number == number && last.result == StartResult::BEGUN;
                match &state.run {
                    Some((_, Phase::Sending { .. })) if speaks => return Ok(()),
                    Some(_) if speaks => self.owe(state, Owed::QUERY),
                    _ => self.owe(state, Owed::STARTED),
                }
                self.journal.write(host, state)?;
                self.go_on(state, host)
            }
            // It comes again, if the user does not answer.
            _ if self.is_asking() => Ok(()),
            _ if state.run.is_some() => self.answer_order(state, Some(number), StartResult::RUNNING, host),
            _ => {
                let mut fresh = state.clone();
                if start.extent == Extent::WHOLE {
                    fresh.confirmed = None;
                }
                match self.start_backup(&mut fresh, Some(start), host) {
                    Err(failure) if fresh.run.is_none() => {
                        self.report(Outcome::Failed(failure));
                        self.answer_order(state, Some(number), StartResult::FAILED, host)
                    }
                    result => {
                        *state = fresh;
                        result
                    }
                }
            }
        }
    }

    /// Keeps what became of an order, if it was one, and goes on.
    pub(super) fn answer_order(
        &mut self,
        state: &mut State,
        order: Option<u16>,
        result: StartResult,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        if let Some(number) = order {
            state.ordered = Some(Ordered { number, result });
            self.owe(state, Owed::STARTED);
            self.journal.write(host, state)?;
        }
        self.go_on(state, host)
    }

    /// Replaces the card's keys. They are written first: an answer that is owed is true.
    pub(super) fn rekey(
        &mut self,
        state: &mut State,
        rekey: &Rekey,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        if self.source != Source::CARD {
            return Ok(());
        }
        let opened = host.keys()?.ok_or(RekeyResult::NO_KEYS).and_then(|keys| rekey.open(&keys));
        state.rekeyed = match opened {
            Ok(keys) => {
                keys.map_or(Ok(()), |keys| host.replace_keys(&keys))?;
                RekeyResult::DONE
            }
            Err(result) => result,
        };
        self.owe(state, Owed::REKEYED);
        self.journal.write(host, state)?;
        self.go_on(state, host)
    }

    /// The server does not speak the version or the type of a message.
    pub(super) fn unspoken(
        &mut self,
        state: &mut State,
        unspoken: Unspoken,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        if unspoken.source != self.source {
            return Ok(());
        }
        match unspoken.refused() {
            Some(MessageType::BLOCKS | MessageType::QUERY) if state.run.is_some() => {
                self.end(state, Outcome::Unspoken, host)
            }
            // It would not be understood the next time.
            Some(kind) => {
                if kind == MessageType::ABANDONED {
                    state.owed.remove(Owed::ABANDONED_AGAIN);
                }
                state.owed.remove(match kind {
                    MessageType::RESTORED => Owed::RESTORED,
                    MessageType::CONFIGURED => Owed::CONFIGURED,
                    MessageType::STARTED => Owed::STARTED,
                    MessageType::ABANDONED => Owed::ABANDONED,
                    MessageType::REKEYED => Owed::REKEYED,
                    _ => return Ok(()),
                });
                self.journal.write(host, state)?;
                self.go_on(state, host)
            }
            None => Ok(()),
        }
    }
}
