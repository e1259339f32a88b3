//! Networks and where the terminal is in them (TS 24.008 §10.5.1, TS 31.111 §8.19).

use alloc::{string::String, vec::Vec};

use oxisim_wire::{Error, Reader, Show, Shown, Wire, tlv::Tag};

use crate::message::DataObject;

/// A network: country and network code in three octets (TS 24.008 §10.5.1.13).
///
/// ```
/// use oxisim_toolkit::objects::Plmn;
///
/// assert_eq!(Plmn([0x62, 0xF2, 0x10]).digits().as_deref(), Some("262-01"));
/// assert_eq!(Plmn([0x00, 0x11, 0x00]).digits().as_deref(), Some("001-001"));
/// assert_eq!(Plmn([0xFF; 3]).digits(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plmn(pub [u8; 3]);

impl Plmn {
    /// Country code and network code; nothing if no network stands here.
    #[must_use]
    pub fn digits(self) -> Option<String> {
        let [a, b, c] = self.0;
        if self.0 == [0xFF; 3] {
            return None;
        }
        let digit =
            |half: u8| char::from_digit(half.into(), 16).map_or('?', |digit| digit.to_ascii_uppercase());
        let country = [a & 0x0F, a >> 4, b & 0x0F].map(digit);
        let network = [c & 0x0F, c >> 4, b >> 4].into_iter().filter(|&half| half != 0x0F).map(digit);
        Some(country.into_iter().chain(['-']).chain(network).collect())
    }
}

impl Wire for Plmn {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        r.array("network").map(Self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.0);
    }
}

impl Show for Plmn {
    fn show(&self) -> Shown {
        self.digits().map_or(Shown::Nothing, Shown::Text)
    }
}

/// Access technologies of a network, a bit each (TS 31.102 §4.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessTechnologies(pub u16);

impl AccessTechnologies {
    /// The technologies by name: the bits that are looked at, their value, and the name.
    const NAMES: [(u16, u16, &str); 13] = [
        (0x8000, 0x8000, "UTRAN"),
        (0x7000, 0x4000, "E-UTRAN in WB-S1 and NB-S1 mode"),
        (0x7000, 0x5000, "E-UTRAN in NB-S1 mode"),
        (0x7000, 0x6000, "E-UTRAN in WB-S1 mode"),
        (0x7000, 0x7000, "E-UTRAN in WB-S1 and NB-S1 mode"),
        (0x0800, 0x0800, "NG-RAN"),
        (0x008C, 0x0080, "GSM and EC-GSM-IoT"),
        (0x008C, 0x0084, "GSM"),
        (0x008C, 0x0088, "EC-GSM-IoT"),
        (0x008C, 0x008C, "GSM and EC-GSM-IoT"),
        (0x0040, 0x0040, "GSM COMPACT"),
        (0x0020, 0x0020, "cdma2000 HRPD"),
        (0x0010, 0x0010, "cdma2000 1xRTT"),
    ];

    /// The technologies by name.
    fn names(self) -> impl Iterator<Item = &'static str> {
        let is_set = move |&&(mask, value, _): &&(u16, u16, &str)| self.0 & mask == value;
        Self::NAMES.iter().filter(is_set).map(|&(.., name)| name)
    }
}

impl Wire for AccessTechnologies {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        r.u16("access technologies").map(Self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
    }
}

impl Show for AccessTechnologies {
    fn show(&self) -> Shown {
        Shown::Fields(alloc::vec![
            ("value", self.0.to_be_bytes().show()),
            ("meaning", Shown::List(self.names().map(Show::show).collect()))
        ])
    }
}

/// A network and how it is reached, as in `EF_PLMNwAcT` (TS 31.102 §4.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlmnWithAccess {
    /// The network.
    pub plmn: Plmn,
    /// Its access technologies.
    pub access: AccessTechnologies,
}

impl Wire for PlmnWithAccess {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self { plmn: Plmn::read(r)?, access: AccessTechnologies::read(r)? })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.plmn.write(out);
        self.access.write(out);
    }
}

impl Show for PlmnWithAccess {
    fn show(&self) -> Shown {
        Shown::Fields(alloc::vec![("plmn", self.plmn.show()), ("access_technologies", self.access.show())])
    }
}

