//! Which message a receipt is about.

use std::collections::BTreeMap;

use oxisim_sms::Address;

use crate::Receipt;

/// Messages that have been sent and of which a receipt may come: each under a key of the caller's.
///
/// An SMS centre gives a message an id in its response, and may write it in another way in its receipt: the one in
/// hexadecimal, the other in decimal, with zeros before it or without. Where there are no ids, the reference that the message
/// was sent with counts, together with its destination.
#[derive(Debug)]
pub struct Receipts<K> {
    /// By number, in the order in which they were sent; the oldest is forgotten first.
    sent: BTreeMap<u64, Sent<K>>,
    /// Which messages can be meant by a word of a receipt's.
    index: BTreeMap<Word, Vec<u64>>,
    next: u64,
    limit: usize,
}

#[derive(Debug)]
struct Sent<K> {
    key: K,
    destination: Address,
    words: Vec<Word>,
}

/// What a receipt may say of a message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    /// Its id as it is written, but for case and zeros before it.
    Text(String),
    /// Its id as a number, if that is decimal or hexadecimal.
    Number(u128),
    /// The reference that it was sent with.
    Reference(u16),
}

impl<K: Clone> Receipts<K> {
    /// At most `limit` messages are remembered.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { sent: BTreeMap::new(), index: BTreeMap::new(), next: 0, limit }
    }

    /// A message has been sent: the id that it got, and what it was sent with.
    pub fn sent(&mut self, key: K, id: Option<&str>, reference: Option<u16>, destination: Address) {
        while self.sent.len() >= self.limit.max(1)
            && let Some((&oldest, _)) = self.sent.first_key_value()
        {
            self.forget(oldest);
        }
        let number = self.next;
        self.next += 1;
        let words: Vec<_> =
            id.into_iter().flat_map(spellings).chain(reference.map(Word::Reference)).collect();
        for word in &words {
            let all = self.index.entry(word.clone()).or_default();
            // An id of which decimal and hexadecimal are the same number.
            if all.last() != Some(&number) {
                all.push(number);
            }
        }
        self.sent.insert(number, Sent { key, destination, words });
    }

    /// The message that a receipt is about. It is forgotten if the receipt is the last word.
    ///
    /// An id that could be two messages', or is only the same number, is the one's whose destination the receipt names, and
    /// nobody's otherwise.
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
        let by_id = receipt.id.iter().flat_map(|id| spellings(id)).find_map(|word| {
            let all = self.index.get(&word)?;
            // What is written alike is the same message; what is the same number may be another one's.
            let certain = matches!(word, Word::Text(_)) || receipt.destination.is_none();
            if let ([number], true) = (&all[..], certain) {
                return Some(*number);
            }
            let mut fitting = self.of_destination(all, receipt);
            fitting.next().filter(|_| fitting.next().is_none())
        });
        by_id.or_else(|| {
            // The latest message with that reference: an originator counts references round.
            self.of_destination(self.index.get(&Word::Reference(receipt.reference?))?, receipt).next_back()
        })
    }

    /// Those that went where the receipt says.
    fn of_destination<'a>(
        &'a self,
        numbers: &'a [u64],
        receipt: &'a Receipt,
    ) -> impl DoubleEndedIterator<Item = u64> + 'a {
        numbers.iter().copied().filter(|number| {
            let sent = self.sent.get(number).map(|it| &it.destination);
            sent.zip(receipt.destination.as_ref()).is_some_and(|(one, other)| same(one, other))
        })
    }

    fn forget(&mut self, number: u64) {
        let Some(sent) = self.sent.remove(&number) else { return };
        for word in sent.words {
            if let Some(all) = self.index.get_mut(&word) {
                all.retain(|it| *it != number);
                if all.is_empty() {
                    self.index.remove(&word);
                }
            }
        }
    }
}

/// Under what an id is kept and looked for, the most certain first.
fn spellings(id: &str) -> impl Iterator<Item = Word> + use<> {
    let text = id.trim().to_ascii_lowercase();
    let text = match text.trim_start_matches('0') {
        "" => "0".into(),
        text => text.to_owned(),
    };
    let decimal = text.parse().ok().filter(|_| text.bytes().all(|octet| octet.is_ascii_digit()));
    let hexadecimal = u128::from_str_radix(&text, 16).ok();
    let numbers = decimal.into_iter().chain(hexadecimal).map(Word::Number);
    std::iter::once(Word::Text(text)).chain(numbers)
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
            assert!(receipts.is_empty() && receipts.index.is_empty());
        }
    }

    #[test]
    fn what_is_written_alike_counts_more_than_what_is_the_same_number() {
        let mut receipts = Receipts::new(10);
        receipts.sent('a', Some("16"), None, number(1));
        receipts.sent('b', Some("10"), None, number(1));
        assert_eq!(receipts.receipt(&receipt(Some("16"), None, 1)), Some('a'));
        assert_eq!(receipts.receipt(&receipt(Some("10"), None, 1)), Some('b'));
        // A receipt that comes twice is not that of another phone's message.
        receipts.sent('c', Some("16"), None, number(2));
        assert_eq!(receipts.receipt(&receipt(Some("10"), None, 1)), None);
        assert_eq!(receipts.len(), 1);
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
        // References go round.
        receipts.sent('c', None, Some(1), number(1));
        receipts.sent('d', Some("XYZ"), Some(1), number(1));
        assert_eq!(receipts.receipt(&receipt(Some("another"), Some(1), 1)), Some('d'));
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
