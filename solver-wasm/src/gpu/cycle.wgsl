// Twin of `cycle`, `Level::smooth` and `subtract_product`: one V cycle of multigrid.
// What each kernel does for one node or cell is a function, so that the levels of few cells run in one workgroup.

// Preconditioner's Hessian of a cell times values at its corners, closed jaws included.
fn cell_product(index: u32, cell: Cell, at_corners: array<vec3f, 8>) -> array<vec3f, 8> {
    var values = at_corners;
    let v = about_centroid(analyse(values), cell.centroid.xyz);
    var forces = synthesise(about_centre(precondition(index, cell.moments.xyz, v), cell.centroid.xyz));
    if cell.held.z != NONE {
        let base = frame.couplings + 64u * cell.held.z;
        for (var a = 0u; a < 8u; a++) {
            for (var b = 0u; b < 8u; b++) {
                forces[a] += values[b] * dense[base + 8u * a + b];
            }
        }
    }
    return forces;
}

fn product_of(index: u32) {
    let cell = cells[index];
    let values = gather(cell, direction(0u));
    var forces = cell_product(index, cell, values);
    add_pulls(index, &forces);
    for (var c = 0u; c < 8u; c++) {
        vectors[corner_force(8u * index + c)] = vec4f(forces[c], 0.0);
    }
}

fn solve_block(node: u32, r: vec3f) -> vec3f {
    let main = vectors[inverse(node)];
    let rest = vectors[inverse(node) + frame.node_total];
    return vec3f(
        main.x * r.x + main.w * r.y + rest.y * r.z,
        main.w * r.x + main.y * r.y + rest.x * r.z,
        rest.y * r.x + rest.x * r.y + main.z * r.z,
    );
}

// Residual less the product with the direction, which the cells have left in their corner forces.
fn residual_after(index: u32) -> vec3f {
    let node = nodes[index];
    return vectors[index].xyz - vectors[direction(index)].xyz * inertia_of(node) - corner_sum(node);
}

fn begin_at(index: u32, c: vec4f) {
    let d = solve_block(index, vectors[index].xyz) * c.x;
    vectors[direction(index)] = vec4f(d, 0.0);
    vectors[solution(index)] = vec4f(d, 0.0);
}

fn continue_at(index: u32, c: vec4f) {
    let r = residual_after(index);
    let d = vectors[direction(index)].xyz * c.y + solve_block(index, r) * c.z;
    vectors[index] = vec4f(r, 0.0);
    vectors[direction(index)] = vec4f(d, 0.0);
    vectors[solution(index)] += vec4f(d, 0.0);
}

fn subtract_at(index: u32) {
    vectors[index] = vec4f(residual_after(index), 0.0);
}

fn restart_at(index: u32, c: vec4f) {
    let r = residual_after(index);
    let d = solve_block(index, r) * c.x;
    vectors[index] = vec4f(r, 0.0);
    vectors[direction(index)] = vec4f(d, 0.0);
    vectors[solution(index)] += vec4f(d, 0.0);
}

// Residual of a coarse node from the finer ones.
fn restrict_at(index: u32) {
    let node = nodes[index];
    var sum = vec3f(0.0);
    for (var i = node.fine.x; i < node.fine.y; i++) {
        sum += vectors[lists[i]].xyz * nodes[lists[i]].share;
    }
    vectors[index] = vec4f(sum, 0.0);
}

// The coarser level's solution as the next direction.
fn prolong_at(index: u32) {
    let node = nodes[index];
    var sum = vec3f(0.0);
    for (var i = node.coarse.x; i < node.coarse.y; i++) {
        sum += vectors[solution(lists[i])].xyz;
    }
    let d = sum * node.share;
    vectors[direction(index)] = vec4f(d, 0.0);
    vectors[solution(index)] += vec4f(d, 0.0);
}

// Twin of `solve_coarsest`: a row of the inverse times the residual.
fn solve_at(here: Level, row: u32) {
    let size = 3u * here.node_count;
    var sum = 0.0;
    for (var n = 0u; n < here.node_count; n++) {
        let r = vectors[here.first_node + n].xyz;
        let at = row * size + 3u * n;
        sum += dense[at] * r.x + dense[at + 1u] * r.y + dense[at + 2u] * r.z;
    }
    vectors[solution(here.first_node + row / 3u)][row % 3u] = sum;
}

@compute @workgroup_size(64)
fn product(@builtin(global_invocation_id) id: vec3u) {
    let here = level();
    if id.x < here.cell_count && !is_idle() {
        product_of(here.first_cell + id.x);
    }
}

// The finest level's product has springs besides.
@compute @workgroup_size(64)
fn product_finest(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= frame.levels[0].cell_count || is_idle() {
        return;
    }
    let cell = cells[id.x];
    let values = gather(cell, direction(0u));
    var forces = hold(cell, values, cell_product(id.x, cell, values));
    add_pulls(id.x, &forces);
    for (var c = 0u; c < 8u; c++) {
        vectors[corner_force(8u * id.x + c)] = vec4f(forces[c], 0.0);
    }
}

