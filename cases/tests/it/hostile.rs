//! Bytes that are no pack: an error each, and never a panic.

use std::sync::LazyLock;

use cases::twin::pack::{FORMAT_VERSION, PackError, decode, encode};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::phantom::{FINE, Phantom};

static PACK: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let phantom = Phantom::new([24; 3], [1.0; 3], |p| match p[0] {
        x if p.iter().any(|c| !(6.0..18.0).contains(c)) || x == 0.0 => 0,
        x => 1 + u8::from(x > 12.0),
    });
    encode(&phantom.build(2, FINE, false)).unwrap()
});

/// With its hash made right again, so that damage reaches the parsers behind it.
fn rehashed(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some((header, body)) = bytes.split_at_mut_checked(48) {
        header[16..].copy_from_slice(&Sha256::digest(body));
    }
    bytes
}

#[test]
fn damage_is_told_from_strangers_and_from_other_versions() {
    let with = |at: usize, value: u8| {
        let mut bytes = PACK.clone();
        bytes[at] = value;
        bytes
    };
    assert!(decode(&PACK).is_ok());
    assert_eq!(decode(b""), Err(PackError::Magic));
    assert_eq!(decode(&with(0, b'X')), Err(PackError::Magic));
    assert_eq!(decode(&with(8, 99)), Err(PackError::Version { found: 99, known: FORMAT_VERSION }));
    assert_eq!(decode(&with(PACK.len() / 2, PACK[PACK.len() / 2] ^ 1)), Err(PackError::Hash));
    assert_eq!(decode(&PACK[..PACK.len() - 1]), Err(PackError::Hash));
    assert!(matches!(
        decode(&rehashed(PACK[..PACK.len() - 1].to_vec())),
        Err(PackError::Length(_) | PackError::Content { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_truncated_pack_is_an_error(part in 0.0_f64..1.0) {
        let bytes = &PACK[..(PACK.len() as f64 * part) as usize];
        prop_assert!(decode(bytes).is_err());
        prop_assert!(decode(&rehashed(bytes.to_vec())).is_err());
    }

    #[test]
    fn a_flipped_bit_is_an_error(part in 0.0_f64..1.0, bit in 0_u8..8) {
        let mut bytes = PACK.clone();
        let at = (PACK.len() as f64 * part) as usize;
        bytes[at] ^= 1 << bit;
        prop_assert!(decode(&bytes).is_err());
        // Behind a right hash only the parsers stand; whatever they say, they do not panic.
        let _ = decode(&rehashed(bytes));
    }
}
