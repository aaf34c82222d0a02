in vec2 at; // [-1, 1] across `extent` CSS pixels
layout (location = 0) out vec4 colour;
uniform float extent;  // half-size in CSS pixels
uniform float force;   // share of the limit, 0 to 1
uniform float touching;
uniform vec3 arc_tint; // sRGB
uniform float light;   // 1 in the light theme: ink ring, pale halo

float band(float d, float half_width) { return clamp(half_width - abs(d) + 0.5, 0.0, 1.0); }

void main() {
    float r = length(at) * extent;
    float turn = fract(atan(at.x, at.y) / 6.2831853 + 1.0);
    float dash = touching > 0.5 ? 1.0 : step(0.42, fract(turn * 10.0));
    vec3 ink = mix(vec3(1.0), vec3(0.114, 0.102, 0.090), light);
    vec3 halo_ink = mix(vec3(0.0), vec3(1.0), light);
    float ring = band(r - 13.5, 1.1) * dash;
    float halo = clamp(1.0 - abs(r - 13.5) / 3.6, 0.0, 1.0) * 0.62;
    float arc = band(r - 13.5, 1.9) * step(turn, force) * touching;
    float dot_in = clamp(2.2 - r + 0.5, 0.0, 1.0) * touching;
    float dot_halo = clamp(1.0 - abs(r - 2.0) / 2.6, 0.0, 1.0) * 0.55 * touching;
    vec4 c = vec4(halo_ink, 1.0) * max(halo * max(dash, touching), dot_halo);
    c = mix(c, vec4(ink, 1.0), max(ring, dot_in));
    c = mix(c, vec4(arc_tint, 1.0), arc);
    colour = c;
}
