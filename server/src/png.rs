//! Portraits as PNG files small enough for a library page: 256 colours, dithered.

use cases::twin::portrait::Picture;
use png::{BitDepth, ColorType, Compression, EncodingError, Filter};

use crate::palette::{Rgba, nearest, palette};

/// Colours of the palette that the picture shares; the first entry is kept for the empty ground.
const COLOURS: usize = 255;
/// Encode a picture with a palette that has alpha.
///
/// # Errors
/// A picture whose sides and pixels disagree.
pub fn encode(picture: &Picture) -> Result<Vec<u8>, EncodingError> {
    let shown = picture.rgba.iter().copied().filter(|pixel| pixel[3] > 0);
    let colours = palette(shown, COLOURS);
    let with_ground = || std::iter::once(&[0; 4]).chain(&colours);
    let entries: Vec<u8> = with_ground().flat_map(|colour| &colour[..3]).copied().collect();
    let alphas: Vec<u8> = with_ground().map(|colour| colour[3]).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width as u32, picture.height as u32);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(entries);
    encoder.set_trns(alphas);
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&dithered(picture, &colours))?;
    writer.finish()?;
    Ok(bytes)
}

/// Palette entry of each pixel; the rest of each pixel goes to its neighbours [Floyd and Steinberg 1976], three
/// quarters of it, which shows no grain and still no bands.
fn dithered(picture: &Picture, colours: &[Rgba]) -> Vec<u8> {
    const SHARE: f32 = 0.75;
    let width = picture.width;
    let mut indices = Vec::with_capacity(picture.rgba.len());
    let mut here = vec![[0.0_f32; 3]; width + 2];
    for row in picture.rgba.chunks_exact(width.max(1)) {
        let mut below = vec![[0.0_f32; 3]; width + 2];
        for (column, &[r, g, b, alpha]) in row.iter().enumerate() {
            if alpha == 0 {
                indices.push(0);
                continue;
            }
            let rest = here[column + 1];
            let wanted = [r, g, b].map(f32::from);
            let wanted: [f32; 3] = std::array::from_fn(|i| (wanted[i] + rest[i]).clamp(0.0, 255.0));
            let [r, g, b] = wanted.map(|value| (value + 0.5) as u8);
            let index = nearest(colours, [r, g, b, alpha]);
            indices.push(index as u8 + 1);
            let Some([r, g, b, _]) = colours.get(index).copied() else { continue };
            let given = [r, g, b].map(f32::from);
            for i in 0..3 {
                let error = (wanted[i] - given[i]) * SHARE / 16.0;
                here[column + 2][i] += error * 7.0;
                below[column][i] += error * 3.0;
                below[column + 1][i] += error * 5.0;
                below[column + 2][i] += error;
            }
        }
        here = below;
    }
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_and_transparency_survive() {
        let (width, height) = (64, 48);
        let pixel = |i: usize| match i % width {
            0..8 => [0; 4],
            8..16 => [200, 60, 50, 113],
            x => [120 + x as u8, 40 + (i / width) as u8, 30, 255],
        };
        let picture = Picture { width, height, rgba: (0..width * height).map(pixel).collect() };
        let bytes = encode(&picture).unwrap();
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut decoded = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut decoded).unwrap();
        for (expected, found) in picture.rgba.iter().zip(decoded.chunks_exact(4)) {
            assert_eq!(expected[3] == 0, found[3] == 0);
            if expected[3] > 0 {
                for channel in 0..4 {
                    assert!(
                        expected[channel].abs_diff(found[channel]) < 16,
                        "{expected:?} {found:?}"
                    );
                }
            }
        }
    }
}
