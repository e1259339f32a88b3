//! What is kept of a subscriber comes back as it was.

use oxisim_backup::{
    Held, Session, Vault,
    message::{BackupId, Source},
    security::{KeyVersion, ReplayWindow},
};
use oxisim_phonebook::Book;
use oxisim_server::{Account, Iccid, Letter, LetterStep, Store};
use oxisim_wire::Instant;

use super::{Database, fixtures::*, values};

pub fn books_come_back<D: Database>(database: &D) {
    let mut store = database.open();
    property(values::held(), |held| {
        vault(&mut store, &ana(), |account| account.put_held(Source::CARD, &held));
        assert_eq!(store.held(&ana(), Source::CARD).unwrap().as_deref(), Some(&held));
    });
}

pub fn sessions_come_back<D: Database>(database: &D) {
    let mut store = database.open();
    property(values::session(), |session| {
        vault(&mut store, &ana(), |account| account.put_session(&session));
        let back = vault(&mut store, &ana(), |account| account.session(session.backup.source));
        assert_eq!(back, Some(session));
    });
}

pub fn restores_come_back<D: Database>(database: &D) {
    let mut store = database.open();
    property(values::restore(), |restore| {
        vault(&mut store, &ana(), |account| account.put_restore(&restore));
        assert_eq!(vault(&mut store, &ana(), |account| account.restore()), Some(restore));
    });
}

pub fn orders_come_back<D: Database>(database: &D) {
    let mut store = database.open();
    property(values::order(), |order| {
        vault(&mut store, &ana(), |account| account.put_order(&order));
        let kind = order.command.kind();
        assert_eq!(vault(&mut store, &ana(), |account| account.order(order.source, kind)), Some(order));
    });
}

pub fn spacings_come_back<D: Database>(database: &D) {
    let mut store = database.open();
    property(values::spacing(), |spacing| {
        vault(&mut store, &ana(), |account| account.put_spacing(Source::CARD, Some(&spacing)));
        let back = vault(&mut store, &ana(), |account| account.spacing(Source::CARD));
        assert_eq!(back, Some(spacing));
    });
    vault(&mut store, &ana(), |account| account.put_spacing(Source::CARD, None));
    assert_eq!(vault(&mut store, &ana(), |account| account.spacing(Source::CARD)), None);
}

pub fn letters_come_back_in_their_order<D: Database>(database: &D) {
    let mut store = database.open();
    let at = Instant::from_secs(7);
    vault(&mut store, &ben(), |account| account.add_letter(Source::CARD, &[9]));
    vault(&mut store, &ana(), |account| {
        assert_eq!(account.busy_until(Source::CARD)?, None);
        for octets in [[1], [2], [3]] {
            account.add_letter(Source::CARD, &octets)?;
        }
        account.add_letter(Source::PHONE, &[4])?;
        let ids: Vec<u64> = account.letters(Source::CARD)?.iter().map(|letter| letter.id).collect();
        account.set_letter(ids[0], LetterStep::Given { valid: at })?;
        account.set_letter(ids[2], LetterStep::Waiting { due: Some(at) })?;
        account.delete_letter(ids[1])?;
        let letter = |id, octets: &[u8], step| Letter { id, octets: octets.to_vec(), step };
        assert_eq!(
            account.letters(Source::CARD)?,
            [
                letter(ids[0], &[1], LetterStep::Given { valid: at }),
                letter(ids[2], &[3], LetterStep::Waiting { due: Some(at) }),
            ]
        );
        assert_eq!(account.busy_until(Source::CARD)?, Some(at));
        account.delete_letter(ids[2])?;
        account.add_letter(Source::CARD, &[5])?;
        assert!(account.letters(Source::CARD)?[1].id > ids[2], "a number is used once");
        Ok(())
    });
    let others = vault(&mut store, &ben(), |account| account.letters(Source::CARD));
    vault(&mut store, &ana(), |account| account.delete_letter(others[0].id));
    assert_eq!(vault(&mut store, &ben(), |account| account.letters(Source::CARD)), others);
}

