//! Run lengths of PS3.5 annex G.

use super::elements::error;
use crate::Result;

/// One frame of `pixels` samples of `bytes` bytes each, least significant byte first.
///
/// # Errors
/// A header that does not fit, runs that end early.
pub(super) fn frame(file: &str, fragment: &[u8], pixels: usize, bytes: usize) -> Result<Vec<u8>> {
    let damaged = |reason: &str| {
        error(file, "(7FE0,0010) run lengths", reason, "fetch the file again, it is damaged")
    };
    let word = |i: usize| {
        let at = fragment.get(4 * i..4 * i + 4)?;
        Some(u32::from_le_bytes([at[0], at[1], at[2], at[3]]) as usize)
    };
    if word(0) != Some(bytes) {
        return Err(damaged("have another number of parts than the samples have bytes"));
    }
    let mut frame = vec![0; pixels * bytes];
    for part in 0..bytes {
        let start = word(1 + part).filter(|s| *s >= 64).ok_or_else(|| damaged("have no header"))?;
        let mut runs = fragment.get(start..).unwrap_or_default();
        let mut filled = 0;
        while filled < pixels {
            let [control, rest @ ..] = runs else { return Err(damaged("end early")) };
            let control = *control as i8;
            runs = rest;
            if control == -128 {
                continue;
            }
            // 0 to 127: that many and one more as they stand; −1 to −127: one value that many times and one more.
            let count = usize::from(control.unsigned_abs()) + 1;
            let taken = if control >= 0 { count } else { 1 };
            let values = runs.get(..taken).ok_or_else(|| damaged("end early"))?;
            for i in 0..count.min(pixels - filled) {
                // Parts come most significant byte first.
                let to = (filled + i) * bytes + (bytes - 1 - part);
                frame[to] = values[if control >= 0 { i } else { 0 }];
            }
            filled += count;
            runs = &runs[taken..];
        }
    }
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_literals_are_laid_out() {
        // Two bytes a sample: high bytes 3 × 1, low bytes 5, 6, 7.
        let mut fragment = vec![0; 64];
        fragment[0] = 2;
        fragment[4] = 64;
        fragment[8] = 66;
        fragment.extend([0xfe, 1, 2, 5, 6, 7]);
        assert_eq!(frame("f", &fragment, 3, 2).unwrap(), [5, 1, 6, 1, 7, 1]);
        for cut in [0, 3, 63, 65, 68] {
            assert!(frame("f", &fragment[..cut], 3, 2).is_err(), "{cut}");
        }
    }
}
