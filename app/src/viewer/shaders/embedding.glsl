// Where tissue is: rest geometry carried by the lattice. Included before each vertex shader that draws a surface.
in vec3 rest_position;
in ivec4 rest_normal; // xyz / 127; w is the outward axis, +-1 to +-3, on a face where the scan ends
#ifdef EMBEDDED
in uvec4 nodes_low;
in uvec4 nodes_high;
in vec3 local;
// Three texels a node: displacement u [mm] and its gradient by columns du/dx, du/dy, du/dz (averaged at nodes, so that
// shading is continuous across cells). Rows are stored bottom-up.
uniform highp sampler2D displacements;
const int NODES_PER_ROW = 256;

void add_node(uint node, float weight, inout vec3 u, inout mat3 gradient) {
    int last = textureSize(displacements, 0).y - 1;
    ivec2 at = ivec2((int(node) % NODES_PER_ROW) * 3, last - int(node) / NODES_PER_ROW);
    vec4 a = texelFetch(displacements, at, 0);
    vec4 b = texelFetch(displacements, at + ivec2(1, 0), 0);
    vec4 c = texelFetch(displacements, at + ivec2(2, 0), 0);
    u += weight * a.xyz;
    gradient[0] += weight * vec3(a.w, b.xy);
    gradient[1] += weight * vec3(b.zw, c.x);
    gradient[2] += weight * c.yzw;
}
#endif

// World position and unit normal of this vertex. The normal goes by the cofactor of F = I + grad u.
void place(out vec3 world, out vec3 normal) {
    vec3 n0 = vec3(rest_normal.xyz) / 127.0;
#ifdef EMBEDDED
    vec3 u = vec3(0.0);
    mat3 f = mat3(1.0);
    vec3 q = 1.0 - local;
    add_node(nodes_low.x, q.x * q.y * q.z, u, f);
    add_node(nodes_low.y, local.x * q.y * q.z, u, f);
    add_node(nodes_low.z, q.x * local.y * q.z, u, f);
    add_node(nodes_low.w, local.x * local.y * q.z, u, f);
    add_node(nodes_high.x, q.x * q.y * local.z, u, f);
    add_node(nodes_high.y, local.x * q.y * local.z, u, f);
    add_node(nodes_high.z, q.x * local.y * local.z, u, f);
    add_node(nodes_high.w, local.x * local.y * local.z, u, f);
    world = rest_position + u;
    normal = normalize(mat3(cross(f[1], f[2]), cross(f[2], f[0]), cross(f[0], f[1])) * n0);
#else
    world = rest_position;
    normal = normalize(n0);
#endif
}
