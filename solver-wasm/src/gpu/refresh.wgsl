// Twin of `Multigrid::refresh`: every level in line with the finest level's tangents.

// Tangents of coarse cells from those of their cells: mean deformation, summed stiffness.
@compute @workgroup_size(64)
fn coarsen(@builtin(global_invocation_id) id: vec3u) {
    let here = level();
    if id.x >= here.cell_count {
        return;
    }
    let index = here.first_cell + id.x;
    let children = cells[index].children;
    var sum = array<vec4f, 3>(vec4f(0.0), vec4f(0.0), vec4f(0.0));
    for (var i = children.x; i < children.y; i++) {
        let child = lists[i];
        let share = cells[child].centroid.w;
        var state = tangents[child].state;
        for (var k = 0u; k < 3u; k++) {
            // Twice the edge: (1/4h)² is a quarter.
            sum[k] += state[k] * vec4f(share, share, share, 0.25);
        }
    }
    tangents[index].state = sum;
    tangents[index].dilatation = array<vec4f, 3>(
        vec4f(cross(sum[1].xyz, sum[2].xyz), 0.0),
        vec4f(cross(sum[2].xyz, sum[0].xyz), 0.0),
        vec4f(cross(sum[0].xyz, sum[1].xyz), 0.0),
    );
}

// Diagonal block of a node and its inverse. det F is linear in each node's position, so the geometric part has none.
@compute @workgroup_size(64)
fn invert_diagonal(@builtin(global_invocation_id) id: vec3u) {
    let here = level();
    if id.x >= here.node_count {
        return;
    }
    let index = here.first_node + id.x;
    let node = nodes[index];
    var main = inertia_of(node);
    var off = vec3f(0.0);
    for (var i = node.cells.x; i < node.cells.y; i++) {
        let cell = lists[i] >> 3u;
        let c = lists[i] & 7u;
        let x = cells[cell].centroid.xyz;
        let p = cells[cell].moments.x;
        let q = cells[cell].moments.y;
        let r = cells[cell].moments.z;
        let side = 2.0 * vec3f(vec3u(c & 1u, (c >> 1u) & 1u, c >> 2u)) - vec3f(1.0);
        // The corner's function about the centroid: (α ± ξ)(β ± η)(γ ± ζ).
        let reach = vec3f(1.0) + x * side;
        let slope = reach.yxx * reach.zzy * side;
        let state = tangents[cell].state;
        let dilatation = tangents[cell].dilatation;
        let shear = state[0].w * (dot(slope, slope)
            + HOURGLASS * ((p + q) * reach.z * reach.z + (q + r) * reach.x * reach.x + (p + r) * reach.y * reach.y)
            + 1.0 / 3.0);
        let g = dilatation[0].xyz * slope.x + dilatation[1].xyz * slope.y + dilatation[2].xyz * slope.z;
        let stiff = g * state[1].w;
        main += vec3f(shear) + stiff * g;
        off += stiff * g.yzx;
        let held = cells[cell].held;
        for (var s = held.x; s < held.y; s++) {
            let weight = springs[s].weights[c >> 2u][c & 3u];
            main += springs[s].stiffness.xyz * (weight * weight);
        }
        if held.z != NONE {
            main += vec3f(dense[frame.couplings + 64u * held.z + 9u * c]);
        }
        add_touches(cell, c, &main, &off);
    }
    invert(index, main, off);
    if at_level.x == 0u {
        vectors[finest(DIAGONAL, index)] = vec4f(main, 0.0);
    }
}

// Inverse of a symmetric positive 3×3 block; zero where nothing holds the node.
fn invert(node: u32, main: vec3f, off: vec3f) {
    let rest = inverse(node) + frame.node_total;
    vectors[inverse(node)] = vec4f(0.0);
    vectors[rest] = vec4f(0.0);
    let size = main.x + main.y + main.z;
    if !(size > 0.0) {
        return;
    }
    // Near a sliver of tissue the determinant would be below f32's smallest number.
    let scale = 1.0 / size;
    let m = main * scale;
    let o = off * scale;
    let a = m.y * m.z - o.y * o.y;
    let b = o.y * o.z - o.x * m.z;
    let c = o.x * o.y - m.y * o.z;
    let determinant = m.x * a + o.x * b + o.z * c;
    if !(determinant > 1e-12) {
        let safe = select(vec3f(0.0), vec3f(1.0) / main, main > vec3f(0.0));
        vectors[inverse(node)] = vec4f(safe, 0.0);
        return;
    }
    let s = scale / determinant;
    let d = m.x * m.z - o.z * o.z;
    let e = o.x * o.z - m.x * o.y;
    let f = m.x * m.y - o.x * o.x;
    vectors[inverse(node)] = vec4f(a, d, f, b) * s;
    vectors[rest] = vec4f(e * s, c * s, 0.0, 0.0);
}

