in vec3 position;
in vec3 facing;
uniform mat4 clip_from_world;
uniform mat4 world_from_part;
out vec3 world;
out vec3 normal;
out vec3 part;

void main() {
    vec4 at = world_from_part * vec4(position, 1.0);
    world = at.xyz;
    normal = mat3(world_from_part) * facing;
    part = position;
    gl_Position = clip_from_world * at;
}
