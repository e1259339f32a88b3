//! Cell broadcast (TS 31.111 §7.1.2).

use oxisim_toolkit::{Facility, envelope::CellBroadcastDownload, objects::CellBroadcastPage};
use oxisim_wire::Instant;

use crate::{Event, Terminal, envelope::Pending};

/// Octets of a page (TS 23.041 §9.4.1.2): serial number, message identifier, coding, page parameter, and contents.
const PAGE: usize = 88;

impl Terminal {
    /// Takes a page that the network broadcasts, of 88 octets. It is the card's if the card has data download via cell
    /// broadcast and names the message identifier in `EF_CBMID`, and otherwise the user's.
    pub fn handle_cell_broadcast(&mut self, page: &[u8], now: Instant) {
        if let (true, PAGE, Some(&[_, _, high, low])) = (self.is_ready(), page.len(), page.first_chunk()) {
            let identifier = u16::from_be_bytes([high, low]);
            let is_for_card = self.config.profile.supports(Facility::CellBroadcastDownload)
                && self.identity().broadcasts.contains(&identifier);
            if is_for_card {
                let page = CellBroadcastPage { page: page.to_vec() };
                self.tell(Pending::envelope(CellBroadcastDownload::new(page)));
            } else {
                self.event(Event::CellBroadcast(page.to_vec()));
            }
        }
        self.settle(now);
    }
}
