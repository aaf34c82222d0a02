// Twin of `strain.rs`, `strain/law.rs` and `functions.rs`: energies of points that no closed form covers. A thread a cell goes through its
// points; what they add to the corner forces comes after what `evaluate` and `multiply_search` left there.

struct PointResponse {
    energy: f32,
    stress: Symmetric,
    // dS = diagonal ∘ dE + Σ rank (rank : dE).
    diagonal: Symmetric,
    ranks: array<Symmetric, 2>,
    // Rows: what the components refer to, in terms of the axes of the strain.
    axes: mat3x3f,
}

// As in `law.rs`.
const MAX_EXPONENT = 12.0;
const LEAST_STRETCH = 0.05;
const MOST_STRETCH = 20.0;
const SWEEPS = 6u;
const LN_2 = 0.69314718;

// e^x − 1 for x in [−80, 80]: WGSL's own exponential would leave nothing of a small one.
fn exp_m1(argument: f32) -> f32 {
    let x = clamp(argument, -80.0, 80.0);
    let turns = round(x / LN_2);
    let rest = x - turns * LN_2;
    var series = 1.0;
    for (var n = 8; n >= 2; n--) {
        series = 1.0 + series * rest / f32(n);
    }
    series *= rest;
    let scale = ldexp(1.0, i32(turns));
    return series * scale + (scale - 1.0);
}

// Natural logarithm of a number between `LEAST_STRETCH` and `MOST_STRETCH`.
fn ln(x: f32) -> f32 {
    var mantissa = x;
    var turns = 0.0;
    for (var k = 0; k < 8 && mantissa > 1.5; k++) {
        mantissa *= 0.5;
        turns += 1.0;
    }
    for (var k = 0; k < 8 && mantissa < 0.75; k++) {
        mantissa *= 2.0;
        turns -= 1.0;
    }
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    var series = 0.0;
    for (var n = 7; n >= 0; n--) {
        series = series * square + 1.0 / f32(2 * n + 1);
    }
    return turns * LN_2 + 2.0 * s * series;
}

// e^q − 1, its first and its second derivative; beyond `MAX_EXPONENT` a straight line.
fn exponential(q: f32) -> vec3f {
    let value = exp_m1(min(q, MAX_EXPONENT));
    let slope = value + 1.0;
    if q <= MAX_EXPONENT {
        return vec3f(value, slope, slope);
    }
    return vec3f(value + slope * (q - MAX_EXPONENT), slope, 0.0);
}

fn contract(a: Symmetric, b: Symmetric) -> f32 {
    return dot(a.main, b.main) + 2.0 * dot(a.shear, b.shear);
}

fn scaled(a: Symmetric, by: f32) -> Symmetric {
    return Symmetric(a.main * by, a.shear * by);
}

fn added(a: Symmetric, b: Symmetric) -> Symmetric {
    return Symmetric(a.main + b.main, a.shear + b.shear);
}

// Symmetric tensor times vector.
fn times(e: Symmetric, v: vec3f) -> vec3f {
    return vec3f(
        e.main.x * v.x + e.shear.x * v.y + e.shear.z * v.z,
        e.shear.x * v.x + e.main.y * v.y + e.shear.y * v.z,
        e.shear.z * v.x + e.shear.y * v.y + e.main.z * v.z,
    );
}

// R E Rᵀ; `rows` has the rows of R for columns.
fn rotate(e: Symmetric, rows: mat3x3f) -> Symmetric {
    let x = times(e, rows[0]);
    let y = times(e, rows[1]);
    let z = times(e, rows[2]);
    return Symmetric(
        vec3f(dot(rows[0], x), dot(rows[1], y), dot(rows[2], z)),
        vec3f(dot(rows[0], y), dot(rows[1], z), dot(rows[2], x)),
    );
}

// Rᵀ S R.
fn unrotate(s: Symmetric, rows: mat3x3f) -> Symmetric {
    return rotate(s, transpose(rows));
}

// Two axes and what stands on them.
fn with_normal(first: vec3f, second: vec3f) -> mat3x3f {
    return mat3x3f(first, second, cross(first, second));
}

fn no_response() -> PointResponse {
    let zero = Symmetric(vec3f(0.0), vec3f(0.0));
    let identity = mat3x3f(vec3f(1.0, 0.0, 0.0), vec3f(0.0, 1.0, 0.0), vec3f(0.0, 0.0, 1.0));
    return PointResponse(0.0, zero, zero, array<Symmetric, 2>(zero, zero), identity);
}

