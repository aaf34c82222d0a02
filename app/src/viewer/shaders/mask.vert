// The section seen along its own normal, in rest space: which structure does the plane cut at each of its points?
in vec3 rest_position;
uniform vec3 along_u;  // 1 / half-extent along the plane's first axis
uniform vec3 along_v;
uniform vec3 along_n;  // 1 / depth along the inward normal
uniform vec3 offset;   // of u, v, n
uniform float behind;  // pushes front faces behind walls that they share with a neighbour's back face
out float depth;

void main() {
    vec3 at = vec3(dot(along_u, rest_position), dot(along_v, rest_position), dot(along_n, rest_position)) + offset;
    depth = at.z;
    gl_Position = vec4(at.xy, at.z * 2.0 - 1.0 + behind, 1.0);
}