pub fn a_new_backup_forgets_the_blocks_of_the_last<D: Database>(database: &D) {
    let mut store = database.open();
    vault(&mut store, &ana(), |account| {
        for source in [Source::CARD, Source::PHONE] {
            account.put_session(&Session { backup: BackupId { source, generation: 1 }, ..session() })?;
            account.put_block(source, 2, &[1, 2, 3])?;
        }
        account.put_session(&Session { asked: 1, ..session() })?;
        assert_eq!(account.block(Source::CARD, 2)?, Some(vec![1, 2, 3]));
        account.put_session(&session_of(2))?;
        assert_eq!(account.block(Source::CARD, 2)?, None);
        assert_eq!(account.block(Source::PHONE, 2)?, Some(vec![1, 2, 3]));
        Ok(())
    });
}

pub fn a_complete_copy_forgets_its_blocks<D: Database>(database: &D) {
    let mut store = database.open();
    vault(&mut store, &ana(), |account| {
        account.put_session(&session())?;
        account.put_block(Source::CARD, 1, &[7])?;
        account.put_block(Source::CARD, 1, &[8])?;
        assert_eq!(account.block(Source::CARD, 1)?, Some(vec![8]));
        account.put_held(Source::CARD, &held())?;
        assert_eq!(account.block(Source::CARD, 1)?, None);
        assert_eq!(account.session(Source::CARD)?, Some(session()));
        account.put_held(
            Source::CARD,
            &Held { generation: 2, at: Instant::EPOCH, book: Book::default(), table: None },
        )?;
        assert!(account.held(Source::CARD)?.unwrap().book.is_empty());
        Ok(())
    });
}

pub fn counters_count_each_for_itself<D: Database>(database: &D) {
    let mut store = database.open();
    let mut next = |msisdn| vault(&mut store, &msisdn, |account| account.next_counter());
    assert_eq!([next(ana()), next(ana()), next(ben()), next(ana())], [1, 2, 1, 3]);
}

pub fn a_card_keeps_its_counters_whoever_has_it<D: Database>(database: &D) {
    let mut store = database.open();
    let at = Instant::from_secs;
    let [first, second]: [Iccid; 2] =
        ["8900101000000000019", "8900101000000000027"].map(|iccid| iccid.parse().unwrap());
    let version = KeyVersion::FIRST;
    store.enrol(&ana(), &first, version, at(1)).unwrap();
    let window = ReplayWindow { highest: 9, taken: 0x1FF };
    vault(&mut store, &ana(), |account| {
        let mut card = account.card()?.unwrap();
        (card.sent, card.window, card.refused) = (7, window, 2);
        account.put_card(&card)
    });
    store.enrol(&ana(), &first, version.next(), at(2)).unwrap();
    let card = store.find_card(&first).unwrap().unwrap();
    assert_eq!((card.key_version, card.since, card.sent, card.window), (version.next(), at(1), 7, window));
    // Another card, then another subscriber, then nobody.
    store.enrol(&ana(), &second, version, at(3)).unwrap();
    assert_eq!(store.find_card(&first).unwrap().unwrap().sent, 7);
    store.enrol(&ben(), &first, version, at(4)).unwrap();
    let cards = store.cards().unwrap();
    let whose: Vec<_> = cards.iter().map(|(msisdn, card)| (msisdn.clone(), card.iccid.clone())).collect();
    assert_eq!(whose, [(ana(), second.clone()), (ben(), first.clone())]);
    assert_eq!((cards[1].1.sent, cards[1].1.since), (7, at(4)));
    store.enrol(&ben(), &second, version, at(5)).unwrap();
    assert_eq!(vault(&mut store, &ana(), |account| account.card()), None);
    store.enrol(&ben(), &first, version, at(6)).unwrap();
    assert!(store.forget(&ben()).unwrap());
    assert_eq!(store.cards().unwrap(), []);
    assert_eq!(store.card_count().unwrap(), 2);
    let card = database.open().find_card(&first).unwrap().unwrap();
    assert_eq!((card.sent, card.window, card.refused), (7, window, 2));
}
