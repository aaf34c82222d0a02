in vec3 world;
in vec3 normal;
in vec3 part;
layout (location = 0) out vec4 colour;
uniform float opacity;

void main() {
    vec3 n = normalize(normal);
    vec3 v = normalize(camera_position - world);
    // brushed along the shaft
    float brush = fract(sin(floor(part.z * 23.0) * 12.9898) * 43758.5453) - 0.5;
    n = normalize(n + v * 0.0 + vec3(0.012) * brush);
    vec3 r = reflect(-v, n);
    float nv = clamp(dot(n, v), 0.0, 1.0);
    vec3 f0 = vec3(0.56, 0.57, 0.58);
    vec3 f = f0 + (1.0 - f0) * pow(1.0 - nv, 5.0);
    vec3 s = view_from_world * r;
    // bright above, dark horizon, warm tissue bounce below: the bands that read as steel
    vec3 mirror = mix(vec3(0.05, 0.05, 0.055), vec3(0.85, 0.88, 0.92), smoothstep(-0.05, 0.55, s.y));
    mirror = mix(mirror, vec3(0.34, 0.16, 0.13), smoothstep(-0.1, -0.8, s.y));
    mirror += surroundings(r, 0.05) * 0.35;
    float shadow = lit(world, n);
    vec3 sum = f * mirror * mix(0.55, 1.0, shadow);
    sum += KEY * ggx(n, v, key_direction, 0.30, 0.6) * 0.5 * shadow;
    sum += FILL * ggx(n, v, fill_direction, 0.34, 0.6);
    colour = vec4(encode(sum), 1.0) * opacity;
}
