//! Choices from a string of bytes: a fuzzer's, or a seed's.

/// The bytes that are left. Once there are none, every choice is the first.
pub struct Bytes<'a>(&'a [u8]);

/// What no hand sends.
const ODD: [f32; 8] =
    [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e20, f32::MIN_POSITIVE, 0.0];

impl<'a> Bytes<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        (usize::from(self.byte()) << 8 | usize::from(self.byte())) % count
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// True once in `count` times.
    pub fn one_in(&mut self, count: u8) -> bool {
        self.byte() % count == count - 1
    }

    /// In [low, high).
    pub fn within(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.below(1 << 16) as f32 / 65_536.0
    }

    /// In [low, high), each order of magnitude as likely as the other; both are positive.
    pub fn scaled(&mut self, low: f32, high: f32) -> f32 {
        (low * (high / low).powf(self.within(0.0, 1.0))).clamp(low, high)
    }

    pub fn vector(&mut self, size: f32) -> [f32; 3] {
        [0; 3].map(|_| self.within(-size, size))
    }

    /// As [`Bytes::vector`], now and then with a component that is no size at all.
    pub fn wild(&mut self, size: f32) -> [f32; 3] {
        let mut vector = self.vector(size);
        if self.one_in(12) {
            vector[self.below(3)] = self.one_of(&ODD);
        }
        vector
    }

    /// `value`, or now and then no such thing.
    pub fn or_odd(&mut self, value: f32) -> f32 {
        if self.one_in(16) { self.one_of(&ODD) } else { value }
    }
}

/// `count` bytes that a seed stands for, by SplitMix64.
pub fn from_seed(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    let words = (0..count.div_ceil(8)).map(|_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31).to_le_bytes()
    });
    let mut bytes: Vec<u8> = words.flatten().collect();
    bytes.truncate(count);
    bytes
}