// Q = Σ bᵢ Eᵢ² (shears twice): S = C e^Q b∘E. `k`: C, and b of the fibre, across and in shear.
fn guccione(k: vec4f, e: Symmetric) -> PointResponse {
    let b = Symmetric(k.yzz, k.wzw);
    let s = Symmetric(b.main * e.main, b.shear * e.shear);
    let grown = exponential(contract(s, e));
    var response = no_response();
    response.energy = 0.5 * k.x * grown.x;
    response.stress = scaled(s, k.x * grown.y);
    response.diagonal = scaled(b, k.x * grown.y);
    response.ranks[0] = scaled(s, sqrt(2.0 * k.x * grown.z));
    return response;
}

// `first`: a, b of matrix and fibre; `second`: of sheet and shear.
fn holzapfel_ogden(first: vec4f, second: vec4f, e: Symmetric) -> PointResponse {
    var response = no_response();
    let trace = 2.0 * (e.main.x + e.main.y + e.main.z);
    let matrix = exponential(first.y * trace);
    response.energy = first.x / (2.0 * first.y) * (matrix.x - first.y * trace);
    response.stress.main = vec3f(first.x * (matrix.y - 1.0));
    response.ranks[0].main = vec3f(sqrt(max(2.0 * first.x * first.y * matrix.z, 0.0)));
    var stretched = array<vec2f, 2>(first.zw, second.xy);
    for (var i = 0u; i < 2u; i++) {
        let a = stretched[i].x;
        let b = stretched[i].y;
        let x = 2.0 * e.main[i];
        if x > 0.0 {
            let grown = exponential(b * x * x);
            response.energy += a / (2.0 * b) * grown.x;
            response.stress.main[i] += 2.0 * a * x * grown.y;
            response.diagonal.main[i] += 4.0 * a * (grown.y + 2.0 * b * x * x * grown.z);
        }
    }
    let x = 2.0 * e.shear.x;
    let grown = exponential(second.w * x * x);
    response.energy += second.z / (2.0 * second.w) * grown.x;
    response.stress.shear.x += second.z * x * grown.y;
    response.diagonal.shear.x += 2.0 * second.z * (grown.y + 2.0 * second.w * x * x * grown.z);
    return response;
}

// In the plane xy. `k`: modulus, Poisson's ratio, stiffening.
fn in_plane(k: vec3f, e: Symmetric) -> PointResponse {
    let s = Symmetric(
        vec3f(e.main.x + k.y * e.main.y, e.main.y + k.y * e.main.x, 0.0),
        vec3f((1.0 - k.y) * e.shear.x, 0.0, 0.0),
    );
    let q = contract(s, e);
    var response = no_response();
    // No stiffening is Hooke's law.
    var grown = vec3f(0.0, 1.0, 0.0);
    response.energy = 0.5 * k.x * q;
    if k.z > 0.0 {
        grown = exponential(k.z * q);
        response.energy = 0.5 * k.x / k.z * grown.x;
    }
    let stiff = k.x * grown.y;
    response.stress = scaled(s, stiff);
    response.diagonal =
        scaled(Symmetric(vec3f(1.0, 1.0, 0.0), vec3f(1.0, 0.0, 0.0)), stiff * (1.0 - k.y));
    response.ranks[0] = scaled(s, sqrt(2.0 * k.x * k.z * grown.z));
    response.ranks[1].main = vec3f(1.0, 1.0, 0.0) * sqrt(stiff * k.y);
    return response;
}

