//! Whose card is whose, and who is forgotten.

use oxisim_backup::security::{KeyVersion, ReplayWindow};
use oxisim_wire::Instant;

use super::Sealed;
use crate::{
    Iccid, Msisdn,
    store::{
        Enrolled, StoreError,
        account::State,
        document,
        records::{CardRow, Id, Records, shard},
        seal::Which,
    },
};

impl<R: Records> Sealed<R> {
    /// Makes a card a subscriber's. What is known of the counters of a card stays, so that no packet of its works twice,
    /// whoever has it.
    pub(super) fn enrol_card(
        &mut self,
        msisdn: &Msisdn,
        iccid: &Iccid,
        key_version: KeyVersion,
        now: Instant,
    ) -> Result<(), StoreError> {
        let id = self.take_up(msisdn)?;
        let (known, owner) = self.known_card(iccid)?;
        let is_same = owner == Some(id);
        if let Some(owner) = owner.filter(|_| !is_same) {
            self.change_card(&owner, None)?;
        }
        let new = Enrolled {
            iccid: iccid.clone(),
            key_version,
            sent: 0,
            window: ReplayWindow::default(),
            refused: 0,
            since: now,
            rekeying: None,
        };
        let card = known.map_or(new, |known| Enrolled {
            key_version,
            since: if is_same { known.since } else { now },
            rekeying: known.rekeying.filter(|_| is_same && known.key_version == key_version),
            ..known
        });
        if let Some(before) = self.change_card(&id, Some(card))?.filter(|before| before.iccid != *iccid) {
            self.detach(&before);
        }
        let card = self.keys.card(iccid);
        self.cards.insert(card, (CardRow { card, owner: Some(id), sealed: None }, true));
        Ok(())
    }

    /// What is known of a card, and whose it is.
    pub(super) fn known_card(&mut self, iccid: &Iccid) -> Result<(Option<Enrolled>, Option<Id>), StoreError> {
        let card = self.keys.card(iccid);
        if !self.cards.contains_key(&card)
            && let Some(row) = self.records.card(&card)?
        {
            self.cards.insert(card, (row, false));
        }
        let Some((row, _)) = self.cards.get(&card) else { return Ok((None, None)) };
        if let Some(owner) = row.owner {
            let known = if self.load_owner(owner)? {
                self.units.get(&owner).map(|unit| unit.state().map(|state| state.document.card.clone()))
            } else {
                None
            };
            return Ok((known.transpose()?.flatten().filter(|known| known.iccid == *iccid), Some(owner)));
        }
        let Some(sealed) = &row.sealed else { return Ok((None, None)) };
        let clear = self.keys.unseal(&card, Which::Card, sealed)?;
        Ok((Some(document::read_card(&clear)?), None))
    }

    /// Deletes everything of a subscriber; whether there was anything. Their card keeps its counters.
    pub(super) fn erase(&mut self, msisdn: &Msisdn) -> Result<bool, StoreError> {
        let id = self.take_up(msisdn)?;
        let unit = self.units.get_mut(&id).ok_or(StoreError::NotMine(shard(&id)))?;
        let card = unit.state().ok().and_then(|state| state.document.card.clone());
        let was = unit.erase();
        self.opened.forget(&id);
        if let Some(card) = card {
            self.detach(&card);
        }
        Ok(was)
    }

    /// Gives a subscriber another card, or none; the one of before.
    fn change_card(&mut self, id: &Id, card: Option<Enrolled>) -> Result<Option<Enrolled>, StoreError> {
        let unit = self.units.get_mut(id).ok_or(StoreError::NotMine(shard(id)))?;
        let mut state = unit.state()?.clone();
        state.exists = true;
        let before = std::mem::replace(&mut state.edit().card, card);
        unit.put(state);
        Ok(before)
    }

    /// A subscriber is as somebody else kept them.
    pub(in crate::store) fn adopt(&mut self, msisdn: &Msisdn, state: State) -> Result<(), StoreError> {
        let id = self.take_up(msisdn)?;
        if let Some(known) = &state.document.card {
            let card = self.keys.card(&known.iccid);
            self.cards.insert(card, (CardRow { card, owner: Some(id), sealed: None }, true));
        }
        self.units.get_mut(&id).ok_or(StoreError::NotMine(shard(&id)))?.put(state);
        Ok(())
    }

    /// A card is nobody's any more.
    pub(in crate::store) fn detach(&mut self, known: &Enrolled) {
        let card = self.keys.card(&known.iccid);
        let known = Enrolled { rekeying: None, ..known.clone() };
        let sealed = self.keys.seal(&card, Which::Card, &document::write_card(&known));
        self.cards.insert(card, (CardRow { card, owner: None, sealed: Some(sealed) }, true));
    }
}
