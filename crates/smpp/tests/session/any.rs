//! Octets, PDUs and times of any kind.

use oxisim_smpp::{Ancillary, Body, CommandId, Operation, Role, Ticket, Tlvs};
use proptest::prelude::*;

use crate::kit::{START, answers, bind, bound, deliver, download, events, pdu, pdus, raw};

fn any_body() -> impl Strategy<Value = Body> {
    prop_oneof![
        Just(Body::Unbind),
        Just(Body::UnbindResp),
        Just(Body::EnquireLink),
        Just(Body::EnquireLinkResp(Tlvs::default())),
        Just(Body::GenericNack),
        Just(Body::Bind(bind(Role::Transceiver))),
        Just(Body::BindResp(Role::Transceiver, "C".into(), Tlvs::default())),
        Just(Body::Message(Box::new(download()))),
        Just(Body::Message(Box::new(deliver(b"x")))),
        Just(Body::MessageResp(Operation::Submit, Some("7".into()), Tlvs::default())),
        Just(Body::MessageResp(Operation::Deliver, None, Tlvs::default())),
        Just(Body::Ancillary(Box::new(Ancillary::Query { id: "7".into(), source: None }))),
        any::<u32>().prop_map(|id| Body::Other(CommandId(id))),
    ]
}

proptest! {
    /// Octets of any kind: nothing panics, and what is kept is bounded.
    #[test]
    fn any_octets_are_survived(octets in proptest::collection::vec(any::<u8>(), 0..400), centre in any::<bool>()) {
        let (esme, other) = bound();
        let mut session = if centre { other } else { esme };
        session.handle_octets(&octets, START);
        for (header, _) in pdus(&session.poll_output().unwrap_or_default()) {
            prop_assert!(header.id.is_response());
        }
    }

    /// Bodies of any kind behind a header that is right.
    #[test]
    fn any_body_is_answered_at_most_once(
        id in prop_oneof![(0_u32..0x30), (0x100_u32..0x115)],
        body in proptest::collection::vec(prop_oneof![Just(0_u8), 0x30..0x3A_u8, any::<u8>()], 0..120),
    ) {
        let (mut esme, _) = bound();
        let said = answers(&mut esme, &raw(CommandId(id), 5, &body));
        prop_assert!(said.len() <= 1);
        prop_assert!(said.iter().all(|(id, _, sequence)| id.is_response() && *sequence == 5));
    }

    /// However a stream is cut, it says the same.
    #[test]
    fn pdus_in_any_pieces_are_the_same(
        bodies in proptest::collection::vec((any_body(), 0_u32..6), 0..12),
        cuts in proptest::collection::vec(1_usize..40, 1..60),
        is_centre in any::<bool>(),
    ) {
        let octets: Vec<u8> = bodies.iter().flat_map(|(body, sequence)| pdu(body, *sequence)).collect();
        let side = || {
            let (esme, centre) = bound();
            if is_centre { centre } else { esme }
        };
        let (mut whole, mut pieces) = (side(), side());
        whole.handle_octets(&octets, START);
        let mut rest = &octets[..];
        for cut in cuts.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            pieces.handle_octets(piece, START);
            rest = behind;
        }
        prop_assert_eq!(whole.poll_output(), pieces.poll_output());
        prop_assert_eq!(events(&mut whole), events(&mut pieces));
        prop_assert_eq!(whole.ended(), pieces.ended());
    }

    /// A spurious timeout does nothing, and every one that is due is done with.
    #[test]
    fn timeouts_end(bodies in proptest::collection::vec((any_body(), 0_u32..6), 0..12), sent in 0_u64..10) {
        let (mut esme, _) = bound();
        for ticket in 0..sent {
            esme.submit(Ticket(ticket), &download(), START).unwrap();
        }
        for (body, sequence) in &bodies {
            esme.handle_octets(&pdu(body, *sequence), START);
        }
        let _ = (esme.poll_output(), events(&mut esme));
        esme.handle_timeout(START);
        prop_assert_eq!(esme.poll_output(), None);
        let mut calls = 0;
        while let Some(at) = esme.poll_timeout() {
            esme.handle_timeout(at);
            calls += 1;
            prop_assert!(calls < 100 && esme.poll_timeout().is_none_or(|next| next > at));
        }
        prop_assert!(esme.ended().is_some());
    }
}
