//! What SMS centre and server send and get, recorded.

use std::sync::Arc;

use oxisim_smpp::Watch as ServerWatch;
use oxisim_smsc::Watch as CentreWatch;
use oxisim_trace::{Party, Recorder, What};

use crate::backup::wall_clock;

/// Records what passes between a server and its SMS centres.
pub fn of_server(recorder: Recorder) -> ServerWatch {
    Arc::new(move |passed| recorder.note(wall_clock(), pdu(passed, Party::Server, Party::Centre)))
}

/// Records what passes between an SMS centre, its phones, and its ESMEs.
pub fn of_centre(recorder: Recorder) -> CentreWatch {
    Arc::new(move |passed| {
        let what = match passed {
            oxisim_smsc::Passed::Rpdu { phone, is_sent, rpdu } => What::Rpdu {
                from: if *is_sent { Party::Centre } else { Party::Phone },
                phone: phone.address().to_string(),
                rpdu: rpdu.to_vec(),
            },
            oxisim_smsc::Passed::Pdu(passed) => pdu(passed, Party::Centre, Party::Server),
        };
        recorder.note(wall_clock(), what);
    })
}

fn pdu(passed: &oxisim_smpp::Passed<'_>, own: Party, other: Party) -> What {
    let from = if passed.is_sent { own } else { other };
    What::Pdu { from, peer: passed.peer.to_owned(), pdu: passed.pdu.to_vec() }
}