// Twin of `assemble` and `Skyline::factor`: the coarsest level's matrix, a column a thread, then its inverse by Gauss–Jordan
// elimination in place. A pivot that is not clearly positive (an unknown that nothing holds) is taken out.
const MOST_UNKNOWNS = 384u;
var<workgroup> pivot_row: array<f32, MOST_UNKNOWNS>;
var<workgroup> pivot_column: array<f32, MOST_UNKNOWNS>;

@compute @workgroup_size(256)
fn factor(@builtin(local_invocation_index) lane: u32) {
    let here = frame.levels[frame.coarsest];
    let size = 3u * here.node_count;
    for (var column = lane; column < size; column += 256u) {
        assemble(here, size, column);
    }
    storageBarrier();
    for (var k = 0u; k < size; k++) {
        for (var i = lane; i < size; i += 256u) {
            pivot_row[i] = dense[k * size + i];
            pivot_column[i] = dense[i * size + k];
        }
        workgroupBarrier();
        let pivot = pivot_row[k];
        let inverse = select(0.0, 1.0 / pivot, pivot > 1e-20);
        for (var at = lane; at < size * size; at += 256u) {
            let row = at / size;
            let column = at % size;
            var value: f32;
            if row == k && column == k {
                value = inverse;
            } else if row == k {
                value = pivot_row[column] * inverse;
            } else if column == k {
                value = -pivot_column[row] * inverse;
            } else {
                value = dense[at] - pivot_column[row] * inverse * pivot_row[column];
            }
            dense[at] = value;
        }
        storageBarrier();
        workgroupBarrier();
    }
}

fn assemble(here: Level, size: u32, column: u32) {
    for (var row = 0u; row < size; row++) {
        dense[row * size + column] = 0.0;
    }
    let node = nodes[here.first_node + column / 3u];
    let axis = column % 3u;
    dense[column * size + column] = inertia_of(node)[axis];
    for (var i = node.cells.x; i < node.cells.y; i++) {
        let index = lists[i] >> 3u;
        let corner = lists[i] & 7u;
        let cell = cells[index];
        var values = array<vec3f, 8>();
        values[corner][axis] = 1.0;
        var forces = cell_product(index, cell, values);
        for (var c = 0u; c < 8u; c++) {
            let row = 3u * (corner_node(index, c) - here.first_node);
            for (var k = 0u; k < 3u; k++) {
                dense[(row + k) * size + column] += forces[c][k];
            }
        }
        let range = ends_of(index);
        for (var e = range.x; e < range.y && active_end(e) != NONE; e++) {
            assemble_end(here, size, column, active_end(e), corner);
        }
    }
}

// Twin of `assemble_link`, with all bodies coupled: the matrix has room for that. What the corner where an end of a link lies adds
// to a column.
fn assemble_end(here: Level, size: u32, column: u32, end: u32, corner: u32) {
    let link = end >> 1u;
    let touch = link % frame.touch_count;
    var unit = vec3f(0.0);
    unit[column % 3u] = weight_at(link, end & 1u, corner);
    let pull = stiffen(touch, unit);
    let ends = acting[LINKS + 5u * link].xy;
    for (var other = 0u; other < 2u; other++) {
        if ends[other] == NONE {
            continue;
        }
        let towards = select(-pull, pull, other == (end & 1u));
        for (var c = 0u; c < 8u; c++) {
            let row = 3u * (corner_node(ends[other], c) - here.first_node);
            let force = towards * weight_at(link, other, c);
            for (var k = 0u; k < 3u; k++) {
                dense[(row + k) * size + column] += force[k];
            }
        }
    }
}
