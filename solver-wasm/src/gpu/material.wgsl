// Twin of `material.rs` and `material/bending.rs`: stable neo-Hookean tissue with one pressure a cell.

const HOURGLASS = 1.5;
const TINY = 1e-12;

struct Strain {
    // xx, yy, zz.
    main: vec3f,
    // xy, yz, zx.
    shear: vec3f,
}

struct Response {
    energy: f32,
    force: Modes,
    tangent: Tangent,
}

fn strain_of(h: Modes) -> Strain {
    return Strain(
        2.0 * vec3f(h.a.x, h.b.y, h.c.z) + vec3f(dot(h.a, h.a), dot(h.b, h.b), dot(h.c, h.c)),
        vec3f(h.a.y + h.b.x, h.b.z + h.c.y, h.c.x + h.a.z)
            + vec3f(dot(h.a, h.b), dot(h.b, h.c), dot(h.c, h.a)),
    );
}

// `viscosity` is the modulus of the viscous term over the shear modulus and `relaxed` the strain that it draws to.
fn respond(tissue: Tissue, moments: vec3f, h: Modes, relaxed: Strain, viscosity: f32) -> Response {
    let p = moments.x;
    let q = moments.y;
    let r = moments.z;
    let a = h.a + vec3f(1.0, 0.0, 0.0);
    let b = h.b + vec3f(0.0, 1.0, 0.0);
    let c = h.c + vec3f(0.0, 0.0, 1.0);
    let d = h.d;
    let e = h.e;
    let f = h.f;

    // J̄ − 1 − tr H: second order and higher.
    let trace = h.a.x + h.b.y + h.c.z;
    let second = (h.a.x * h.b.y - h.a.y * h.b.x) + (h.b.y * h.c.z - h.b.z * h.c.y)
        + (h.a.x * h.c.z - h.a.z * h.c.x);
    let df = cross(d, f) * p;
    let ed = cross(e, d) * q;
    let fe = cross(f, e) * r;
    let hbc = cross(h.b, h.c);
    let higher = second + dot(h.a, hbc) + dot(a, df) + dot(b, ed) + dot(c, fe);
    let dilatation = trace + higher;

    // Cofactor minus identity, column by column, the hourglass modes' part included.
    let da = vec3f(h.c.z + h.b.y, -h.b.x, -h.c.x) + hbc + df;
    let db = vec3f(-h.a.y, h.a.x + h.c.z, -h.c.y) + cross(h.c, h.a) + ed;
    let dc = vec3f(-h.a.z, -h.b.z, h.b.y + h.a.x) + cross(h.a, h.b) + fe;
    let ga = da + vec3f(1.0, 0.0, 0.0);
    let gb = db + vec3f(0.0, 1.0, 0.0);
    let gc = dc + vec3f(0.0, 0.0, 1.0);
    let gd = cross(f, a) * p + cross(b, e) * q;
    let ge = cross(d, b) * q + cross(c, f) * r;
    let gf = cross(a, d) * p + cross(e, c) * r;

    let wd = p + q;
    let we = q + r;
    let wf = p + r;
    // As in a full cell; see material.rs.
    let wg = 1.0 / 3.0;
    let hourglass = dot(d, d) * wd + dot(e, e) * we + dot(f, f) * wf;
    let norm = dot(h.a, h.a) + dot(h.b, h.b) + dot(h.c, h.c);
    let mu = tissue.mu;
    let pressure = tissue.lambda * dilatation;
    let slope = pressure - tissue.rest;

    let strain = strain_of(h);
    let viscous = tissue.shear * viscosity;
    let change = Strain(strain.main - relaxed.main, strain.shear - relaxed.shear);
    let s = change.main * viscous;
    let t = change.shear * viscous;
    let dissipation = dot(s, change.main) + 2.0 * dot(t, change.shear);

    // Bending: gradients of J along ξ, η, ζ, and the parasitic shear along each edge.
    let na = cross(b, c);
    let nb = cross(c, a);
    let nc = cross(a, b);
    let gx = dot(nb, d) + dot(nc, f);
    let gy = dot(na, d) + dot(nc, e);
    let gz = dot(na, f) + dot(nb, e);
    let tx = gx * p * tissue.gradient;
    let ty = gy * q * tissue.gradient;
    let tz = gz * r * tissue.gradient;
    let ia = 1.0 / (dot(a, a) + TINY);
    let ib = 1.0 / (dot(b, b) + TINY);
    let ic = 1.0 / (dot(c, c) + TINY);
    let ad = dot(a, d);
    let af = dot(a, f);
    let bd = dot(b, d);
    let be = dot(b, e);
    let ce = dot(c, e);
    let cf = dot(c, f);
    let ka = mu * p * ia;
    let kb = mu * q * ib;
    let kc = mu * r * ic;
    let bending = 0.5 * (gx * tx + gy * ty + gz * tz - ka * (ad * ad + af * af)
        - kb * (bd * bd + be * be) - kc * (ce * ce + cf * cf));

    let excess = tissue.rest - mu;
    let warp = tissue.shear * wg;
    var response: Response;
    response.energy = mu * (0.5 * (norm + hourglass) - higher)
        + (0.5 * pressure - excess) * dilatation + 0.5 * warp * dot(h.g, h.g) + bending
        + 0.25 * dissipation;
    response.force.a = (h.a - da) * mu + ga * (pressure - excess) + a * s.x + b * t.x + c * t.z
        + (cross(d, c) + cross(b, f)) * tx + cross(b, e) * ty + cross(e, c) * tz
        - (d * ad + f * af - a * ((ad * ad + af * af) * ia)) * ka;
    response.force.b = (h.b - db) * mu + gb * (pressure - excess) + a * t.x + b * s.y + c * t.y
        + cross(f, a) * tx + (cross(c, d) + cross(e, a)) * ty + cross(c, f) * tz
        - (d * bd + e * be - b * ((bd * bd + be * be) * ib)) * kb;
    response.force.c = (h.c - dc) * mu + gc * (pressure - excess) + a * t.z + b * t.y + c * s.z
        + cross(a, d) * tx + cross(d, b) * ty + (cross(f, b) + cross(a, e)) * tz
        - (e * ce + f * cf - c * ((ce * ce + cf * cf) * ic)) * kc;
    response.force.d = d * (mu * wd) + gd * slope + nb * tx + na * ty - a * (ad * ka) - b * (bd * kb);
    response.force.e = e * (mu * we) + ge * slope + nc * ty + nb * tz - b * (be * kb) - c * (ce * kc);
    response.force.f = f * (mu * wf) + gf * slope + nc * tx + na * tz - c * (cf * kc) - a * (af * ka);
    response.force.g = h.g * warp;

    // σ_max² of the mean F: largest eigenvalue of C, bounded by its mean and deviator.
    let mean = (strain.main.x + strain.main.y + strain.main.z) / 3.0;
    let deviation = strain.main - vec3f(mean);
    let deviator = dot(deviation, deviation) + 2.0 * dot(strain.shear, strain.shear);
    let sigma = sqrt(1.0 + mean + sqrt(deviator * (2.0 / 3.0)));
    let limit = tissue.shear / sigma;
    let geometric = clamp(slope, -limit, limit) * (1.0 + viscosity);

    // Coefficients are scaled to nodal forces.
    let scale = tissue.volume * frame.mode_scale * frame.mode_scale;
    response.tangent.state = array<vec4f, 3>(
        vec4f(a, scale * (mu + viscous)),
        vec4f(b, scale * (tissue.lambda + viscous)),
        vec4f(c, scale * geometric),
    );
    response.tangent.dilatation =
        array<vec4f, 3>(vec4f(ga, scale * mu * ia), vec4f(gb, scale * mu * ib), vec4f(gc, scale * mu * ic));
    response.tangent.hourglass = array<vec4f, 3>(
        vec4f(d, scale * mu),
        vec4f(e, scale * tissue.shear),
        vec4f(f, scale * tissue.lambda),
    );
    response.tangent.hourglass_dilatation = array<vec4f, 3>(
        vec4f(gd, scale * slope),
        vec4f(ge, scale * viscous),
        vec4f(gf, scale * tissue.gradient),
    );
    return response;
}

