// Twin of `contact/touch.rs`. A touch links two cells, or a cell and a place: on every level it reads the values at their corners,
// and its pull goes back to them. What it reads is the work of one thread a touch; the cells then add the pulls of the touches that
// end in them, in the touches' order.
//
// `acting` holds of them, each as bits in vectors of four: four of each law, two of each stiffness, five of each link (level by level), the
// pull of each link, then packed four abreast the ends (2 · link + end) sorted by cell, and where each cell's begin; at last one vector
// for each end of those that are not slack at the last evaluation: `sift` puts a cell's before its others.

const MAX_TOUCHES = 2048u;
const STIFFNESSES = 4u * MAX_TOUCHES;
const LINKS = 6u * MAX_TOUCHES;

struct TouchLaw {
    // From the partner to the point, unit length.
    normal: vec3f,
    // Relative displacement at the beginning of the step [mm].
    origin: vec3f,
    gap: f32,
    // λ_t and λ [mN].
    friction: vec3f,
    pressure: f32,
    penalty: f32,
    bound: f32,
    limit: f32,
}

struct Touched {
    energy: f32,
    // Minus the force on the point [mN].
    gradient: vec3f,
    // Tangent stiffness: (xx, yy, zz), (xy, yz, zx).
    main: vec3f,
    off: vec3f,
}

fn law(touch: u32) -> TouchLaw {
    let normal = bitcast<vec4f>(acting[4u * touch]);
    let origin = bitcast<vec4f>(acting[4u * touch + 1u]);
    let friction = bitcast<vec4f>(acting[4u * touch + 2u]);
    let rest = bitcast<vec4f>(acting[4u * touch + 3u]);
    return TouchLaw(normal.xyz, origin.xyz, origin.w, friction.xyz, friction.w, rest.x, rest.y, rest.z);
}

fn respond_to(law: TouchLaw, u: vec3f) -> Touched {
    let away = u - law.origin;
    let along = dot(law.normal, away);
    let trial = law.pressure - law.penalty * (law.gap + along);
    var pressure = 0.0;
    var energy = 0.0;
    var stiff = 0.0;
    if trial > law.limit {
        pressure = law.limit;
        energy = law.limit * (trial - 0.5 * law.limit) / law.penalty;
        stiff = law.penalty * (law.limit / trial);
    } else if trial > 0.0 {
        pressure = trial;
        energy = 0.5 * trial * trial / law.penalty;
        stiff = law.penalty;
    }
    let n = law.normal;
    var touched = Touched(energy, n * -pressure, n * n * stiff, n * n.yzx * stiff);
    if law.bound > 0.0 {
        let pull = law.friction + (away - n * along) * law.penalty;
        let size = length(pull);
        if size > law.bound {
            // Sliding resists only what would turn its direction.
            let part = law.bound / size;
            touched.energy += law.bound * (size - 0.5 * law.bound) / law.penalty;
            touched.gradient += pull * part;
            let side = cross(n, pull / size);
            touched.main += side * side * (law.penalty * part);
            touched.off += side * side.yzx * (law.penalty * part);
        } else {
            touched.energy += 0.5 * size * size / law.penalty;
            touched.gradient += pull;
            touched.main += (vec3f(1.0) - n * n) * law.penalty;
            touched.off -= n * n.yzx * law.penalty;
        }
    }
    return touched;
}

// Tangent of a touch times a vector.
fn stiffen(touch: u32, v: vec3f) -> vec3f {
    let main = bitcast<vec4f>(acting[STIFFNESSES + 2u * touch]).xyz;
    let off = bitcast<vec4f>(acting[STIFFNESSES + 2u * touch + 1u]).xyz;
    return main * v + off * v.yzx + off.zxy * v.zxy;
}

// Relative displacement of the two ends, of the field that starts at `base`.
fn read_link(link: u32, base: u32) -> vec3f {
    let ends = acting[LINKS + 5u * link].xy;
    var sum = read_end(link, 0u, ends.x, base);
    if ends.y != NONE {
        sum -= read_end(link, 1u, ends.y, base);
    }
    return sum;
}

fn read_end(link: u32, end: u32, cell: u32, base: u32) -> vec3f {
    return interpolate(cell, LINKS + 5u * link + 2u * end + 1u, base);
}

// A field in a cell, with the weights of its corners from `at` on.
fn interpolate(cell: u32, at: u32, base: u32) -> vec3f {
    let low = cells[cell].corners[0];
    let high = cells[cell].corners[1];
    let first = bitcast<vec4f>(acting[at]);
    let second = bitcast<vec4f>(acting[at + 1u]);
    return vectors[base + low.x].xyz * first.x + vectors[base + low.y].xyz * first.y
        + vectors[base + low.z].xyz * first.z + vectors[base + low.w].xyz * first.w
        + vectors[base + high.x].xyz * second.x + vectors[base + high.y].xyz * second.y
        + vectors[base + high.z].xyz * second.z + vectors[base + high.w].xyz * second.w;
}

fn weight_at(link: u32, end: u32, corner: u32) -> f32 {
    return bitcast<f32>(acting[LINKS + 5u * link + 2u * end + 1u + (corner >> 2u)][corner & 3u]);
}

