//! What the terminal writes to files, and whom that tells something (TS 102 241, TS 31.130).

use oxisim_sms::tpdu::Deliver;
use oxisim_wire::{Instant, Reader, Wire};

use super::{
    ToolkitEvent,
    messages::{Carrier, Delivered},
    registrations::Writer,
};
use crate::{
    applet::{Event, FilePart, FileUpdate},
    file::{FileId, FileSystem},
    runtime::Runtime,
    view::FileView,
};

/// The identifier of `EF_SMS`, in an ADF and in `DF_TELECOM` (TS 31.102 §4.2.25, TS 51.011 §10.5.3).
const EF_SMS: u16 = 0x6F3C;
const DF_TELECOM: u16 = 0x7F10;
/// Status of a record of `EF_SMS`: a message from the network that is to be read.
const TO_BE_READ: u8 = 0x03;

impl Runtime<'_> {
    /// The terminal has written to a file; the command packet in what it has written.
    pub fn file_updated(&mut self, now: Instant, update: FileUpdate) -> Option<Carrier> {
        let packet = match update.part {
            FilePart::Record(record) if is_ef_sms(self.files, update.file) => {
                self.message_stored(now, update.file, record)
            }
            _ => None,
        };
        for id in self.applets.order() {
            if self.session.registry.watches(id, Writer::Terminal, self.files, update.file) {
                self.deliver(id, Event::ExternalFileUpdate(update));
            }
        }
        packet
    }

    /// Remote file management has written to files.
    pub fn remote_files_updated(&mut self, updates: &[FileUpdate]) {
        for id in self.applets.order() {
            for &update in updates {
                if self.session.registry.watches(id, Writer::Remote, self.files, update.file) {
                    self.deliver(id, Event::RemoteFileUpdate(update));
                }
            }
        }
    }

    /// The terminal has written a record of `EF_SMS`: a new message is for applets as one that is downloaded is.
    fn message_stored(&mut self, now: Instant, file: FileId, record: u8) -> Option<Carrier> {
        let view = FileView::new(self.files, &*self.memory);
        let deliver = view.read_record(file, record).ok().and_then(message_of)?;
        let delivered = Delivered::of(self.session, deliver, now)?;
        if delivered.is_packet() {
            return Some(Carrier::Record(record, delivered));
        }
        let sms = delivered.unformatted();
        self.deliver_to_all(
            ToolkitEvent::UnformattedSmsPpUpdate,
            Event::UnformattedSmsPpUpdate { record, sms },
        );
        None
    }
}

fn is_ef_sms(files: &FileSystem, id: FileId) -> bool {
    let is_home = || {
        let home = files.parent(id);
        files.get(home).is_some_and(|file| file.is_application() || file.fid == DF_TELECOM)
    };
    files.get(id).is_some_and(|file| file.fid == EF_SMS) && is_home()
}

/// The message of a record, if it is a new one: status, address of the service centre, TPDU.
fn message_of(record: &[u8]) -> Option<Deliver> {
    let mut r = Reader::new(record);
    if r.u8("status").ok()? != TO_BE_READ {
        return None;
    }
    let length = r.u8("TS-Service-Centre-Address").ok()?;
    r.take(length.into(), "TS-Service-Centre-Address").ok()?;
    Deliver::read(&mut r).ok()
}
