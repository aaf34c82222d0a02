//! Slices through the scan as pictures: grey values with the structures tinted over them.

use cases::twin::pack::{Pack, Volume};

/// Share of the structure's colour where it covers the scan.
const TINT: f32 = 0.34;
/// Share for the selected structure.
const SELECTED_TINT: f32 = 0.6;
/// Ground of a twin without a scan: tissue unknown.
const GROUND: f32 = 26.0;

/// A plane across the patient. Pictures follow the radiological convention: the patient's right is on the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Columns x, rows y.
    Axial,
    /// Columns x, rows z from above.
    Coronal,
    /// Columns y, rows z from above.
    Sagittal,
}

impl Plane {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Axial, Self::Coronal, Self::Sagittal];

    /// Patient axis along columns, along rows and across the plane.
    pub fn axes(self) -> [usize; 3] {
        match self {
            Self::Axial => [0, 1, 2],
            Self::Coronal => [0, 2, 1],
            Self::Sagittal => [1, 2, 0],
        }
    }

    /// Do rows run against the patient axis, so that the head is up?
    fn rows_descend(self) -> bool {
        self != Self::Axial
    }

    /// Where a patient fraction along each axis lies in the picture, as fractions from left and top.
    pub fn picture_fraction(self, at: [f32; 3]) -> [f32; 2] {
        let [column, row, _] = self.axes();
        [at[column], if self.rows_descend() { 1.0 - at[row] } else { at[row] }]
    }
}

/// How a structure appears in slices.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tint {
    /// sRGB colour; none for a hidden structure.
    pub colour: Option<[u8; 3]>,
    /// Is it the selected one?
    pub selected: bool,
}

/// A picture, three bytes red, green, blue a pixel, rows from above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width [px].
    pub width: usize,
    /// Height [px].
    pub height: usize,
    /// Shape [height, width, 3].
    pub pixels: Vec<u8>,
}

/// Cut the scan at a fraction `at` (0 to 1) along the plane's own axis. `tints` are by label.
pub fn slice(pack: &Pack, plane: Plane, at: f32, tints: &[Tint; 256]) -> Picture {
    slice_volumes(pack.image.as_ref(), &pack.labels, plane, at, tints)
}

fn slice_volumes(
    image: Option<&Volume>,
    labels: &Volume,
    plane: Plane,
    at: f32,
    tints: &[Tint; 256],
) -> Picture {
    let grid = image.unwrap_or(labels);
    let [column_axis, row_axis, depth_axis] = plane.axes();
    let extent = |axis: usize| grid.dims[axis].max(1) as f32 * grid.spacing[axis];
    // Square pixels, one for the smaller of the two voxel edges.
    let pixel = grid.spacing[column_axis].min(grid.spacing[row_axis]).max(1e-3);
    let size = |axis: usize| ((extent(axis) / pixel).round() as usize).clamp(1, 1024);
    let (width, height) = (size(column_axis), size(row_axis));
    let position = |axis: usize, fraction: f32| {
        grid.origin[axis] + (fraction * grid.dims[axis] as f32 - 0.5) * grid.spacing[axis]
    };
    let mut point = [0.0; 3];
    point[depth_axis] = position(depth_axis, at);
    let mut pixels = Vec::with_capacity(width * height * 3);
    for row in 0..height {
        let fraction = (row as f32 + 0.5) / height as f32;
        let fraction = if plane.rows_descend() { 1.0 - fraction } else { fraction };
        point[row_axis] = position(row_axis, fraction);
        for column in 0..width {
            point[column_axis] = position(column_axis, (column as f32 + 0.5) / width as f32);
            let grey = image.map_or(GROUND, |image| f32::from(sample(image, point)));
            let tint = tints[usize::from(sample(labels, point))];
            let share = match (tint.selected, image.is_some()) {
                (_, false) => 0.85,
                (true, _) => SELECTED_TINT,
                (false, _) => TINT,
            };
            for channel in 0..3 {
                let value = match tint.colour {
                    Some(colour) => grey * (1.0 - share) + f32::from(colour[channel]) * share,
                    None => grey,
                };
                pixels.push(value as u8);
            }
        }
    }
    Picture { width, height, pixels }
}

