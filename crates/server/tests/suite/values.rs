//! Arbitrary values of what a store keeps.

use oxisim_backup::{
    BlockSet, Command, Digest, Held, Order, OrderStep, Restore, RestoreStep, Session, Spacing, Standing, Way,
    Window,
    message::{Abandonment, BackupId, Extent, Resumes, Source},
};
use oxisim_phonebook::{AlphaIdentifier, DiallingNumber, Record, TonNpi};
use oxisim_wire::{Duration, Instant};
use proptest::{collection::vec, option, prelude::*};

pub fn contact(name: &str, number: &str) -> Record {
    Record {
        alpha: AlphaIdentifier::fit(name, 14).alpha,
        number: Some(DiallingNumber::parse(number, 40).unwrap().number),
        additional: Vec::new(),
    }
}

pub fn held() -> impl Strategy<Value = Held> {
    let book = vec((any::<u16>(), record()), 0..20);
    (any::<u16>(), instant(), book, option::of(0_u8..127)).prop_map(|(generation, at, book, table)| Held {
        generation,
        at,
        book: book.into_iter().collect(),
        table,
    })
}

pub fn session() -> impl Strategy<Value = Session> {
    let who = (source(), any::<u16>(), any::<u8>(), instant());
    let pauses = (0_u8..2, option::of(instant()), option::of(instant()), any::<u16>());
    let blocks = (block_set(), option::of(any::<[u8; 8]>().prop_map(Digest)));
    (who, blocks, pauses, standing()).prop_map(|(who, (received, digest), pauses, standing)| {
        let (source, generation, base_distance, since) = who;
        let (resumes, delay, resume_at, asked) = pauses;
        Session {
            backup: BackupId { source, generation },
            base_distance,
            received,
            digest,
            resumes: Resumes(resumes),
            delay: delay.map(|delay| Duration::from_micros(delay.as_micros())),
            resume_at,
            asked,
            standing,
            since,
        }
    })
}

pub fn restore() -> impl Strategy<Value = Restore> {
    let step = prop_oneof![
        Just(RestoreStep::Running),
        Just(RestoreStep::GivenUp),
        any::<bool>().prop_map(|equal| RestoreStep::Complete { equal }),
    ];
    (any::<u16>(), option::of(0_u8..127), block_set(), option::of(instant()), any::<u16>(), step).prop_map(
        |(generation, table, todo, due, asked, step)| Restore { generation, table, todo, due, asked, step },
    )
}

pub fn order() -> impl Strategy<Value = Order> {
    let command = prop_oneof![
        vec(any::<u8>(), 0..60).prop_map(Command::Configure),
        (any::<u8>(), option::of(any::<u8>()))
            .prop_map(|(extent, way)| Command::Start { extent: Extent(extent), way: way.map(Way) }),
    ];
    let step = prop_oneof![
        Just(OrderStep::Pending),
        Just(OrderStep::Unspoken),
        Just(OrderStep::GivenUp),
        any::<u8>().prop_map(OrderStep::Answered),
    ];
    (source(), any::<u16>(), command, option::of(instant()), any::<u16>(), step).prop_map(
        |(source, number, command, due, said, step)| Order { source, number, command, due, said, step },
    )
}

pub fn spacing() -> impl Strategy<Value = Spacing> {
    let span = || instant().prop_map(|at| Duration::from_micros(at.as_micros()));
    let window = (any::<u32>(), any::<u32>()).prop_map(|(opens, closes)| Window { opens, closes });
    prop_oneof![
        span().prop_map(Spacing::Regular),
        (span(), span()).prop_map(|(least, most)| Spacing::Random(least, most)),
        (vec(window, 0..5), span()).prop_map(|(windows, period)| Spacing::Timetable(windows, period)),
    ]
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![Just(Source::CARD), Just(Source::PHONE)]
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Open),
        Just(Standing::Refused),
        any::<[u8; 8]>().prop_map(|digest| Standing::Complete(Digest(digest))),
        any::<[u8; 8]>().prop_map(|digest| Standing::Differs(Digest(digest))),
        any::<u8>().prop_map(|reason| Standing::Abandoned(Abandonment(reason))),
    ]
}

/// As far as a row can say it.
fn instant() -> impl Strategy<Value = Instant> {
    (0..=i64::MAX as u64).prop_map(Instant::from_micros)
}

fn block_set() -> impl Strategy<Value = BlockSet> {
    (0_u16..0x8000, vec(any::<u8>(), 0..40)).prop_map(|(total, bits)| BlockSet::from_bits(total, &bits))
}

fn record() -> impl Strategy<Value = Record> {
    let alpha = vec(any::<u8>(), 0..40).prop_map(|field| AlphaIdentifier::from_field(&field));
    (alpha, option::of(number()), vec(number(), 0..5)).prop_map(|(alpha, number, additional)| Record {
        alpha,
        number,
        additional,
    })
}

fn number() -> impl Strategy<Value = DiallingNumber> {
    (any::<u8>(), vec(0_u8..0x0F, 1..50))
        .prop_map(|(ton_npi, digits)| DiallingNumber::new(TonNpi(ton_npi), digits).unwrap())
}
