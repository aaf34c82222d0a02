uniform mat4 clip_from_world;
out vec3 world;
out vec3 normal;
out vec3 rest;

void main() {
    place(world, normal);
    rest = rest_position;
    gl_Position = clip_from_world * vec4(world, 1.0);
}
