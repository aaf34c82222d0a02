//! Bytes out and bytes in; every read is checked.

use super::error::PackError;

/// Append a number, seven bits a byte, low bits first.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Small for numbers near 0 of either sign.
pub(super) fn zigzag(value: i32) -> u32 {
    (value << 1 ^ value >> 31) as u32
}

/// Back from [`zigzag`].
pub(super) fn unzigzag(value: u32) -> i32 {
    (value >> 1) as i32 ^ -((value & 1) as i32)
}

/// A section's bytes, read from the front.
pub(super) struct Reader<'a> {
    section: &'static str,
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(section: &'static str, bytes: &'a [u8]) -> Self {
        Self { section, bytes }
    }

    /// An error that names this section.
    pub(super) fn error(&self, reason: &'static str) -> PackError {
        PackError::Content { section: self.section, reason }
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], PackError> {
        let (head, rest) =
            self.bytes.split_at_checked(len).ok_or_else(|| self.error("ends too early"))?;
        self.bytes = rest;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PackError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PackError> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, PackError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, PackError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, PackError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A finite number.
    pub(super) fn f32(&mut self) -> Result<f32, PackError> {
        let value = f32::from_le_bytes(self.array()?);
        if value.is_finite() {
            Ok(value)
        } else {
            Err(self.error("holds a number that is not finite"))
        }
    }

    pub(super) fn varint(&mut self) -> Result<u32, PackError> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            if shift == 28 && byte > 0x0f {
                break;
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.error("holds a number that is too long"))
    }

    /// A count of things that take at least `bytes_each` bytes of what is left.
    pub(super) fn count(&mut self, bytes_each: usize) -> Result<usize, PackError> {
        let count = self.u32()? as usize;
        if count.saturating_mul(bytes_each) > self.bytes.len() {
            return Err(self.error("promises more than it holds"));
        }
        Ok(count)
    }

    /// All must have been read.
    pub(super) fn finish(&self) -> Result<(), PackError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(self.error("has bytes left over")) }
    }
}
