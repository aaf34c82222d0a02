uniform mat4 clip_from_world;
in uvec4 baked;
out vec3 world;
out vec3 normal;
out vec3 rest;
out vec4 bake; // ambient occlusion, self-occlusion, curvature in [-1, 1], thickness [mm]
out float scan_end;
invariant gl_Position;

void main() {
    place(world, normal);
    rest = rest_position;
    bake = vec4(vec2(baked.xy) / 255.0, (float(baked.z) - 128.0) / 127.0, float(baked.w) / 255.0 * 40.0);
    scan_end = float(rest_normal.w);
    gl_Position = clip_from_world * vec4(world, 1.0);
}
