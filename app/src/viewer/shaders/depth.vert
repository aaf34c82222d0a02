uniform mat4 clip_from_world;
out vec3 rest;

void main() {
    vec3 world, normal;
    place(world, normal);
    rest = rest_position;
    gl_Position = clip_from_world * vec4(world, 1.0);
}
