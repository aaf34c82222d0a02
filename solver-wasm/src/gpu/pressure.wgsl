// Twin of `pressure.rs`: pressure on deformed surfaces, which follows them. A thread a vertex sums what the triangles around it give
// it, in their order; the cells then add what their vertices pass to them.
//
// `acting` holds of each vertex four vectors (its cell, where its fan begins and ends; rest position; weights of the corners), the
// fans (corners of each triangle around the vertex, and the surface), then what changes: five vectors a vertex. After them, packed
// four abreast, the vertices by cell and where each cell's begin, and the pressure on each surface.

// Displacement and force of each vertex now, the same at the last solution, and its part of a search direction.
const WAY = 0u;
const FORCE = 1u;
const WAY_BEFORE = 2u;
const FORCE_BEFORE = 3u;
const MOTION = 4u;

fn at_vertex(part: u32, vertex: u32) -> u32 {
    return frame.loads + part * frame.vertex_count + vertex;
}

fn of_vertex(part: u32, vertex: u32) -> vec3f {
    return bitcast<vec4f>(acting[at_vertex(part, vertex)]).xyz;
}

fn set_vertex(part: u32, vertex: u32, value: vec3f) {
    acting[at_vertex(part, vertex)] = bitcast<vec4u>(vec4f(value, 0.0));
}

fn position(vertex: u32) -> vec3f {
    return bitcast<vec4f>(acting[frame.vertices + 4u * vertex + 1u]).xyz + of_vertex(WAY, vertex);
}

fn read_vertex(vertex: u32, base: u32) -> vec3f {
    let at = frame.vertices + 4u * vertex;
    return interpolate(acting[at].x, at + 2u, base);
}

// A sixth of the pressure on a surface [kPa], inwards.
fn push_on(surface: u32) -> f32 {
    return bitcast<f32>(acting[frame.pressures + (surface >> 2u)][surface & 3u]) / -6.0;
}

// Subtract what presses on a cell's surface from its corner forces.
fn subtract_loads(cell: u32, forces: ptr<function, array<vec3f, 8>>) {
    if frame.vertex_count == 0u {
        return;
    }
    let next = cell + 1u;
    let first = acting[frame.load_starts + (cell >> 2u)][cell & 3u];
    let last = acting[frame.load_starts + (next >> 2u)][next & 3u];
    for (var i = first; i < last; i++) {
        let vertex = acting[frame.load_order + (i >> 2u)][i & 3u];
        let at = frame.vertices + 4u * vertex + 2u;
        var weights = array<vec4f, 2>(bitcast<vec4f>(acting[at]), bitcast<vec4f>(acting[at + 1u]));
        let force = of_vertex(FORCE, vertex);
        for (var c = 0u; c < 8u; c++) {
            (*forces)[c] -= force * weights[c >> 2u][c & 3u];
        }
    }
}

// Where the vertices are at the displacements.
@compute @workgroup_size(64)
fn deform(@builtin(global_invocation_id) id: vec3u) {
    if id.x < frame.vertex_count {
        set_vertex(WAY, id.x, read_vertex(id.x, finest(DISPLACEMENT, 0u)));
    }
}

// The forces there. Partials: the load's work since the last solution by the trapezoidal rule; its size.
@compute @workgroup_size(64)
fn load(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
) {
    var sum = vec4f(0.0);
    if id.x < frame.vertex_count {
        let fan = acting[frame.vertices + 4u * id.x].yz;
        var force = vec3f(0.0);
        for (var i = fan.x; i < fan.y; i++) {
            let corners = acting[frame.fans + i];
            let x = position(corners.x);
            force += cross(position(corners.y) - x, position(corners.z) - x) * push_on(corners.w);
        }
        set_vertex(FORCE, id.x, force);
        let way = of_vertex(WAY, id.x);
        let mean = 0.5 * (force + of_vertex(FORCE_BEFORE, id.x));
        sum = vec4f(dot(mean, way - of_vertex(WAY_BEFORE, id.x)), dot(force, way), 0.0, 0.0);
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        partials[node_groups() + cell_groups() + touch_groups() + strain_groups() + group.x] = total;
    }
}

fn vertex_groups() -> u32 {
    return (frame.vertex_count + 63u) / 64u;
}

// What was a trial is the solution now.
@compute @workgroup_size(64)
fn keep_loads(@builtin(global_invocation_id) id: vec3u) {
    if id.x < frame.vertex_count {
        set_vertex(WAY_BEFORE, id.x, of_vertex(WAY, id.x));
        set_vertex(FORCE_BEFORE, id.x, of_vertex(FORCE, id.x));
    }
}

// The vertices' part of the search direction.
@compute @workgroup_size(64)
fn move_vertices(@builtin(global_invocation_id) id: vec3u) {
    if id.x < frame.vertex_count && !is_idle() {
        set_vertex(MOTION, id.x, read_vertex(id.x, finest(SEARCH, 0u)));
    }
}

// How the forces change along it: the stiffness of the loads, less its sign.
@compute @workgroup_size(64)
fn turn_loads(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= frame.vertex_count || is_idle() {
        return;
    }
    let fan = acting[frame.vertices + 4u * id.x].yz;
    var change = vec3f(0.0);
    for (var i = fan.x; i < fan.y; i++) {
        let corners = acting[frame.fans + i];
        let x = position(corners.x);
        let v = of_vertex(MOTION, corners.x);
        change += (cross(of_vertex(MOTION, corners.y) - v, position(corners.z) - x)
            + cross(position(corners.y) - x, of_vertex(MOTION, corners.z) - v)) * push_on(corners.w);
    }
    set_vertex(FORCE, id.x, change);
}