// `terms`: μ, α twice.
fn ogden(terms: vec4f, base: f32, e: Symmetric) -> PointResponse {
    var response = no_response();
    let stretches = principal(Symmetric(vec3f(1.0) + 2.0 * e.main, 2.0 * e.shear));
    response.axes = stretches.vectors;
    let c = clamp(stretches.values, vec3f(LEAST_STRETCH), vec3f(MOST_STRETCH));
    var pairs = array<vec2f, 2>(terms.xy, terms.zw);
    for (var i = 0u; i < 3u; i++) {
        let height = ln(c[i]);
        response.stress.main[i] = -base;
        response.energy -= 0.5 * base * (c[i] - 1.0);
        for (var k = 0u; k < 2u; k++) {
            let mu = pairs[k].x;
            let alpha = pairs[k].y;
            if mu == 0.0 {
                continue;
            }
            let power = exp_m1(0.5 * alpha * height);
            response.energy += 2.0 * mu / (alpha * alpha) * power;
            let s = 2.0 * mu / alpha * (power + 1.0) / c[i];
            response.stress.main[i] += s;
            response.diagonal.main[i] += (alpha - 2.0) * s / c[i];
        }
    }
    let s = response.stress.main;
    let d = response.diagonal.main;
    for (var i = 0u; i < 3u; i++) {
        let j = (i + 1u) % 3u;
        let gap = c[i] - c[j];
        if abs(gap) > 1e-3 {
            response.diagonal.shear[i] = 2.0 * (s[i] - s[j]) / gap;
        } else {
            response.diagonal.shear[i] = 0.5 * (d[i] + d[j]);
        }
    }
    return response;
}

struct Principal {
    values: vec3f,
    vectors: mat3x3f,
}

// Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's method.
fn principal(e: Symmetric) -> Principal {
    var a = mat3x3f(
        vec3f(e.main.x, e.shear.x, e.shear.z),
        vec3f(e.shear.x, e.main.y, e.shear.y),
        vec3f(e.shear.z, e.shear.y, e.main.z),
    );
    var v = mat3x3f(vec3f(1.0, 0.0, 0.0), vec3f(0.0, 1.0, 0.0), vec3f(0.0, 0.0, 1.0));
    var pairs = array<vec2u, 3>(vec2u(0u, 1u), vec2u(1u, 2u), vec2u(0u, 2u));
    for (var turn = 0u; turn < 3u * SWEEPS; turn++) {
        let i = pairs[turn % 3u].x;
        let j = pairs[turn % 3u].y;
        let off = a[i][j];
        if abs(off) < 1e-15 {
            continue;
        }
        // The smaller rotation that makes a[i][j] vanish; its tangent is bounded by 1.
        let half = 0.5 * (a[j][j] - a[i][i]);
        let t = select(1.0, -1.0, half < 0.0) * off / (abs(half) + sqrt(half * half + off * off));
        let cos = 1.0 / sqrt(t * t + 1.0);
        let sin = t * cos;
        for (var k = 0u; k < 3u; k++) {
            let x = a[k][i];
            let y = a[k][j];
            a[k][i] = cos * x - sin * y;
            a[k][j] = sin * x + cos * y;
        }
        let row = a[i];
        a[i] = cos * row - sin * a[j];
        a[j] = sin * row + cos * a[j];
        let axis = v[i];
        v[i] = cos * axis - sin * v[j];
        v[j] = sin * axis + cos * v[j];
    }
    return Principal(vec3f(a[0].x, a[1].y, a[2].z), v);
}

// Laws are numbered in `strain/door.rs`.
fn respond_at(point: StrainPoint, e: Symmetric) -> PointResponse {
    let k = point.constants;
    switch point.law {
        case 1u: {
            return guccione(k[0], e);
        }
        case 2u: {
            return holzapfel_ogden(k[0], k[1], e);
        }
        case 3u: {
            return ogden(k[0], k[1].x, e);
        }
        case 4u: {
            return in_plane(k[0].xyz, e);
        }
        default: {
            return no_response();
        }
    }
}

fn no_field() -> StrainField {
    let zero = vec3f(0.0);
    return StrainField(Symmetric(zero, zero), zero, zero, zero);
}

// Strain of the deformed modes: mean and gradients.
fn field_of(m: Modes) -> StrainField {
    return StrainField(
        Symmetric(
            0.5 * vec3f(dot(m.a, m.a) - 1.0, dot(m.b, m.b) - 1.0, dot(m.c, m.c) - 1.0),
            0.5 * vec3f(dot(m.a, m.b), dot(m.b, m.c), dot(m.c, m.a)),
        ),
        vec3f(dot(m.b, m.d), dot(m.c, m.f), dot(m.b, m.f) + dot(m.c, m.d)),
        vec3f(dot(m.a, m.d), dot(m.c, m.e), dot(m.a, m.e) + dot(m.c, m.d)),
        vec3f(dot(m.a, m.f), dot(m.b, m.e), dot(m.a, m.e) + dot(m.b, m.f)),
    );
}

