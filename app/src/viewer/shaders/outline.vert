// The back of the surface pushed out along its normals by a width in pixels: what looks out behind it is its outline.
uniform mat4 clip_from_world;
uniform vec2 half_viewport; // half the size in device pixels
uniform float width;        // device pixels
out vec3 rest;

void main() {
    vec3 world, normal;
    place(world, normal);
    rest = rest_position;
    vec4 at = clip_from_world * vec4(world, 1.0);
    vec2 direction = (clip_from_world * vec4(normal, 0.0)).xy * half_viewport;
    float size = length(direction);
    if (size > 1e-6) at.xy += direction / size * width / half_viewport * at.w;
    // a little behind, so that folds within the silhouette get no line
    at.z += 0.0035 * at.w;
    gl_Position = at;
}