// What pulls at the ends of a link, for the product with the field that starts at `base`.
fn pull_at(link: u32, touch: u32, base: u32) {
    // A slack touch resists nothing, and no cell asks for its pull.
    if !is_slack(touch) {
        acting[frame.pulls + link] = bitcast<vec4u>(vec4f(stiffen(touch, read_link(link, base)), 0.0));
    }
}

// The ends in a cell: active_end(x), …, active_end(y − 1), or less if there is a NONE among them.
fn ends_of(cell: u32) -> vec2u {
    if frame.touch_count == 0u {
        return vec2u(0u);
    }
    let next = cell + 1u;
    return vec2u(
        acting[frame.starts + (cell >> 2u)][cell & 3u],
        acting[frame.starts + (next >> 2u)][next & 3u],
    );
}

fn active_end(i: u32) -> u32 {
    return acting[frame.active_ends + i].x;
}

fn is_slack(touch: u32) -> bool {
    return all(acting[STIFFNESSES + 2u * touch] == vec4u(0u));
}

// Add the pulls of its touches to the corner forces of a cell.
fn add_pulls(cell: u32, forces: ptr<function, array<vec3f, 8>>) {
    let range = ends_of(cell);
    for (var i = range.x; i < range.y && active_end(i) != NONE; i++) {
        let end = active_end(i) & 1u;
        let link = active_end(i) >> 1u;
        var pull = bitcast<vec4f>(acting[frame.pulls + link]).xyz;
        if end == 1u {
            pull = -pull;
        }
        let at = LINKS + 5u * link + 2u * end + 1u;
        var weights = array<vec4f, 2>(bitcast<vec4f>(acting[at]), bitcast<vec4f>(acting[at + 1u]));
        for (var c = 0u; c < 8u; c++) {
            (*forces)[c] += pull * weights[c >> 2u][c & 3u];
        }
    }
}

// Add the touches' part to the diagonal block of a corner's node. Each row's sum stands for its diagonal: so D − A stays positive
// however stiff the touch is.
fn add_touches(cell: u32, corner: u32, main: ptr<function, vec3f>, off: ptr<function, vec3f>) {
    let range = ends_of(cell);
    for (var i = range.x; i < range.y && active_end(i) != NONE; i++) {
        let end = active_end(i) & 1u;
        let link = active_end(i) >> 1u;
        let touch = link % frame.touch_count;
        let head = acting[LINKS + 5u * link];
        let sum = bitcast<f32>(select(head.z, head.w, end == 1u));
        let share = abs(weight_at(link, end, corner)) * sum * select(2.0, 1.0, head.y == NONE);
        *main += bitcast<vec4f>(acting[STIFFNESSES + 2u * touch]).xyz * share;
        *off += bitcast<vec4f>(acting[STIFFNESSES + 2u * touch + 1u]).xyz * share;
    }
}

// Energy, pull and stiffness of each touch at the displacements. Partials: energy, magnitude.
@compute @workgroup_size(64)
fn press(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
) {
    var sum = vec4f(0.0);
    if id.x < frame.touch_count {
        let touched = respond_to(law(id.x), read_link(id.x, finest(DISPLACEMENT, 0u)));
        acting[frame.pulls + id.x] = bitcast<vec4u>(vec4f(touched.gradient, 0.0));
        acting[STIFFNESSES + 2u * id.x] = bitcast<vec4u>(vec4f(touched.main, 0.0));
        acting[STIFFNESSES + 2u * id.x + 1u] = bitcast<vec4u>(vec4f(touched.off, 0.0));
        sum = vec4f(touched.energy, touched.energy, 0.0, 0.0);
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        partials[node_groups() + cell_groups() + group.x] = total;
    }
}

// Most of what is near is slack, and on coarse levels a cell may have hundreds of ends: a list of those that are not, in the same
// order, is made once an evaluation for the many products after it. An end fills a vector: cells beside each other write at once.
@compute @workgroup_size(64)
fn sift(@builtin(global_invocation_id) id: vec3u) {
    let last = frame.levels[frame.coarsest];
    if id.x >= last.first_cell + last.cell_count {
        return;
    }
    let range = ends_of(id.x);
    var at = range.x;
    for (var i = range.x; i < range.y; i++) {
        let end = acting[frame.order + (i >> 2u)][i & 3u];
        if !is_slack((end >> 1u) % frame.touch_count) {
            acting[frame.active_ends + at] = vec4u(end, 0u, 0u, 0u);
            at++;
        }
    }
    if at < range.y {
        acting[frame.active_ends + at] = vec4u(NONE, 0u, 0u, 0u);
    }
}

fn touch_groups() -> u32 {
    return (frame.touch_count + 63u) / 64u;
}

@compute @workgroup_size(64)
fn pull(@builtin(global_invocation_id) id: vec3u) {
    if id.x < frame.touch_count && !is_idle() {
        pull_at(at_level.x * frame.touch_count + id.x, id.x, direction(0u));
    }
}

@compute @workgroup_size(64)
fn pull_search(@builtin(global_invocation_id) id: vec3u) {
    if id.x < frame.touch_count && !is_idle() {
        pull_at(id.x, id.x, finest(SEARCH, 0u));
    }
}