// The preconditioner's Hessian times modes: without the hourglass modes of the state, viscosity as stiffness.
fn precondition(cell: u32, moments: vec3f, v: Modes) -> Modes {
    let p = moments.x;
    let q = moments.y;
    let r = moments.z;
    let state = tangents[cell].state;
    let dilatation = tangents[cell].dilatation;
    let sa = state[0].xyz;
    let sb = state[1].xyz;
    let sc = state[2].xyz;
    let ga = dilatation[0].xyz;
    let gb = dilatation[1].xyz;
    let gc = dilatation[2].xyz;
    let mu = state[0].w;
    let k = state[2].w;
    let s = (dot(ga, v.a) + dot(gb, v.b) + dot(gc, v.c)) * state[1].w;
    let da = cross(sb, v.c) + cross(v.b, sc);
    let db = cross(sc, v.a) + cross(v.c, sa);
    let dc = cross(sa, v.b) + cross(v.a, sb);
    let hourglass = mu * HOURGLASS;
    return Modes(
        v.a * mu + ga * s + da * k,
        v.b * mu + gb * s + db * k,
        v.c * mu + gc * s + dc * k,
        v.d * (hourglass * (p + q)) + cross(v.f, sa) * (k * p) + cross(sb, v.e) * (k * q),
        v.e * (hourglass * (q + r)) + cross(v.d, sb) * (k * q) + cross(sc, v.f) * (k * r),
        v.f * (hourglass * (p + r)) + cross(sa, v.d) * (k * p) + cross(v.e, sc) * (k * r),
        v.g * (mu / 3.0),
    );
}

