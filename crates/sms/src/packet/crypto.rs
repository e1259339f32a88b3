//! The algorithms over octets. Each initial vector is zero (TS 102 225 §5.1.2, §5.1.3).

use aes::{Aes128, Aes192, Aes256};
use alloc::vec::Vec;
use cbc::cipher::{
    Array, Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit,
    KeyInit,
};
use cmac::{Cmac, Mac};
use des::{Des, TdesEde2, TdesEde3};

use super::{Check, Cipher, Key, Refusal};

/// Enciphers whole blocks in place.
pub fn encipher(cipher: Cipher, key: &Key, data: &mut [u8]) -> Result<(), Refusal> {
    let key = key.for_cipher(cipher)?;
    match cipher {
        Cipher::DesCbc => encipher_cbc::<Des>(key, data),
        Cipher::TripleDes2Cbc => encipher_cbc::<TdesEde2>(key, data),
        Cipher::TripleDes3Cbc => encipher_cbc::<TdesEde3>(key, data),
        Cipher::DesEcb => encipher_ecb::<Des>(key, data),
        Cipher::TripleDes2Ecb => encipher_ecb::<TdesEde2>(key, data),
        Cipher::TripleDes3Ecb => encipher_ecb::<TdesEde3>(key, data),
        Cipher::AesCbc => match key.len() {
            16 => encipher_cbc::<Aes128>(key, data),
            24 => encipher_cbc::<Aes192>(key, data),
            _ => encipher_cbc::<Aes256>(key, data),
        },
    }
}

/// Deciphers whole blocks in place.
pub fn decipher(cipher: Cipher, key: &Key, data: &mut [u8]) -> Result<(), Refusal> {
    let key = key.for_cipher(cipher)?;
    match cipher {
        Cipher::DesCbc => decipher_cbc::<Des>(key, data),
        Cipher::TripleDes2Cbc => decipher_cbc::<TdesEde2>(key, data),
        Cipher::TripleDes3Cbc => decipher_cbc::<TdesEde3>(key, data),
        Cipher::DesEcb => decipher_ecb::<Des>(key, data),
        Cipher::TripleDes2Ecb => decipher_ecb::<TdesEde2>(key, data),
        Cipher::TripleDes3Ecb => decipher_ecb::<TdesEde3>(key, data),
        Cipher::AesCbc => match key.len() {
            16 => decipher_cbc::<Aes128>(key, data),
            24 => decipher_cbc::<Aes192>(key, data),
            _ => decipher_cbc::<Aes256>(key, data),
        },
    }
}

/// The check or checksum of `message`. A redundancy check takes no key; without one that is needed, no checksum.
pub fn check(check: Check, key: Option<&Key>, message: &[u8]) -> Result<Vec<u8>, Refusal> {
    let key = || key.ok_or(Refusal::NoKid).and_then(|key| key.for_check(check));
    let mut checksum = match check {
        Check::Crc16 => crc16(message).to_be_bytes().to_vec(),
        Check::Crc32 => crc32(message).to_be_bytes().to_vec(),
        Check::DesMac => cbc_mac::<Des>(key()?, message)?,
        Check::TripleDes2Mac => cbc_mac::<TdesEde2>(key()?, message)?,
        Check::TripleDes3Mac => cbc_mac::<TdesEde3>(key()?, message)?,
        Check::AesCmac64 | Check::AesCmac32 => {
            let key = key()?;
            match key.len() {
                16 => cmac::<Cmac<Aes128>>(key, message),
                24 => cmac::<Cmac<Aes192>>(key, message),
                _ => cmac::<Cmac<Aes256>>(key, message),
            }?
        }
    };
    checksum.truncate(check.octets());
    Ok(checksum)
}

fn keyed<C: KeyInit>(key: &[u8]) -> Result<C, Refusal> {
    C::new_from_slice(key).map_err(|_| Refusal::KeyLength(key.len()))
}

/// The whole blocks; octets behind the last one are left out.
fn blocks<C: BlockCipherEncrypt>(data: &mut [u8]) -> &mut [Block<C>] {
    Array::slice_as_chunks_mut(data).0
}

fn encipher_cbc<C: KeyInit + BlockCipherEncrypt>(key: &[u8], data: &mut [u8]) -> Result<(), Refusal> {
    cbc::Encryptor::<C>::inner_iv_init(keyed(key)?, &Array::default()).encrypt_blocks(blocks::<C>(data));
    Ok(())
}

fn decipher_cbc<C>(key: &[u8], data: &mut [u8]) -> Result<(), Refusal>
where
    C: KeyInit + BlockCipherEncrypt + BlockCipherDecrypt,
{
    cbc::Decryptor::<C>::inner_iv_init(keyed(key)?, &Array::default()).decrypt_blocks(blocks::<C>(data));
    Ok(())
}