// Directional derivative of `field_of`.
fn field_change(m: Modes, v: Modes) -> StrainField {
    let bf = dot(m.b, v.f) + dot(v.b, m.f);
    let cd = dot(m.c, v.d) + dot(v.c, m.d);
    let ae = dot(m.a, v.e) + dot(v.a, m.e);
    return StrainField(
        Symmetric(
            vec3f(dot(m.a, v.a), dot(m.b, v.b), dot(m.c, v.c)),
            0.5 * vec3f(
                dot(m.a, v.b) + dot(v.a, m.b),
                dot(m.b, v.c) + dot(v.b, m.c),
                dot(m.c, v.a) + dot(v.c, m.a),
            ),
        ),
        vec3f(dot(m.b, v.d) + dot(v.b, m.d), dot(m.c, v.f) + dot(v.c, m.f), bf + cd),
        vec3f(dot(m.a, v.d) + dot(v.a, m.d), dot(m.c, v.e) + dot(v.c, m.e), ae + cd),
        vec3f(dot(m.a, v.f) + dot(v.a, m.f), dot(m.b, v.e) + dot(v.b, m.e), ae + bf),
    );
}

// The strain at a point; `lateral` is ν/(1 − ν).
fn strain_at(field: StrainField, at: vec3f, lateral: f32) -> Symmetric {
    let side = -lateral * vec3f(
        field.xi.x + field.xi.y,
        field.eta.x + field.eta.y,
        field.zeta.x + field.zeta.y,
    );
    return Symmetric(
        field.mean.main + vec3f(side.x, field.xi.x, field.xi.y) * at.x
            + vec3f(field.eta.x, side.y, field.eta.y) * at.y
            + vec3f(field.zeta.x, field.zeta.y, side.z) * at.z,
        field.mean.shear + 0.5 * vec3f(field.zeta.z * at.z, field.xi.z * at.x, field.eta.z * at.y),
    );
}

// Transpose of `strain_at`: add the work of a point's stress.
fn add_stress(field: ptr<function, StrainField>, s: Symmetric, at: vec3f, lateral: f32) {
    let side = s.main * lateral;
    (*field).mean = added((*field).mean, s);
    (*field).xi += vec3f(s.main.y - side.x, s.main.z - side.x, s.shear.y) * at.x;
    (*field).eta += vec3f(s.main.x - side.y, s.main.z - side.y, s.shear.z) * at.y;
    (*field).zeta += vec3f(s.main.x - side.z, s.main.y - side.z, s.shear.x) * at.z;
}

// Σ stress · ∂strain/∂(A … F), for the modes that the strain is bilinear in.
fn field_forces(field: StrainField, m: Modes) -> Modes {
    let main = field.mean.main;
    let shear = field.mean.shear;
    let x = field.xi;
    let y = field.eta;
    let z = field.zeta;
    return Modes(
        m.a * main.x + m.b * shear.x + m.c * shear.z + m.d * y.x + m.f * z.x + m.e * (y.z + z.z),
        m.a * shear.x + m.b * main.y + m.c * shear.y + m.d * x.x + m.e * z.y + m.f * (x.z + z.z),
        m.a * shear.z + m.b * shear.y + m.c * main.z + m.f * x.y + m.e * y.y + m.d * (x.z + y.z),
        m.b * x.x + m.a * y.x + m.c * (x.z + y.z),
        m.c * y.y + m.b * z.y + m.a * (y.z + z.z),
        m.c * x.y + m.a * z.x + m.b * (x.z + z.z),
        vec3f(0.0),
    );
}

// The deformed modes that `evaluate` left.
fn deformed_modes(cell: u32) -> Modes {
    let state = tangents[cell].state;
    let hourglass = tangents[cell].hourglass;
    return Modes(
        state[0].xyz, state[1].xyz, state[2].xyz,
        hourglass[0].xyz, hourglass[1].xyz, hourglass[2].xyz, vec3f(0.0),
    );
}

fn add_corner_forces(index: u32, cell: Cell, modes: Modes, weight: f32) {
    let forces = synthesise(about_centre(modes, cell.centroid.xyz));
    for (var c = 0u; c < 8u; c++) {
        vectors[corner_force(8u * index + c)] += vec4f(forces[c] * weight, 0.0);
    }
}

