//! Documents that have been opened, or sealed, lately.

use std::{collections::BTreeMap, sync::Arc};

use crate::store::{document::Document, records::Id};

/// Subscribers whose documents are remembered.
const MOST: usize = 64;

/// The latest documents of some subscribers, by the octets that they are sealed as: what stands in the database as it was
/// written need not be opened again. The same octets always say the same, whoever has written them.
#[derive(Debug, Default)]
pub(super) struct Opened(BTreeMap<Id, (Vec<u8>, Arc<Document>)>);

impl Opened {
    /// The document that is sealed as these octets, if it is remembered.
    pub fn get(&self, of: &Id, sealed: &[u8]) -> Option<Arc<Document>> {
        self.0.get(of).filter(|(octets, _)| octets == sealed).map(|(_, document)| Arc::clone(document))
    }

    /// A subscriber's document is sealed as these octets.
    pub fn put(&mut self, of: Id, sealed: &[u8], document: &Arc<Document>) {
        if self.0.len() >= MOST && !self.0.contains_key(&of) {
            self.0.clear();
        }
        self.0.insert(of, (sealed.to_vec(), Arc::clone(document)));
    }

    /// Nothing of a subscriber is remembered.
    pub fn forget(&mut self, of: &Id) {
        self.0.remove(of);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_known_by_its_octets() {
        let mut opened = Opened::default();
        let document = Arc::new(Document { counter: 7, ..Document::default() });
        let (one, other) = ([1; 16], [2; 16]);
        opened.put(one, &[1, 2, 3], &document);
        assert_eq!(opened.get(&one, &[1, 2, 3]), Some(document));
        assert_eq!((opened.get(&one, &[1, 2]), opened.get(&other, &[1, 2, 3])), (None, None));
        opened.forget(&one);
        assert_eq!(opened.get(&one, &[1, 2, 3]), None);
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let mut opened = Opened::default();
        for of in 0..=u8::MAX {
            opened.put([of; 16], &[of], &Arc::default());
            assert!(opened.get(&[of; 16], &[of]).is_some());
        }
        assert!(opened.0.len() <= MOST);
    }
}