fn encipher_ecb<C: KeyInit + BlockCipherEncrypt>(key: &[u8], data: &mut [u8]) -> Result<(), Refusal> {
    keyed::<C>(key)?.encrypt_blocks(blocks::<C>(data));
    Ok(())
}

fn decipher_ecb<C>(key: &[u8], data: &mut [u8]) -> Result<(), Refusal>
where
    C: KeyInit + BlockCipherEncrypt + BlockCipherDecrypt,
{
    keyed::<C>(key)?.decrypt_blocks(blocks::<C>(data));
    Ok(())
}

/// The last block of the message, filled up with zeros, in CBC.
fn cbc_mac<C: KeyInit + BlockCipherEncrypt>(key: &[u8], message: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut mode = cbc::Encryptor::<C>::inner_iv_init(keyed(key)?, &Array::default());
    let mut last = Block::<C>::default();
    for chunk in message.chunks(last.len()) {
        last = Block::<C>::default();
        last[..chunk.len()].copy_from_slice(chunk);
        mode.encrypt_block(&mut last);
    }
    Ok(last.to_vec())
}

fn cmac<M: KeyInit + Mac>(key: &[u8], message: &[u8]) -> Result<Vec<u8>, Refusal> {
    Ok(keyed::<M>(key)?.chain_update(message).finalize().into_bytes().to_vec())
}

/// CRC of 16 bits of ISO/IEC 13239, least significant bit first.
fn crc16(message: &[u8]) -> u16 {
    !message.iter().fold(0xFFFF, |crc, &octet| {
        (0..8).fold(crc ^ u16::from(octet), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0x8408 } else { 0 })
    })
}

/// CRC of 32 bits of ISO/IEC 13239, least significant bit first.
fn crc32(message: &[u8]) -> u32 {
    !message.iter().fold(0xFFFF_FFFF, |crc, &octet| {
        (0..8).fold(crc ^ u32::from(octet), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use serde_json::Value;

    use super::super::Suite;
    use super::*;

    fn rows() -> impl Iterator<Item = Value> {
        let rows = include_str!("../../tests/vectors/checksum.jsonl");
        rows.lines().map(|line| serde_json::from_str(line).unwrap())
    }

    fn octets(row: &Value, key: &str) -> Vec<u8> {
        hex::decode(row[key].as_str().unwrap()).unwrap()
    }

    #[test]
    fn checksums_are_those_of_the_vectors() {
        let mut count = 0;
        for row in rows().filter(|row| row["mac"].is_string()) {
            let (key, message, mac) = (octets(&row, "key"), octets(&row, "message"), octets(&row, "mac"));
            let by = |algorithm| check(algorithm, Key::new(&key).ok().as_ref(), &message).unwrap();
            match row["algorithm"].as_str().unwrap() {
                "AES-CMAC-128" => {
                    assert_eq!(cmac::<Cmac<Aes128>>(&key, &message).unwrap(), mac, "{row}");
                    assert_eq!(by(Check::AesCmac64), mac[..8], "{row}");
                    assert_eq!(by(Check::AesCmac32), mac[..4], "{row}");
                }
                "AES-CMAC-64" => assert_eq!(by(Check::AesCmac64), mac, "{row}"),
                "DES-CBC-MAC" => assert_eq!(by(Check::DesMac), mac, "{row}"),
                "3DES-CBC-MAC-2" => assert_eq!(by(Check::TripleDes2Mac), mac, "{row}"),
                "CRC16-X25" => assert_eq!(by(Check::Crc16), mac, "{row}"),
                "CRC32" => assert_eq!(by(Check::Crc32), mac, "{row}"),
                other => panic!("{other}"),
            }
            count += 1;
        }
        assert_eq!(count, 17);
    }

    #[test]
    fn padding_counters_are_those_of_the_vectors() {
        let mut seen = String::new();
        for row in rows().filter(|row| row["pcnt"].is_u64()) {
            let algorithm = row["algorithm"].as_str().unwrap();
            let cipher = if algorithm == "AES" { Cipher::AesCbc } else { Cipher::TripleDes2Cbc };
            let suite = Suite { cipher: Some(cipher), check: None };
            let length = row["length"].as_u64().unwrap() as usize;
            assert_eq!(suite.padding(length) as u64, row["pcnt"].as_u64().unwrap(), "{row}");
            seen.push_str(algorithm);
        }
        assert!(seen.contains("AES") && seen.contains("3DES"));
    }

    #[test]
    fn a_checksum_takes_a_key_of_its_length_and_a_redundancy_check_none() {
        let key = Key::new(&[7; 16]).unwrap();
        for algorithm in Check::ALL {
            match algorithm.key_lengths() {
                [] => assert!(check(algorithm, None, &[1]).is_ok()),
                lengths => {
                    assert_eq!(check(algorithm, None, &[1]), Err(Refusal::NoKid));
                    let fits = check(algorithm, Some(&key), &[1]).is_ok();
                    assert_eq!(fits, lengths.contains(&16));
                }
            }
        }
    }
}
