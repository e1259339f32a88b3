//! Records that have been opened lately.

use std::{collections::BTreeMap, fmt, sync::Arc};

use oxisim_backup::Held;

use crate::store::{document::Document, records::Id};

/// Most subscribers whose documents are remembered.
const MOST: usize = 256;

/// The documents of some subscribers and the copy that was looked at last, by the octets that they are sealed as: what
/// stands in the database as it was need not be opened again. The same octets always say the same, whoever has written
/// them. What this process itself has written is opened once, as anybody else's is.
#[derive(Default)]
pub(super) struct Opened {
    documents: BTreeMap<Id, (Vec<u8>, Arc<Document>)>,
    copy: Option<(Id, u8, Vec<u8>, Arc<Held>)>,
}

/// Nobody's contacts are shown.
impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").finish_non_exhaustive()
    }
}

impl Opened {
    /// The document that is sealed as these octets, if it is remembered.
    pub fn document(&self, of: &Id, sealed: &[u8]) -> Option<Arc<Document>> {
        let (_, document) = self.documents.get(of).filter(|(octets, _)| octets == sealed)?;
        Some(Arc::clone(document))
    }

    /// A subscriber's document is sealed as these octets.
    pub fn put_document(&mut self, of: Id, sealed: &[u8], document: &Arc<Document>) {
        if self.documents.len() >= MOST && !self.documents.contains_key(&of) {
            self.documents.clear();
        }
        self.documents.insert(of, (sealed.to_vec(), Arc::clone(document)));
    }

    /// The copy that is sealed as these octets, if it is remembered.
    pub fn copy(&self, of: &Id, source: u8, sealed: &[u8]) -> Option<Arc<Held>> {
        let known = self
            .copy
            .as_ref()
            .filter(|(id, book, octets, _)| (id, *book, octets.as_slice()) == (of, source, sealed));
        known.map(|(.., held)| Arc::clone(held))
    }

    /// A copy of a phonebook is sealed as these octets.
    pub fn put_copy(&mut self, of: Id, source: u8, sealed: Vec<u8>, held: &Arc<Held>) {
        self.copy = Some((of, source, sealed, Arc::clone(held)));
    }

    /// Nothing of a subscriber is remembered.
    pub fn forget(&mut self, of: &Id) {
        self.documents.remove(of);
        self.copy.take_if(|(id, ..)| id == of);
    }
}

#[cfg(test)]
mod tests {
    use oxisim_wire::Instant;

    use super::*;

    const ONE: Id = [1; 16];
    const OTHER: Id = [2; 16];

    #[test]
    fn a_document_is_known_by_its_octets() {
        let mut opened = Opened::default();
        let document = Arc::new(Document { counter: 7, ..Document::default() });
        opened.put_document(ONE, &[1, 2, 3], &document);
        assert_eq!(opened.document(&ONE, &[1, 2, 3]), Some(document));
        assert_eq!(opened.document(&ONE, &[1, 2]), None);
        assert_eq!(opened.document(&OTHER, &[1, 2, 3]), None);
    }

    #[test]
    fn a_copy_is_known_by_its_octets() {
        let mut opened = Opened::default();
        let held = Held { generation: 1, at: Instant::EPOCH, book: [].into_iter().collect(), table: None };
        let held = Arc::new(held);
        opened.put_copy(ONE, 0, [1, 2, 3].into(), &held);
        assert_eq!(opened.copy(&ONE, 0, &[1, 2, 3]), Some(held));
        assert_eq!(opened.copy(&ONE, 1, &[1, 2, 3]), None);
        assert_eq!(opened.copy(&OTHER, 0, &[1, 2, 3]), None);
        assert_eq!(opened.copy(&ONE, 0, &[1, 2]), None);
    }

    #[test]
    fn what_is_forgotten_is_not_known() {
        let mut opened = Opened::default();
        opened.put_document(ONE, &[1], &Arc::default());
        opened.put_document(OTHER, &[1], &Arc::default());
        let held = Held { generation: 1, at: Instant::EPOCH, book: [].into_iter().collect(), table: None };
        opened.put_copy(ONE, 0, [1].into(), &Arc::new(held));
        opened.forget(&ONE);
        assert_eq!((opened.document(&ONE, &[1]), opened.copy(&ONE, 0, &[1])), (None, None));
        assert!(opened.document(&OTHER, &[1]).is_some());
    }

    #[test]
    fn no_more_documents_are_remembered_than_there_is_room_for() {
        let mut opened = Opened::default();
        for of in 0..=MOST as u16 {
            let mut id = ONE;
            id[..2].copy_from_slice(&of.to_be_bytes());
            opened.put_document(id, &[7], &Arc::default());
            assert!(opened.document(&id, &[7]).is_some());
        }
        assert!(opened.documents.len() <= MOST);
    }
}
