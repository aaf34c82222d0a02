in vec3 world;
in vec3 normal;
in vec3 rest;
layout (location = 0) out vec4 colour;

uniform sampler3D noise;
uniform highp sampler2D mask;    // structure + 1 in red
uniform highp sampler2D palette; // per structure: albedo in rgb (linear), body + 1 in a (divided by 255)
uniform vec3 along_u;
uniform vec3 along_v;
uniform vec3 offset;
uniform float body;              // only structures of this body are drawn on this face

int structure_at(ivec2 texel) {
    ivec2 size = textureSize(mask, 0);
    return int(texelFetch(mask, clamp(texel, ivec2(0), size - 1), 0).r * 255.0 + 0.5);
}

void main() {
    // the structure with most of the four nearest texels: smooth edges from a mask of names
    vec2 uv = (vec2(dot(along_u, rest), dot(along_v, rest)) + offset.xy) * 0.5 + 0.5;
    vec2 at = uv * vec2(textureSize(mask, 0)) - 0.5;
    ivec2 base = ivec2(floor(at));
    vec2 f = at - vec2(base);
    int s00 = structure_at(base), s10 = structure_at(base + ivec2(1, 0)), s01 = structure_at(base + ivec2(0, 1)), s11 = structure_at(base + ivec2(1, 1));
    float w00 = (1.0 - f.x) * (1.0 - f.y), w10 = f.x * (1.0 - f.y), w01 = (1.0 - f.x) * f.y, w11 = f.x * f.y;
    float v00 = w00 + (s10 == s00 ? w10 : 0.0) + (s01 == s00 ? w01 : 0.0) + (s11 == s00 ? w11 : 0.0);
    float v10 = w10 + (s00 == s10 ? w00 : 0.0) + (s01 == s10 ? w01 : 0.0) + (s11 == s10 ? w11 : 0.0);
    float v01 = w01 + (s00 == s01 ? w00 : 0.0) + (s10 == s01 ? w10 : 0.0) + (s11 == s01 ? w11 : 0.0);
    int s = s00;
    float most = v00;
    if (v10 > most) { s = s10; most = v10; }
    if (v01 > most) { s = s01; most = v01; }
    if (w11 > most && s11 != s) { s = s11; }
    if (s == 0) discard;
    vec4 entry = texelFetch(palette, ivec2((s - 1) % 256, 0), 0);
    if (abs(entry.a * 255.0 - body) > 0.5) discard;

    vec3 n = normalize(normal);
    vec3 v = normalize(camera_position - world);
    if (dot(n, v) < 0.0) n = -n;
    // turned from scale to scale, so that the tiles of the noise never line up
    const mat3 TURN = mat3(0.36, 0.48, -0.8, -0.8, 0.6, 0.0, 0.48, 0.64, 0.6);
    vec3 turned = TURN * rest;
    vec4 c = texture(noise, rest / 13.7);
    vec4 c2 = texture(noise, turned / 47.0 + 0.3);
    vec4 c3 = texture(noise, (TURN * turned) / 121.0 + 0.6);
    vec3 albedo = entry.rgb;
    float grey = scan_grey(rest);
    // cut tissue is deeper and wetter than its capsule; the scan's grey values lend it its inner drawing
    vec3 flesh = albedo * (0.66 + 0.16 * (c.a - 0.5) + 0.42 * (c2.a - 0.5) + 0.5 * (c3.a - 0.5));
    if (grey >= 0.0) {
        vec3 tint = albedo / max(max(albedo.r, albedo.g), albedo.b);
        float contrast = smoothstep(0.22, 0.98, grey);
        vec3 scan = (0.02 + 0.55 * contrast * contrast + 0.16 * contrast) * mix(vec3(1.0), tint, 0.72);
        flesh = mix(flesh * (0.45 + 0.9 * contrast), scan, 0.60);
    }
    float shadow = lit(world, n);
    vec3 g = c.rgb * 2.0 - 1.0;
    vec3 nb = normalize(n - 0.10 * (g - n * dot(g, n)));
    vec3 light = KEY * (0.35 + 0.65 * clamp(dot(n, key_direction), 0.0, 1.0)) * mix(0.45, 1.0, shadow) + FILL * clamp(dot(n, fill_direction), 0.0, 1.0) + 0.30;
    vec3 sum = flesh * light;
    vec3 r = reflect(-v, nb);
    sum += surroundings(r, 0.12) * (0.02 + 0.5 * pow(1.0 - clamp(dot(nb, v), 0.0, 1.0), 5.0)) * 0.7;
    // a pale rim, a millimetre wide, where the section meets another structure or the capsule
    float others = 0.0;
    vec2 size = vec2(textureSize(mask, 0));
    vec2 texel_per_mm = size * 0.5 * vec2(length(along_u), length(along_v));
    for (int i = 0; i < 12; i++) {
        float angle = float(i) * 2.39996;
        vec2 d = vec2(cos(angle), sin(angle)) * texel_per_mm * 0.95 * sqrt((float(i) + 0.5) / 12.0);
        others += structure_at(ivec2(floor(at + 0.5 + d))) == s ? 0.0 : 1.0 / 12.0;
    }
    if (others > 0.7) discard; // a speck, no face
    vec3 capsule = mix(albedo, vec3(0.62, 0.40, 0.34), 0.5) * light * 0.85;
    sum = mix(sum, capsule, 0.75 * smoothstep(0.02, 0.40, others));
    colour = vec4(encode(sum), 1.0);
}