/// Value of the voxel that holds this patient position [mm]; 0 outside.
fn sample(volume: &Volume, point: [f32; 3]) -> u8 {
    let mut index = 0;
    let mut stride = 1;
    for (axis, along) in point.into_iter().enumerate() {
        let coordinate = ((along - volume.origin[axis]) / volume.spacing[axis]).round();
        if !(coordinate >= 0.0 && coordinate < volume.dims[axis] as f32) {
            return 0;
        }
        index += coordinate as usize * stride;
        stride *= volume.dims[axis] as usize;
    }
    volume.voxels.get(index).copied().unwrap_or(0)
}

impl Picture {
    /// As a Windows bitmap, which every browser shows and which needs no compressor.
    pub fn bitmap(&self) -> Vec<u8> {
        const HEADER: usize = 54;
        let row = (self.width * 3).next_multiple_of(4);
        let size = HEADER + row * self.height;
        let mut bytes = Vec::with_capacity(size);
        bytes.extend_from_slice(b"BM");
        for value in [size as u32, 0, HEADER as u32, 40, self.width as u32] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        // A negative height: rows from above.
        bytes.extend_from_slice(&(-(self.height as i32)).to_le_bytes());
        bytes.extend_from_slice(&1_u16.to_le_bytes());
        bytes.extend_from_slice(&24_u16.to_le_bytes());
        bytes.resize(HEADER, 0);
        for pixels in self.pixels.chunks_exact(self.width * 3) {
            let start = bytes.len();
            for pixel in pixels.chunks_exact(3) {
                bytes.extend_from_slice(&[pixel[2], pixel[1], pixel[0]]);
            }
            bytes.resize(start + row, 0);
        }
        bytes
    }
}

/// sRGB bytes of "#rrggbb".
pub fn parse_colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([byte(0)?, byte(2)?, byte(4)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn volume(dims: [u32; 3], spacing: [f32; 3], value: impl Fn(u32, u32, u32) -> u8) -> Volume {
        let mut voxels = Vec::new();
        for z in 0..dims[2] {
            for y in 0..dims[1] {
                for x in 0..dims[0] {
                    voxels.push(value(x, y, z));
                }
            }
        }
        Volume { dims, origin: [5.0, -7.0, 100.0], spacing, voxels }
    }

    #[test]
    fn the_patients_right_is_left_and_the_head_is_up() {
        // Low x is the patient's right, high z the head.
        let labels = volume([4, 2, 3], [1.0; 3], |x, _, z| u8::from(x == 0 && z == 2));
        let mut tints = [Tint::default(); 256];
        tints[1].colour = Some([255, 0, 0]);
        let picture = cut(&labels, Plane::Coronal, 0.5, &tints);
        assert_eq!((picture.width, picture.height), (4, 3));
        let red: Vec<usize> = picture
            .pixels
            .chunks_exact(3)
            .enumerate()
            .filter_map(|(index, pixel)| (pixel[0] > 100).then_some(index))
            .collect();
        assert_eq!(red, [0], "top left");
        assert_eq!(Plane::Coronal.picture_fraction([0.0, 0.5, 1.0]), [0.0, 0.0]);
    }

    #[test]
    fn thick_slices_keep_their_shape() {
        let labels = volume([10, 4, 5], [1.0, 1.0, 3.0], |_, _, _| 0);
        let picture = cut(&labels, Plane::Coronal, 0.5, &[Tint::default(); 256]);
        assert_eq!((picture.width, picture.height), (10, 15));
    }

    #[test]
    fn a_bitmap_has_padded_rows() {
        let picture = Picture { width: 3, height: 2, pixels: (0..18).collect() };
        let bytes = picture.bitmap();
        assert_eq!(bytes.len(), 54 + 2 * 12);
        assert_eq!(bytes[54..63], [2, 1, 0, 5, 4, 3, 8, 7, 6]);
        assert_eq!(bytes[63..66], [0, 0, 0]);
        assert_eq!(bytes[66..69], [11, 10, 9]);
    }

    #[test]
    fn colours_parse_or_do_not() {
        assert_eq!(parse_colour("#a8352b"), Some([0xa8, 0x35, 0x2b]));
        assert_eq!(parse_colour("a8352b"), None);
        assert_eq!(parse_colour("#äöü"), None);
    }

    fn cut(labels: &Volume, plane: Plane, at: f32, tints: &[Tint; 256]) -> Picture {
        slice_volumes(None, labels, plane, at, tints)
    }
}