// Add the springs' part of a product.
fn hold(cell: Cell, at_corners: array<vec3f, 8>, product: array<vec3f, 8>) -> array<vec3f, 8> {
    var values = at_corners;
    var forces = product;
    for (var i = cell.held.x; i < cell.held.y; i++) {
        var weights = springs[i].weights;
        var read = vec3f(0.0);
        for (var c = 0u; c < 8u; c++) {
            read += values[c] * weights[c >> 2u][c & 3u];
        }
        read *= springs[i].stiffness.xyz;
        for (var c = 0u; c < 8u; c++) {
            forces[c] += read * weights[c >> 2u][c & 3u];
        }
    }
    return forces;
}

@compute @workgroup_size(64)
fn begin_smoothing(@builtin(global_invocation_id) id: vec3u) {
    let here = level();
    if id.x < here.node_count && !is_idle() {
        begin_at(here.first_node + id.x, here.chebyshev);
    }
}

@compute @workgroup_size(64)
fn continue_smoothing(@builtin(global_invocation_id) id: vec3u) {
    let here = level();
    if id.x < here.node_count && !is_idle() {
        continue_at(here.first_node + id.x, here.chebyshev);
    }
}

@compute @workgroup_size(64)
fn end_smoothing(@builtin(global_invocation_id) id: vec3u) {
    let here = level();
    if id.x < here.node_count && !is_idle() {
        subtract_at(here.first_node + id.x);
    }
}

@compute @workgroup_size(64)
fn restart_smoothing(@builtin(global_invocation_id) id: vec3u) {
    let here = level();
    if id.x < here.node_count && !is_idle() {
        restart_at(here.first_node + id.x, here.chebyshev);
    }
}

@compute @workgroup_size(64)
fn restrict_residual(@builtin(global_invocation_id) id: vec3u) {
    let here = level();
    if id.x < here.node_count && !is_idle() {
        restrict_at(here.first_node + id.x);
    }
}

@compute @workgroup_size(64)
fn prolong(@builtin(global_invocation_id) id: vec3u) {
    let here = level();
    if id.x < here.node_count && !is_idle() {
        prolong_at(here.first_node + id.x);
    }
}

// All levels from `frame.tail` down and up again, in one workgroup: their cells are too few to fill a GPU, and what they would
// cost is the way between kernels.
var<workgroup> finished: u32;

@compute @workgroup_size(256)
fn cycle_tail(@builtin(local_invocation_index) lane: u32) {
    if lane == 0u {
        finished = journal.finished;
    }
    if workgroupUniformLoad(&finished) != 0u {
        return;
    }
    for (var l = frame.tail; l < frame.coarsest; l++) {
        let here = frame.levels[l];
        for (var n = lane; n < here.node_count; n += 256u) {
            begin_at(here.first_node + n, here.chebyshev);
        }
        multiply_tail(l, lane);
        for (var n = lane; n < here.node_count; n += 256u) {
            continue_at(here.first_node + n, here.chebyshev);
        }
        multiply_tail(l, lane);
        for (var n = lane; n < here.node_count; n += 256u) {
            subtract_at(here.first_node + n);
        }
        storageBarrier();
        let next = frame.levels[l + 1u];
        for (var n = lane; n < next.node_count; n += 256u) {
            restrict_at(next.first_node + n);
        }
        storageBarrier();
    }
    let last = frame.levels[frame.coarsest];
    for (var row = lane; row < 3u * last.node_count; row += 256u) {
        solve_at(last, row);
    }
    storageBarrier();
    for (var l = frame.coarsest; l > frame.tail; l--) {
        let here = frame.levels[l - 1u];
        for (var n = lane; n < here.node_count; n += 256u) {
            prolong_at(here.first_node + n);
        }
        multiply_tail(l - 1u, lane);
        for (var n = lane; n < here.node_count; n += 256u) {
            restart_at(here.first_node + n, here.chebyshev);
        }
        multiply_tail(l - 1u, lane);
        for (var n = lane; n < here.node_count; n += 256u) {
            continue_at(here.first_node + n, here.chebyshev);
        }
        storageBarrier();
    }
}

fn multiply_tail(l: u32, lane: u32) {
    let here = frame.levels[l];
    storageBarrier();
    if frame.touch_count > 0u {
        for (var t = lane; t < frame.touch_count; t += 256u) {
            pull_at(l * frame.touch_count + t, t, direction(0u));
        }
        storageBarrier();
    }
    for (var c = lane; c < here.cell_count; c += 256u) {
        product_of(here.first_cell + c);
    }
    storageBarrier();
}