// The exact Hessian times modes.
fn multiply(cell: u32, moments: vec3f, v: Modes) -> Modes {
    let p = moments.x;
    let q = moments.y;
    let r = moments.z;
    let state = tangents[cell].state;
    let dilatation = tangents[cell].dilatation;
    let hourglass = tangents[cell].hourglass;
    let hourglass_dilatation = tangents[cell].hourglass_dilatation;
    let sa = state[0].xyz;
    let sb = state[1].xyz;
    let sc = state[2].xyz;
    let sd = hourglass[0].xyz;
    let se = hourglass[1].xyz;
    let sf = hourglass[2].xyz;
    let ga = dilatation[0].xyz;
    let gb = dilatation[1].xyz;
    let gc = dilatation[2].xyz;
    let gd = hourglass_dilatation[0].xyz;
    let ge = hourglass_dilatation[1].xyz;
    let gf = hourglass_dilatation[2].xyz;
    let mu = hourglass[0].w;
    let k = hourglass_dilatation[0].w;
    let t = hourglass_dilatation[1].w;
    let gradient = hourglass_dilatation[2].w;
    let s = (dot(ga, v.a) + dot(gb, v.b) + dot(gc, v.c) + dot(gd, v.d) + dot(ge, v.e) + dot(gf, v.f))
        * hourglass[2].w;

    // Directional derivative of g.
    let da = cross(sb, v.c) + cross(v.b, sc) + (cross(sd, v.f) + cross(v.d, sf)) * p;
    let db = cross(sc, v.a) + cross(v.c, sa) + (cross(se, v.d) + cross(v.e, sd)) * q;
    let dc = cross(sa, v.b) + cross(v.a, sb) + (cross(sf, v.e) + cross(v.f, se)) * r;
    let pd = cross(v.f, sa) + cross(sf, v.a);
    let qd = cross(sb, v.e) + cross(v.b, se);
    let qe = cross(v.d, sb) + cross(sd, v.b);
    let re = cross(sc, v.f) + cross(v.c, sf);
    let pf = cross(sa, v.d) + cross(v.a, sd);
    let rf = cross(v.e, sc) + cross(se, v.c);

    // Bending: gradients of dilatation and released shear, at fixed A, B, C.
    let ka = dilatation[0].w * p;
    let kb = dilatation[1].w * q;
    let kc = dilatation[2].w * r;
    let tx = (dot(gb, v.d) + dot(gc, v.f)) * gradient * p;
    let ty = (dot(ga, v.d) + dot(gc, v.e)) * gradient * q;
    let tz = (dot(ga, v.f) + dot(gb, v.e)) * gradient * r;

    // Viscosity, Gauss–Newton: F (Fᵀ dF + dFᵀ F).
    let xx = 2.0 * dot(sa, v.a) * t;
    let yy = 2.0 * dot(sb, v.b) * t;
    let zz = 2.0 * dot(sc, v.c) * t;
    let xy = (dot(sa, v.b) + dot(sb, v.a)) * t;
    let yz = (dot(sb, v.c) + dot(sc, v.b)) * t;
    let zx = (dot(sc, v.a) + dot(sa, v.c)) * t;
    return Modes(
        v.a * mu + ga * s + da * k + sa * xx + sb * xy + sc * zx,
        v.b * mu + gb * s + db * k + sa * xy + sb * yy + sc * yz,
        v.c * mu + gc * s + dc * k + sa * zx + sb * yz + sc * zz,
        v.d * (mu * (p + q)) + gd * s + (pd * p + qd * q) * k + gb * tx + ga * ty
            - sa * (dot(sa, v.d) * ka) - sb * (dot(sb, v.d) * kb),
        v.e * (mu * (q + r)) + ge * s + (qe * q + re * r) * k + gc * ty + gb * tz
            - sb * (dot(sb, v.e) * kb) - sc * (dot(sc, v.e) * kc),
        v.f * (mu * (p + r)) + gf * s + (pf * p + rf * r) * k + gc * tx + ga * tz
            - sc * (dot(sc, v.f) * kc) - sa * (dot(sa, v.f) * ka),
        v.g * (hourglass[1].w / 3.0),
    );
}
