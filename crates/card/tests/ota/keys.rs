//! Keys are replaced over the air (TS 102 226 §8.2.1.5).

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use oxisim_card::{Card, KeyType, RemoteApplication, TypedKey};
use oxisim_sms::packet::{Kic, Kid, ResponseStatus};

use crate::platform::{AES, Platform, TRIPLE_DES, image, keys};
