//! Which message a receipt is about.

use std::collections::{BTreeMap, VecDeque};

use oxisim_sms::Address;

use crate::Receipt;

/// Messages that have been sent and of which a receipt may come: each under a key of the caller's.
///
/// An SMS centre gives a message an id in its response, and may write it in another way in its receipt: the one in
/// hexadecimal, the other in decimal, with zeros before it or without. Where there are no ids, the reference that the message
/// was sent with counts, together with its destination.
#[derive(Debug)]
pub struct Receipts<K> {
    /// The keys in the order in which the messages were sent; the oldest is forgotten first.
    order: VecDeque<u64>,
    sent: BTreeMap<u64, Sent<K>>,
    by_id: BTreeMap<String, Vec<u64>>,
    next: u64,
    limit: usize,
}

#[derive(Debug)]
struct Sent<K> {
    key: K,
    id: Option<String>,
    reference: Option<u16>,
    destination: Address,
}

impl<K: Clone> Receipts<K> {
    /// At most `limit` messages are remembered.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { order: VecDeque::new(), sent: BTreeMap::new(), by_id: BTreeMap::new(), next: 0, limit }
    }

    /// A message has been sent: the id that it got, and what it was sent with.
    pub fn sent(&mut self, key: K, id: Option<&str>, reference: Option<u16>, destination: Address) {
        while self.sent.len() >= self.limit.max(1)
            && let Some(oldest) = self.order.pop_front()
        {
            self.forget(oldest);
        }
        let number = self.next;
        self.next += 1;
        for spelling in id.into_iter().flat_map(spellings) {
            self.by_id.entry(spelling).or_default().push(number);
        }
        self.order.push_back(number);
        self.sent.insert(number, Sent { key, id: id.map(Into::into), reference, destination });
    }

    /// The message that a receipt is about. It is forgotten if the receipt is the last word.
    ///
    /// An id that could be two messages' is the one's whose destination the receipt names, and nobody's otherwise.
    pub fn receipt(&mut self, receipt: &Receipt) -> Option<K> {
        let number = self.find(receipt)?;
        let key = self.sent.get(&number)?.key.clone();
        if !receipt.intermediate && receipt.state.is_none_or(crate::MessageState::is_final) {
            self.forget(number);
        }
        Some(key)
    }

    /// How many messages wait for a receipt.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sent.len()
    }

    /// Whether none does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    fn find(&self, receipt: &Receipt) -> Option<u64> {
        if let Some(id) = &receipt.id {
            for spelling in spellings(id) {
                let found = self.by_id.get(&spelling).map_or(&[][..], Vec::as_slice);
                if let Some(number) = self.the_one(found.iter().copied(), receipt) {
                    return Some(number);
                }
            }
        }
        let reference = receipt.reference?;
        let destination = receipt.destination.as_ref()?;
        // The latest message with that reference: an originator counts references round.
        let fits = |it: &Sent<K>| {
            it.reference == Some(reference) && same(&it.destination, destination) && it.id.is_none()
        };
        self.sent.iter().rev().find(|(_, it)| fits(it)).map(|(&number, _)| number)
    }

    fn the_one(&self, found: impl Iterator<Item = u64> + Clone, receipt: &Receipt) -> Option<u64> {
        let mut all = found.clone();
        if let (Some(number), None) = (all.next(), all.next()) {
            return Some(number);
        }
        let destination = receipt.destination.as_ref()?;
        let mut fitting =
            found.filter(|number| self.sent.get(number).is_some_and(|it| same(&it.destination, destination)));
        match (fitting.next(), fitting.next()) {
            (Some(number), None) => Some(number),
            _ => None,
        }
    }

    fn forget(&mut self, number: u64) {
        let Some(sent) = self.sent.remove(&number) else { return };
        self.order.retain(|it| *it != number);
        for spelling in sent.id.iter().flat_map(|id| spellings(id)) {
            if let Some(all) = self.by_id.get_mut(&spelling) {
                all.retain(|it| *it != number);
                if all.is_empty() {
                    self.by_id.remove(&spelling);
                }
            }
        }
    }
}

