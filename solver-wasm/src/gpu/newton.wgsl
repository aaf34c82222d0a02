// Twin of `Newton::minimise` and `Newton::conjugate_gradients`: nodal updates, and the scalars that steer them. A kernel over
// nodes leaves a partial sum of each workgroup; a kernel of one workgroup sums them and decides, so nothing is read back.

// The right-hand side of a Newton iteration.
@compute @workgroup_size(64)
fn begin_solve(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= frame.levels[0].node_count {
        return;
    }
    let r = -vectors[finest(GRADIENT, id.x)];
    vectors[finest(CHANGE, id.x)] = vec4f(0.0);
    vectors[finest(SEARCH, id.x)] = vec4f(0.0);
    vectors[finest(REMAINDER, id.x)] = r;
    vectors[id.x] = r;
}

// Partials: rᵀz, |diagonal · u|².
@compute @workgroup_size(64)
fn project(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
) {
    var sum = vec4f(0.0);
    if id.x < frame.levels[0].node_count && !is_idle() {
        let z = vectors[solution(id.x)].xyz;
        let force = vectors[finest(DIAGONAL, id.x)].xyz * vectors[finest(DISPLACEMENT, id.x)].xyz;
        sum = vec4f(dot(vectors[finest(REMAINDER, id.x)].xyz, z), dot(force, force), 0.0, 0.0);
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        partials[group.x] = total;
    }
}

@compute @workgroup_size(64)
fn extend_search(@builtin(global_invocation_id) id: vec3u) {
    if id.x < frame.levels[0].node_count && !is_idle() {
        let at = finest(SEARCH, id.x);
        vectors[at] = vectors[solution(id.x)] + vectors[at] * journal.beta;
    }
}

// The exact Hessian of each cell times the search direction.
@compute @workgroup_size(64)
fn multiply_search(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= frame.levels[0].cell_count || is_idle() {
        return;
    }
    let cell = cells[id.x];
    let values = gather(cell, finest(SEARCH, 0u));
    let v = about_centroid(analyse(values), cell.centroid.xyz);
    let exact = synthesise(about_centre(multiply(id.x, cell.moments.xyz, v), cell.centroid.xyz));
    var forces = hold(cell, values, exact);
    add_pulls(id.x, &forces);
    subtract_loads(id.x, &forces);
    for (var c = 0u; c < 8u; c++) {
        vectors[corner_force(8u * id.x + c)] = vec4f(forces[c], 0.0);
    }
}

// Partials: pᵀHp.
@compute @workgroup_size(64)
fn gather_product(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
) {
    var sum = vec4f(0.0);
    if id.x < frame.levels[0].node_count && !is_idle() {
        let node = nodes[id.x];
        let p = vectors[finest(SEARCH, id.x)].xyz;
        let q = p * inertia_of(node) + corner_sum(node);
        vectors[finest(PRODUCT, id.x)] = vec4f(q, 0.0);
        sum.x = dot(p, q);
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        partials[group.x] = total;
    }
}

@compute @workgroup_size(64)
fn advance(@builtin(global_invocation_id) id: vec3u) {
    // The last step of a finished solution is still to be taken.
    let alpha = journal.alpha;
    if id.x >= frame.levels[0].node_count || alpha == 0.0 {
        return;
    }
    let r = vectors[finest(REMAINDER, id.x)] - vectors[finest(PRODUCT, id.x)] * alpha;
    vectors[finest(CHANGE, id.x)] += vectors[finest(SEARCH, id.x)] * alpha;
    vectors[finest(REMAINDER, id.x)] = r;
    vectors[id.x] = r;
}

// Partials: slope, |change|², greatest |change|² of a node.
@compute @workgroup_size(64)
fn measure_change(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
) {
    var sum = vec4f(0.0);
    if id.x < frame.levels[0].node_count {
        let change = vectors[finest(CHANGE, id.x)].xyz;
        let squared = dot(change, change);
        sum = vec4f(dot(vectors[finest(GRADIENT, id.x)].xyz, change), squared, 0.0, squared);
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        partials[group.x] = total;
    }
}

