//! Direct solution on the coarsest level: Cholesky in skyline storage, f64.

/// A symmetric positive matrix, lower triangle, each row from its first non-zero to the diagonal.
#[derive(Clone, Debug, Default)]
pub struct Skyline {
    /// First column of each row.
    first: Vec<u32>,
    /// Start of each row in `values`.
    starts: Vec<usize>,
    values: Vec<f64>,
    solution: Vec<f64>,
}

impl Skyline {
    /// An empty matrix with room for every pair of unknowns that `couplings` lists.
    pub fn new(size: usize, couplings: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut first: Vec<u32> = (0..size as u32).collect();
        for (a, b) in couplings {
            let (row, column) = (a.max(b), a.min(b));
            first[row] = first[row].min(column as u32);
        }
        let mut starts = Vec::with_capacity(size);
        let mut total = 0;
        for (row, column) in first.iter().enumerate() {
            starts.push(total);
            total += row + 1 - *column as usize;
        }
        Self { first, starts, values: vec![0.0; total], solution: vec![0.0; size] }
    }

    /// Number of unknowns.
    pub fn size(&self) -> usize {
        self.first.len()
    }

    /// Number of stored entries.
    pub fn entries(&self) -> usize {
        self.values.len()
    }

    /// Set every entry to zero.
    pub fn clear(&mut self) {
        self.values.fill(0.0);
    }

    /// Add to the entry at (row, column) of the lower triangle; the upper one is ignored.
    pub fn add(&mut self, row: usize, column: usize, value: f64) {
        if column <= row {
            self.values[self.starts[row] + column - self.first[row] as usize] += value;
        }
    }

    /// Replace the matrix by its Cholesky factor. A pivot that is not clearly positive (an unknown that nothing holds)
    /// is taken out: its row answers zero.
    pub fn factor(&mut self) {
        for row in 0..self.size() {
            let (first, start) = (self.first[row] as usize, self.starts[row]);
            let (before, here) = self.values.split_at_mut(start);
            for column in first..row {
                let (other, other_start) = (self.first[column] as usize, self.starts[column]);
                let from = first.max(other);
                let mut sum = here[column - first];
                let a = &here[from - first..column - first];
                let b = &before[other_start + from - other..other_start + column - other];
                for (a, b) in a.iter().zip(b) {
                    sum -= a * b;
                }
                // The diagonal is stored as its inverse.
                here[column - first] = sum * before[other_start + column - other];
            }
            let diagonal = here[row - first];
            let mut pivot = diagonal;
            for l in &here[..row - first] {
                pivot -= l * l;
            }
            here[row - first] =
                if pivot > 1e-7 * diagonal && pivot.is_finite() { 1.0 / pivot.sqrt() } else { 0.0 };
        }
    }

    /// Solve in place with the factor; `right` holds the right-hand side and then the solution.
    pub fn solve(&mut self, right: impl Iterator<Item = f64>) -> &[f64] {
        for (x, b) in self.solution.iter_mut().zip(right) {
            *x = b;
        }
        for row in 0..self.size() {
            let (first, start) = (self.first[row] as usize, self.starts[row]);
            let mut sum = self.solution[row];
            for (l, x) in
                self.values[start..start + row - first].iter().zip(&self.solution[first..row])
            {
                sum -= l * x;
            }
            self.solution[row] = sum * self.values[start + row - first];
        }
        for row in (0..self.size()).rev() {
            let (first, start) = (self.first[row] as usize, self.starts[row]);
            let x = self.solution[row] * self.values[start + row - first];
            self.solution[row] = x;
            for (l, y) in
                self.values[start..start + row - first].iter().zip(&mut self.solution[first..row])
            {
                *y -= l * x;
            }
        }
        &self.solution
    }
}
