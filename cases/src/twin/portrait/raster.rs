//! Which triangle is in front at each sample.

use std::ops::Range;

/// No triangle.
const NONE: u32 = u32::MAX;

/// A depth buffer over some rows of a picture.
#[derive(Clone, Debug)]
pub struct Raster {
    /// Rows of the picture that it covers.
    pub rows: Range<usize>,
    width: usize,
    nearness: Vec<f32>,
    triangles: Vec<u32>,
}

impl Raster {
    /// Draw triangles whose vertices are given as column, row and nearness (larger is nearer, linear across a triangle).
    pub fn draw(
        vertices: &[[f32; 3]],
        triangles: &[[u32; 3]],
        width: usize,
        rows: Range<usize>,
    ) -> Self {
        let count = width * rows.len();
        let mut raster = Self {
            rows,
            width,
            nearness: vec![f32::NEG_INFINITY; count],
            triangles: vec![NONE; count],
        };
        for (index, triangle) in triangles.iter().enumerate() {
            raster.draw_one(triangle.map(|vertex| vertices[vertex as usize]), index as u32);
        }
        raster
    }

    fn draw_one(&mut self, [a, b, c]: [[f32; 3]; 3], index: u32) {
        let area = edge(a, b, c[0], c[1]);
        if area == 0.0 || !area.is_finite() {
            return;
        }
        let lowest = |i: usize| a[i].min(b[i]).min(c[i]);
        let highest = |i: usize| a[i].max(b[i]).max(c[i]);
        // Sample centres lie at half integers.
        let first = |value: f32| (value - 0.5).ceil().max(0.0) as usize;
        let end = |value: f32| ((value - 0.5).floor() + 1.0).max(0.0) as usize;
        let columns = first(lowest(0))..end(highest(0)).min(self.width);
        let rows = first(lowest(1)).max(self.rows.start)..end(highest(1)).min(self.rows.end);
        for row in rows {
            let y = row as f32 + 0.5;
            let line = (row - self.rows.start) * self.width;
            for column in columns.clone() {
                let x = column as f32 + 0.5;
                let w = [edge(b, c, x, y) / area, edge(c, a, x, y) / area, edge(a, b, x, y) / area];
                if w.iter().all(|&w| w >= 0.0) {
                    let nearness = w[0] * a[2] + w[1] * b[2] + w[2] * c[2];
                    if nearness > self.nearness[line + column] {
                        self.nearness[line + column] = nearness;
                        self.triangles[line + column] = index;
                    }
                }
            }
        }
    }

    /// The triangle in front at a column and a row (counted from the first row of this raster).
    pub fn triangle(&self, column: usize, row: usize) -> Option<u32> {
        Some(self.triangles[row * self.width + column]).filter(|&index| index != NONE)
    }

    /// Nearness at a column and a row; negative infinity where nothing is.
    pub fn nearness(&self, column: usize, row: usize) -> f32 {
        self.nearness[row * self.width + column]
    }
}

/// Twice the signed area of a, b and the point.
fn edge(a: [f32; 3], b: [f32; 3], x: f32, y: f32) -> f32 {
    (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
}

/// Weights of the corners at a sample, in space rather than on the screen; nearness is 1 / depth.
pub fn perspective_weights([a, b, c]: [[f32; 3]; 3], [x, y]: [f32; 2]) -> [f32; 3] {
    let screen = [edge(b, c, x, y) * a[2], edge(c, a, x, y) * b[2], edge(a, b, x, y) * c[2]];
    let sum: f32 = screen.iter().sum();
    if sum == 0.0 { [1.0 / 3.0; 3] } else { screen.map(|weight| weight / sum) }
}
