//! The phonebook as of one moment, as blocks.

use alloc::vec::Vec;

use oxisim_phonebook::Record;

use crate::{
    Entry, Fingerprint,
    block::Packer,
    digest::DigestBuilder,
    journal::{self, Journal},
    message::Blocks,
    settings::Settings,
    uploader::{Failure, Host},
};

/// A snapshot, whose blocks stand in the journal.
pub(super) struct Snapshot {
    pub generation: u16,
    pub base_distance: u8,
    pub blocks: u16,
    pub octets: u32,
    pub digest: crate::Digest,
}

/// Takes a snapshot of what has changed since the last confirmed backup; none if nothing has.
pub(super) fn take(
    journal: Journal,
    settings: &Settings,
    state: &journal::State,
    host: &mut dyn Host,
) -> Result<Option<Snapshot>, Failure> {
    let generation = state.last.wrapping_add(1);
    let base_distance = state
        .confirmed
        .and_then(|confirmed| u8::try_from(generation.wrapping_sub(confirmed)).ok())
        .unwrap_or(0);
    // A total that takes a second octet leaves less room for the block.
    for total in [1, 0x80] {
        let overhead = Blocks::overhead(total, settings.instruct_delay);
        let mut packing = Packing {
            journal,
            packer: Packer::new(
                settings.message_octets.saturating_sub(overhead),
                settings.contacts_per_block.max(1),
                host.alpha_octets(),
                &settings.coding,
            ),
            blocks: 0,
            octets: 0,
        };
        let digest = packing.pack(base_distance == 0, host)?;
        let Packing { blocks, octets, .. } = packing;
        if total >= 0x80 || blocks < 0x80 {
            let snapshot = Snapshot { generation, base_distance, blocks, octets, digest };
            return Ok((blocks > 0).then_some(snapshot));
        }
    }
    Ok(None)
}

struct Packing {
    journal: Journal,
    packer: Packer,
    blocks: u16,
    octets: u32,
}

impl Packing {
    fn pack(&mut self, whole: bool, host: &mut dyn Host) -> Result<crate::Digest, Failure> {
        let mut digest = DigestBuilder::default();
        for slot in 1..=host.slots() {
            let record = host.record(slot)?;
            if let Some(record) = &record {
                digest.add(slot, record);
            }
            let fingerprint = Fingerprint::of(record.as_ref());
            self.journal.note_fingerprint(host, slot, fingerprint)?;
            let changed = if whole {
                record.is_some()
            } else {
                fingerprint != self.journal.confirmed_fingerprint(host, slot)?
            };
            if changed {
                self.push(slot, record, host)?;
            }
        }
        if whole && self.blocks == 0 && self.packer.is_empty() {
            // An empty phonebook is told by the deletion of its first slot.
            self.push(1, None, host)?;
        }
        let rest = self.packer.finish();
        self.put(rest, host)?;
        Ok(digest.finish())
    }

    fn push(&mut self, slot: u16, record: Option<Record>, host: &mut dyn Host) -> Result<(), Failure> {
        let full = self.packer.push(Entry { slot, record }).map_err(|_| Failure::ContactTooLarge(slot))?;
        self.put(full, host)
    }

    fn put(&mut self, blocks: impl IntoIterator<Item = Vec<u8>>, host: &mut dyn Host) -> Result<(), Failure> {
        for block in blocks {
            self.blocks += 1;
            self.octets += block.len() as u32;
            self.journal.put_block(host, self.blocks, &block)?;
        }
        Ok(())
    }
}
