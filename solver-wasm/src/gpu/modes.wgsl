// Twin of `modes.rs`: the eight trilinear modes of a hexahedron.

struct Modes {
    a: vec3f,
    b: vec3f,
    c: vec3f,
    d: vec3f,
    e: vec3f,
    f: vec3f,
    g: vec3f,
}

fn analyse(n: array<vec3f, 8>) -> Modes {
    let s0 = n[0] + n[1];
    let d0 = n[1] - n[0];
    let s1 = n[2] + n[3];
    let d1 = n[3] - n[2];
    let s2 = n[4] + n[5];
    let d2 = n[5] - n[4];
    let s3 = n[6] + n[7];
    let d3 = n[7] - n[6];
    let ss0 = s0 + s1;
    let sd0 = s1 - s0;
    let ss1 = s2 + s3;
    let sd1 = s3 - s2;
    let ds0 = d0 + d1;
    let dd0 = d1 - d0;
    let ds1 = d2 + d3;
    let dd1 = d3 - d2;
    return Modes(ds0 + ds1, sd0 + sd1, ss1 - ss0, dd0 + dd1, sd1 - sd0, ds1 - ds0, dd1 - dd0);
}

fn synthesise(m: Modes) -> array<vec3f, 8> {
    let sd0 = m.b - m.e;
    let sd1 = m.b + m.e;
    let ds0 = m.a - m.f;
    let ds1 = m.a + m.f;
    let dd0 = m.d - m.g;
    let dd1 = m.d + m.g;
    let s0 = -m.c - sd0;
    let s1 = sd0 - m.c;
    let s2 = m.c - sd1;
    let s3 = m.c + sd1;
    let d0 = ds0 - dd0;
    let d1 = ds0 + dd0;
    let d2 = ds1 - dd1;
    let d3 = ds1 + dd1;
    return array<vec3f, 8>(s0 - d0, s0 + d0, s1 - d1, s1 + d1, s2 - d2, s2 + d2, s3 - d3, s3 + d3);
}

fn about_centroid(m: Modes, x: vec3f) -> Modes {
    let d = m.d + m.g * x.z;
    let e = m.e + m.g * x.x;
    let f = m.f + m.g * x.y;
    // One of each pair is already shifted: the product terms bc, ca, ab of G come along.
    return Modes(
        m.a + m.d * x.y + f * x.z,
        m.b + m.e * x.z + d * x.x,
        m.c + m.f * x.x + e * x.y,
        d,
        e,
        f,
        m.g,
    );
}

fn about_centre(m: Modes, x: vec3f) -> Modes {
    let dt = m.d + m.b * x.x;
    let et = m.e + m.c * x.y;
    let ft = m.f + m.a * x.z;
    return Modes(
        m.a,
        m.b,
        m.c,
        dt + m.a * x.y,
        et + m.b * x.z,
        ft + m.c * x.x,
        m.g + dt * x.z + et * x.x + ft * x.y,
    );
}

fn corner_node(index: u32, corner: u32) -> u32 {
    return cells[index].corners[corner >> 2u][corner & 3u];
}

// Values of the field that starts at `base` at the corners of a cell.
fn gather(cell: Cell, base: u32) -> array<vec3f, 8> {
    let low = cell.corners[0];
    let high = cell.corners[1];
    return array<vec3f, 8>(
        vectors[base + low.x].xyz,
        vectors[base + low.y].xyz,
        vectors[base + low.z].xyz,
        vectors[base + low.w].xyz,
        vectors[base + high.x].xyz,
        vectors[base + high.y].xyz,
        vectors[base + high.z].xyz,
        vectors[base + high.w].xyz,
    );
}