/// Under what an id is kept and looked for, the most certain first: as it is written; as a number that was read as
/// decimal, or as hexadecimal.
fn spellings(id: &str) -> impl Iterator<Item = String> + use<> {
    let text = id.trim().to_ascii_lowercase();
    let text = match text.trim_start_matches('0') {
        "" => "0".into(),
        text => text.to_owned(),
    };
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    let decimal = digits.then(|| text.parse::<u128>().ok()).flatten();
    let hexadecimal = u128::from_str_radix(&text, 16).ok();
    let numbers = decimal.into_iter().chain(hexadecimal).map(|number| format!("#{number}"));
    std::iter::once(text).chain(numbers)
}

/// Whether two addresses are one: networks add and leave out the type of number.
fn same(one: &Address, other: &Address) -> bool {
    one == other || one.semi_octets() == other.semi_octets()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MessageState;

    fn number(last: u8) -> Address {
        format!("+1555010000{last}").parse().unwrap()
    }

    fn receipt(id: Option<&str>, reference: Option<u16>, destination: u8) -> Receipt {
        Receipt {
            id: id.map(Into::into),
            reference,
            destination: Some(number(destination)),
            state: Some(MessageState::DELIVERED),
            error: None,
            intermediate: false,
        }
    }

    #[test]
    fn an_id_is_known_in_each_dialect() {
        for (sent, receipted) in [
            ("1A2B", "1A2B"),
            ("1A2B", "1a2b"),
            ("1A2B", "6699"),
            ("6699", "1A2B"),
            ("00001A2B", "6699"),
            ("6699", "0000006699"),
            ("a-b-c", "A-B-C"),
            ("4F8A2C91", "1334455441"),
            ("1334455441", "4F8A2C91"),
        ] {
            let mut receipts = Receipts::new(10);
            receipts.sent((), Some(sent), None, number(1));
            assert_eq!(receipts.receipt(&receipt(Some(receipted), None, 1)), Some(()), "{sent} {receipted}");
            assert!(receipts.is_empty() && receipts.by_id.is_empty() && receipts.order.is_empty());
        }
    }

    #[test]
    fn what_is_written_alike_counts_more_than_what_is_the_same_number() {
        let mut receipts = Receipts::new(10);
        receipts.sent('a', Some("16"), None, number(1));
        receipts.sent('b', Some("10"), None, number(1));
        assert_eq!(receipts.receipt(&receipt(Some("16"), None, 1)), Some('a'));
        assert_eq!(receipts.receipt(&receipt(Some("10"), None, 1)), Some('b'));
    }

    #[test]
    fn an_id_that_two_messages_have_goes_by_destination() {
        let mut receipts = Receipts::new(10);
        receipts.sent('a', Some("7"), None, number(1));
        receipts.sent('b', Some("7"), None, number(2));
        assert_eq!(receipts.receipt(&receipt(Some("7"), None, 3)), None);
        assert_eq!(receipts.receipt(&receipt(Some("7"), None, 2)), Some('b'));
        assert_eq!(receipts.receipt(&receipt(Some("7"), None, 3)), Some('a'));
    }

    #[test]
    fn without_ids_reference_and_destination_count() {
        let mut receipts = Receipts::new(10);
        receipts.sent('a', None, Some(1), number(1));
        receipts.sent('b', None, Some(1), number(2));
        assert_eq!(receipts.receipt(&receipt(Some("77"), Some(1), 2)), Some('b'));
        assert_eq!(receipts.receipt(&receipt(None, Some(2), 1)), None);
        assert_eq!(receipts.receipt(&receipt(None, Some(1), 1)), Some('a'));
        assert!(receipts.is_empty());
    }

    #[test]
    fn a_notification_on_the_way_is_not_the_last_word() {
        let mut receipts = Receipts::new(10);
        receipts.sent('a', Some("1"), None, number(1));
        let on_the_way = Receipt { state: Some(MessageState::ENROUTE), ..receipt(Some("1"), None, 1) };
        assert_eq!(receipts.receipt(&on_the_way), Some('a'));
        assert_eq!(receipts.receipt(&receipt(Some("1"), None, 1)), Some('a'));
        assert_eq!(receipts.receipt(&receipt(Some("1"), None, 1)), None);
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut receipts = Receipts::new(2);
        for (key, id) in [(1, "1"), (2, "2"), (3, "3")] {
            receipts.sent(key, Some(id), None, number(1));
        }
        assert_eq!(receipts.receipt(&receipt(Some("1"), None, 1)), None);
        assert_eq!(receipts.receipt(&receipt(Some("2"), None, 1)), Some(2));
        assert_eq!(receipts.len(), 1);
    }
}