@compute @workgroup_size(64)
fn apply_change(@builtin(global_invocation_id) id: vec3u) {
    if id.x < frame.levels[0].node_count {
        let scale = journal.steps[journal.newton_iterations - 1u].w;
        vectors[finest(DISPLACEMENT, id.x)] += vectors[finest(CHANGE, id.x)] * scale;
    }
}

// The line search: half of the last step is taken back, and its evaluation forgotten.
@compute @workgroup_size(64)
fn retreat(@builtin(global_invocation_id) id: vec3u) {
    if id.x < frame.levels[0].node_count {
        let scale = journal.steps[journal.newton_iterations - 1u].w;
        vectors[finest(DISPLACEMENT, id.x)] -= vectors[finest(CHANGE, id.x)] * (0.5 * scale);
    }
}

@compute @workgroup_size(64)
fn halve(@builtin(local_invocation_index) lane: u32) {
    if lane == 0u {
        journal.steps[journal.newton_iterations - 1u] *= 0.5;
        journal.evaluations -= 1u;
    }
}

fn sum_partials(lane: u32, count: u32) -> vec4f {
    return sum_range(lane, 0u, count);
}

fn sum_range(lane: u32, first: u32, end: u32) -> vec4f {
    var sum = vec4f(0.0);
    for (var i = first + lane; i < end; i += 64u) {
        sum = merge(sum, partials[i]);
    }
    return reduce(lane, sum);
}

@compute @workgroup_size(64)
fn take_energy(@builtin(local_invocation_index) lane: u32) {
    let before_loads = node_groups() + cell_groups() + touch_groups() + strain_groups();
    let total = sum_partials(lane, before_loads);
    let loads = sum_range(lane, before_loads, before_loads + vertex_groups());
    if lane != 0u {
        return;
    }
    let k = journal.evaluations;
    journal.energies[k] = vec4f(total.x, total.y + abs(loads.y), total.z, loads.x);
    journal.evaluations = k + 1u;
    // In play what acts is at least what the first imbalance is.
    let reference = max(frame.force_scale, sqrt(journal.energies[0].z));
    if !(sqrt(total.z) > frame.tolerance * reference) {
        journal.balanced = 1u;
    }
    journal.finished = journal.balanced;
    journal.iteration = 0u;
}

@compute @workgroup_size(64)
fn direct_search(@builtin(local_invocation_index) lane: u32) {
    let total = sum_partials(lane, node_groups());
    if lane != 0u {
        return;
    }
    let before = journal.product;
    journal.product = total.x;
    if journal.iteration == 0u {
        journal.gained = 0.0;
        journal.roundings[journal.newton_iterations] = vec4f(total.y, 0.0, 0.0, 0.0);
    }
    if !(total.x > 0.0) {
        journal.finished = 1u;
    }
    journal.beta = 0.0;
    if journal.finished == 0u {
        if journal.iteration > 0u {
            journal.beta = total.x / before;
        }
        journal.cg_iterations += 1u;
    }
    journal.iteration += 1u;
}

@compute @workgroup_size(64)
fn choose_length(@builtin(local_invocation_index) lane: u32) {
    let total = sum_partials(lane, node_groups());
    if lane != 0u {
        return;
    }
    journal.alpha = 0.0;
    if journal.finished == 0u {
        if total.x > 0.0 {
            journal.alpha = journal.product / total.x;
            // Twice the energy that this iteration gains; see newton.rs.
            let gain = journal.product * journal.alpha;
            journal.gained += gain;
            let relative = frame.cg_tolerance * frame.cg_tolerance * journal.gained;
            if gain <= max(relative, frame.least_gain) {
                journal.finished = 1u;
            }
        } else {
            journal.negative += 1u;
            journal.finished = 1u;
        }
    }
}

@compute @workgroup_size(64)
fn limit_change(@builtin(local_invocation_index) lane: u32) {
    let total = sum_partials(lane, node_groups());
    if lane != 0u {
        return;
    }
    let longest = sqrt(total.w);
    var scale = 1.0;
    if longest > frame.reach {
        scale = frame.reach / longest;
    }
    if journal.balanced != 0u {
        scale = 0.0;
    }
    journal.steps[journal.newton_iterations] =
        vec4f(total.x * scale, sqrt(total.y) * scale, longest * scale, scale);
    journal.newton_iterations += 1u;
}
