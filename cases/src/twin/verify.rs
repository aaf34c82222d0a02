//! Whether a pack keeps what the format promises, and nothing that it should not.

use solver_wasm::model::Model;

use super::{
    identify::identifiers,
    measure,
    pack::{Pack, Surface},
};

/// How far a surface's volume may be from its label's [%].
const VOLUME: f64 = 2.0;

/// Everything that is wrong with a decoded pack, in sentences that say what to do; empty for a sound one.
pub fn verify(pack: &Pack) -> Vec<String> {
    let manifest = &pack.manifest;
    let mut faults = Vec::new();
    if manifest.structures.is_empty() {
        faults.push("there is no structure; build the twin again".to_owned());
    }
    for (i, structure) in manifest.structures.iter().enumerate() {
        let id = &structure.id;
        if manifest.structures[..i].iter().any(|s| s.id == *id || s.label == structure.label) {
            faults.push(format!(
                "{id}: its identifier or label is another's too; build the twin again"
            ));
        }
        let levels: Vec<&Surface> =
            pack.surfaces.iter().filter(|s| usize::from(s.structure) == i).collect();
        let Some(finest) = levels.first() else {
            faults.push(format!("{id}: has no surface; build the twin again"));
            continue;
        };
        if !levels.iter().all(|s| s.triangles.is_empty() || measure::is_closed(&s.triangles)) {
            faults.push(format!("{id}: its surface is not closed; build the twin again"));
        }
        let volume = measure::volume(&finest.positions, &finest.triangles) / 1000.0;
        let error = 100.0 * (volume / structure.label_volume_ml - 1.0).abs();
        // What is hardly more than a few cells of the surface grid may lose its volume.
        if structure.label_volume_ml > 0.5 && (error.is_nan() || error > VOLUME) {
            faults.push(format!(
                "{id}: its surface encloses {volume:.1} mL, its voxels {:.1}; build the twin again",
                structure.label_volume_ml
            ));
        }
        if structure.body.is_some_and(|b| usize::from(b) >= manifest.bodies.len()) {
            faults.push(format!("{id}: its body is not in the pack; build the twin again"));
        }
    }
    if !pack.scene.lattice.cells.is_empty()
        && let Err(error) = Model::new(&pack.scene)
    {
        faults.push(format!("the solver refuses the tissue: {error}; build the twin again"));
    }
    if manifest.provenance.is_empty() {
        faults.push("no source is named; say in case.toml where it comes from".to_owned());
    }
    for source in &manifest.provenance {
        if source.credit.trim().is_empty() || source.licence.trim().is_empty() {
            faults
                .push(format!("{}: no credit or no licence; add them in case.toml", source.title));
        }
    }
    faults.extend(
        identifiers(pack).into_iter().map(|found| {
            format!("{found}: take it out of the source or the case, and build again")
        }),
    );
    faults
}