// What a point resists on average, as an isotropic material's shear modulus.
fn mean_stiffness(diagonal: Symmetric, ranks: array<Symmetric, 2>) -> f32 {
    let one = Symmetric(vec3f(1.0), vec3f(0.5));
    var squares = vec3f(0.0);
    for (var k = 0u; k < 2u; k++) {
        let r = ranks[k];
        squares += r.main * r.main + r.shear * r.shear;
    }
    return max(contract(diagonal, one) + dot(squares, vec3f(1.0)), 0.0) / 12.0;
}

// Energy, stress and tangent of the points of each cell. Partials: energy, magnitude.
@compute @workgroup_size(64)
fn strain(
    @builtin(global_invocation_id) id: vec3u,
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) group: vec3u,
) {
    var sum = vec4f(0.0);
    if id.x < frame.strained_count && cells[id.x].children.z < cells[id.x].children.w {
        let cell = cells[id.x];
        let lateral = cell.moments.w;
        let state = deformed_modes(id.x);
        let field = field_of(state);
        var stress = no_field();
        var energy = 0.0;
        var stiffness = 0.0;
        for (var i = cell.children.z; i < cell.children.w; i++) {
            let point = points[i];
            let own = with_normal(point.fibre, point.sheet);
            let e = rotate(strain_at(field, point.local, lateral), own);
            var response = respond_at(point, e);
            let pull = point.muscle * frame.activation;
            energy += (response.energy + pull * e.main.x) * point.weight;
            let axes = own * response.axes;
            let f = point.fibre;
            let contraction = Symmetric(f * f * pull, f * f.yzx * pull);
            let s = added(unrotate(response.stress, axes), contraction);
            add_stress(&stress, scaled(s, point.weight), point.local, lateral);
            let root = sqrt(point.weight);
            let diagonal = scaled(response.diagonal, point.weight);
            for (var k = 0u; k < 2u; k++) {
                response.ranks[k] = scaled(response.ranks[k], root);
            }
            stiffness += mean_stiffness(diagonal, response.ranks);
            points[i].first = axes[0];
            points[i].second = axes[1];
            points[i].diagonal = diagonal;
            points[i].ranks = response.ranks;
        }
        stresses[id.x] = stress;
        let volume = tissues[id.x].volume;
        add_corner_forces(id.x, cell, field_forces(stress, state), volume * frame.mode_scale);
        // Tension stiffens sideways too.
        let tension = max(dot(stress.mean.main, vec3f(1.0 / 3.0)), 0.0);
        tangents[id.x].state[0].w +=
            (stiffness + tension) * (volume * frame.mode_scale * frame.mode_scale);
        sum = vec4f(energy * volume, abs(energy * volume), 0.0, 0.0);
    }
    let total = reduce(lane, sum);
    if lane == 0u {
        partials[node_groups() + cell_groups() + touch_groups() + group.x] = total;
    }
}

fn strain_groups() -> u32 {
    return (frame.strained_count + 63u) / 64u;
}

// Their stiffness times the search direction, added to what the cells left at their corners.
@compute @workgroup_size(64)
fn strain_search(@builtin(global_invocation_id) id: vec3u) {
    if id.x >= frame.strained_count || is_idle() {
        return;
    }
    let cell = cells[id.x];
    if cell.children.z == cell.children.w {
        return;
    }
    let lateral = cell.moments.w;
    let state = deformed_modes(id.x);
    let v = about_centroid(analyse(gather(cell, finest(SEARCH, 0u))), cell.centroid.xyz);
    let change = field_change(state, v);
    var response = no_field();
    for (var i = cell.children.z; i < cell.children.w; i++) {
        let at = points[i].local;
        let axes = with_normal(points[i].first, points[i].second);
        let e = rotate(strain_at(change, at, lateral), axes);
        let diagonal = points[i].diagonal;
        var s = Symmetric(diagonal.main * e.main, diagonal.shear * e.shear);
        for (var k = 0u; k < 2u; k++) {
            let rank = points[i].ranks[k];
            s = added(s, scaled(rank, contract(rank, e)));
        }
        add_stress(&response, unrotate(s, axes), at, lateral);
    }
    let weight = tissues[id.x].volume * frame.mode_scale * frame.mode_scale;
    let own = field_forces(response, state);
    let geometric = field_forces(stresses[id.x], v);
    let sum = Modes(
        own.a + geometric.a, own.b + geometric.b, own.c + geometric.c,
        own.d + geometric.d, own.e + geometric.e, own.f + geometric.f, vec3f(0.0),
    );
    add_corner_forces(id.x, cell, sum, weight);
}
