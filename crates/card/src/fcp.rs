//! File control parameters: what SELECT and STATUS say of a file (TS 102 221 §11.1.1.3).

use alloc::vec::Vec;

use oxisim_wire::tlv::write_tlv;

use crate::{
    access::Rule,
    file::{Elementary, File, FileId, FileSystem, Kind, LifeCycle, Structure},
};

/// The `EF_ARR` of the MF level, and that of every other directory.
pub(crate) const EF_ARR: [u16; 2] = [0x2F06, 0x6F06];

/// The FCP template of a file.
#[must_use]
pub fn template(files: &FileSystem, id: FileId) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    if let Some(file) = files.get(id) {
        write_tlv(0x62, &mut out, |out| match &file.kind {
            Kind::Directory(directory) => {
                write_tlv(0x82, out, |out| out.extend_from_slice(&[DIRECTORY, DATA_CODING]));
                match &directory.aid {
                    Some(aid) => write_tlv(0x84, out, |out| out.extend_from_slice(aid.as_bytes())),
                    None => write_fid(file, out),
                }
                write_tlv(0xA5, out, |out| out.extend_from_slice(&UICC_CHARACTERISTICS));
                write_tlv(0x8A, out, |out| out.push(life_cycle(LifeCycle::Activated)));
                write_security(Rule::DIRECTORY, files.parent(id), out);
                out.extend_from_slice(&PIN_STATUS);
            }
            Kind::Elementary(ef) => {
                write_tlv(0x82, out, |out| write_descriptor(ef, out));
                write_fid(file, out);
                write_tlv(0x8A, out, |out| out.push(life_cycle(ef.life_cycle)));
                write_security(ef.rule, file.parent, out);
                write_tlv(0x80, out, |out| out.extend_from_slice(&(ef.size as u16).to_be_bytes()));
                write_tlv(0x88, out, |out| out.extend(ef.sfi.map(|sfi| sfi << 3)));
            }
        });
    }
    out
}

/// File descriptor byte of a shareable DF (TS 102 221 §11.1.1.4.3).
const DIRECTORY: u8 = 0x78;
/// Data coding byte (TS 102 221 §11.1.1.4.3).
const DATA_CODING: u8 = 0x21;
/// The clock may be stopped, at low level preferred (TS 102 221 §11.1.1.4.6.1).
const UICC_CHARACTERISTICS: [u8; 3] = [0x80, 0x01, 0x71];
/// PIN status template: PIN 01 disabled, PIN 81 and ADM 0A enabled (TS 102 221 §9.5.2).
const PIN_STATUS: [u8; 14] =
    [0xC6, 0x0C, 0x90, 0x01, 0x60, 0x83, 0x01, 0x01, 0x83, 0x01, 0x81, 0x83, 0x01, 0x0A];

fn write_descriptor(ef: &Elementary, out: &mut Vec<u8>) {
    let (byte, record) = match ef.structure {
        Structure::Transparent => (0x41, None),
        Structure::LinearFixed { record } => (0x42, Some(record)),
        Structure::Cyclic { record } => (0x46, Some(record)),
    };
    out.extend_from_slice(&[byte, DATA_CODING]);
    if let Some(record) = record {
        out.extend_from_slice(&[0x00, record, ef.record_count()]);
    }
}

fn write_fid(file: &File, out: &mut Vec<u8>) {
    write_tlv(0x83, out, |out| out.extend_from_slice(&file.fid.to_be_bytes()));
}

const fn life_cycle(state: LifeCycle) -> u8 {
    match state {
        LifeCycle::Activated => 0x05,
        LifeCycle::Deactivated => 0x04,
    }
}

/// Appends the reference to the access rule (TS 102 221 §11.1.1.4.7.3) for a file in `directory`.
fn write_security(rule: Rule, directory: FileId, out: &mut Vec<u8>) {
    let [arr_of_mf, arr] = EF_ARR;
    let fid = if directory == FileSystem::MF { arr_of_mf } else { arr };
    let [high, low] = fid.to_be_bytes();
    write_tlv(0x8B, out, |out| out.extend_from_slice(&[high, low, rule.record_number()]));
}