/// Location information (TS 102 223 §8.19, TS 31.111 §8.19, tag `0x13`).
///
/// The cell has two octets in GSM, two more of the extended cell identity in UTRAN, 28 bits in E-UTRAN and 36 in
/// NG-RAN, each filled up to whole octets; only the access technology tells UTRAN and E-UTRAN apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocationInformation {
    /// Country and network.
    pub network: Plmn,
    /// Location or tracking area: two octets, three in NG-RAN.
    pub area: Vec<u8>,
    /// The cell; nothing where it is not known.
    pub cell: Vec<u8>,
}

impl LocationInformation {
    /// A cell of GSM, or of UTRAN without its extended identity.
    #[must_use]
    pub fn new(network: Plmn, area: u16, cell: u16) -> Self {
        Self { network, area: area.to_be_bytes().to_vec(), cell: cell.to_be_bytes().to_vec() }
    }
}

impl Wire for LocationInformation {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        /// Country and network, three octets of area, five of cell.
        const NG_RAN: usize = 11;
        let octets = if r.left() == NG_RAN { 3 } else { 2 };
        let network = r.array(Self::NAME).map(Plmn)?;
        Ok(Self { network, area: r.take(octets, Self::NAME)?.to_vec(), cell: r.rest().to_vec() })
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.network.write(out);
        out.extend(&self.area);
        out.extend(&self.cell);
    }
}

impl Show for LocationInformation {
    fn show(&self) -> Shown {
        let number = |octets: &[u8]| octets.iter().fold(0, |number, &octet| number << 8 | u64::from(octet));
        let (area, mut fields) = match self.cell.len() {
            5 => ("tracking_area", alloc::vec![("cell", Shown::Number(number(&self.cell) >> 4))]),
            4 => {
                let (cell, extended) = self.cell.split_at(2);
                let fields = alloc::vec![
                    ("cell", cell.show()),
                    ("extended_cell", extended.show()),
                    ("cell_in_E_UTRAN", Shown::Number(number(&self.cell) >> 4)),
                ];
                ("location_or_tracking_area", fields)
            }
            0 => ("location_area", Vec::new()),
            _ => ("location_area", alloc::vec![("cell", self.cell.show())]),
        };
        fields.insert(0, ("network", self.network.show()));
        fields.insert(1, (area, self.area.show()));
        Shown::Fields(fields)
    }
}

impl DataObject for LocationInformation {
    const TAG: Tag = Tag(0x13);
    const NAME: &'static str = "Location information";
    const SPEC: &'static str = "TS 102 223 §8.19";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What pySim's tests say of `EF_PLMNwAcT` (osmocom/pysim, facts only).
    #[test]
    fn modes_of_a_technology_are_told_apart() {
        let names = |bits| AccessTechnologies(bits).names().collect::<Vec<_>>();
        assert_eq!(names(0x8000), ["UTRAN"]);
        assert_eq!(names(0x4000), ["E-UTRAN in WB-S1 and NB-S1 mode"]);
        assert_eq!(names(0x488C), ["E-UTRAN in WB-S1 and NB-S1 mode", "NG-RAN", "GSM and EC-GSM-IoT"]);
    }

    #[test]
    fn a_cell_of_every_access_technology_comes_back() {
        for (octets, area, cell) in [
            (&[0x00, 0xF1, 0x10, 0x00, 0x01, 0x00, 0x01][..], 2, 2),
            (&[0x00, 0xF1, 0x10, 0x00, 0x01, 0x00, 0x01, 0x00, 0x1F], 2, 4),
            (&[0x00, 0xF1, 0x10, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x1F], 3, 5),
            (&[0x00, 0xF1, 0x10, 0x00, 0x01], 2, 0),
        ] {
            let location = LocationInformation::decode(octets, "location").unwrap();
            assert_eq!((location.area.len(), location.cell.len()), (area, cell));
            assert_eq!(location.encode(), octets);
        }
        assert!(LocationInformation::decode(&[0x00, 0xF1, 0x10, 0x00], "location").is_err());
    }
}
