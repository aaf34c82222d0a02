// Twin of `Viscosity::start` and `Newton::evaluate`: energy, gradient and tangents at the displacements.

fn modes_at(cell: Cell) -> Modes {
    let m = about_centroid(analyse(gather(cell, finest(DISPLACEMENT, 0u))), cell.centroid.xyz);
    let s = frame.mode_scale;
    return Modes(m.a * s, m.b * s, m.c * s, m.d * s, m.e * s, m.f * s, m.g * s);
}

// Damping draws to the strain of each cell at the start of the step.
@compute @workgroup_size(64)
fn remember(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= frame.levels[0].cell_count {
        return;
    }
    let strain = strain_of(modes_at(cells[id.x]));
    strains[2u * id.x] = vec4f(strain.main, tissues[id.x].damping * frame.rate);
    strains[2u * id.x + 1u] = vec4f(strain.shear, 0.0);
}

// Where inertia alone would take the nodes.
@compute @workgroup_size(64)
fn predict(@builtin(global_invocation_id) id: vec3u) {
    if id.x < frame.levels[0].node_count {
        vectors[finest(DISPLACEMENT, id.x)] = vectors[finest(INERTIAL, id.x)];
    }
}

// Tangent and corner forces of each cell, its springs, touches and loads included. Partials: energy, magnitude.
@compute @workgroup_size(64)
fn evaluate(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
) {
    var sum = vec4f(0.0);
    if id.x < frame.levels[0].cell_count {
        let cell = cells[id.x];
        let tissue = tissues[id.x];
        let main = strains[2u * id.x];
        let relaxed = Strain(main.xyz, strains[2u * id.x + 1u].xyz);
        let response = respond(tissue, cell.moments.xyz, modes_at(cell), relaxed, main.w);
        tangents[id.x] = response.tangent;
        let energy = response.energy * tissue.volume;
        sum = vec4f(energy, abs(energy), 0.0, 0.0);
        var forces = synthesise(about_centre(response.force, cell.centroid.xyz));
        let weight = tissue.volume * frame.mode_scale;
        for (var c = 0u; c < 8u; c++) {
            forces[c] *= weight;
        }
        var values = gather(cell, finest(DISPLACEMENT, 0u));
        for (var i = cell.held.x; i < cell.held.y; i++) {
            var spring = springs[i];
            var away = -spring.goal.xyz;
            for (var c = 0u; c < 8u; c++) {
                away += values[c] * spring.weights[c >> 2u][c & 3u];
            }
            let pull = away * spring.stiffness.xyz;
            let energy = dot(away, 0.5 * pull + spring.multiplier.xyz);
            sum += vec4f(energy, abs(energy), 0.0, 0.0);
            for (var c = 0u; c < 8u; c++) {
                forces[c] += (pull + spring.multiplier.xyz) * spring.weights[c >> 2u][c & 3u];
            }
        }
        add_pulls(id.x, &forces);
        subtract_loads(id.x, &forces);
        for (var c = 0u; c < 8u; c++) {
            vectors[corner_force(8u * id.x + c)] = vec4f(forces[c], 0.0);
        }
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        partials[node_groups() + group.x] = total;
    }
}

fn node_groups() -> u32 {
    return (frame.levels[0].node_count + 63u) / 64u;
}

fn cell_groups() -> u32 {
    return (frame.levels[0].cell_count + 63u) / 64u;
}

fn corner_sum(node: Node) -> vec3f {
    var sum = vec3f(0.0);
    for (var i = node.cells.x; i < node.cells.y; i++) {
        sum += vectors[corner_force(lists[i])].xyz;
    }
    return sum;
}

// Gradient of each node. Partials: energy of inertia and weight, magnitude, |gradient|².
@compute @workgroup_size(64)
fn gather_gradient(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
) {
    var sum = vec4f(0.0);
    if id.x < frame.levels[0].node_count {
        let node = nodes[id.x];
        let mass = node.support.w;
        let u = vectors[finest(DISPLACEMENT, id.x)].xyz;
        let away = u - vectors[finest(INERTIAL, id.x)].xyz;
        let stiffness = mass * frame.inertia;
        let gradient = away * stiffness - frame.gravity.xyz * mass + corner_sum(node);
        vectors[finest(GRADIENT, id.x)] = vec4f(gradient, 0.0);
        let inertial = 0.5 * stiffness * dot(away, away);
        let weight = dot(frame.gravity.xyz, u) * mass;
        sum = vec4f(inertial - weight, inertial + abs(weight), dot(gradient, gradient), 0.0);
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        partials[group.x] = total;
    }
}
