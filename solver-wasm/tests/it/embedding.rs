//! Material points.

use solver_wasm::{
    embed::LatticeIndex,
    lattice::{Embedding, Lattice},
    real::node_vector,
};

use crate::scenes::rest_positions;

#[test]
fn embedding_returns_the_point() {
    let lattice = Lattice::ball(20.0, 4.0);
    let index = LatticeIndex::new(&lattice);
    for point in [[0.3, -1.7, 12.1], [0.0; 3], [-19.0, 1.0, 2.0], [0.0, 0.0, 20.5]] {
        let embedding = index.embed(0, point).expect("tissue is near");
        let back = lattice.rest_position(&embedding);
        assert!((0..3).all(|i| (back[i] - point[i]).abs() < 1e-4), "{point:?} → {back:?}");
    }
    assert_eq!(index.embed(0, [0.0, 0.0, 60.0]), None);
    assert_eq!(index.embed(1, [0.0; 3]), None);
    assert_eq!(index.embed(0, [f32::NAN, 0.0, 0.0]), None);
}

#[test]
fn displacement_and_gradient_are_those_of_the_field() {
    let lattice = Lattice::bar([3, 3, 3], 2.0);
    let u: Vec<_> = rest_positions(&lattice)
        .iter()
        .map(|x| {
            let [x, y, z, _] = x.to_array();
            node_vector([0.1 * y, -0.2 * z, 0.3 * x])
        })
        .collect();
    let point = Embedding { cell: 13, local: [0.25, 0.5, 0.75] };
    let [x, y, z] = lattice.rest_position(&point);
    let [a, b, c, _] = lattice.displacement(&u, &point).to_array();
    #[allow(clippy::unnecessary_cast)]
    let got = [a as f32, b as f32, c as f32];
    assert!((0..3).all(|i| (got[i] - [0.1 * y, -0.2 * z, 0.3 * x][i]).abs() < 1e-5), "{got:?}");
    let f = lattice.deformation_gradient(&u, &point);
    let expected = nalgebra::Matrix3::new(1.0, 0.1, 0.0, 0.0, 1.0, -0.2, 0.3, 0.0, 1.0);
    assert!((f - expected).norm() < 1e-5, "{f}");
}
