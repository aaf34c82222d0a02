in vec3 rest;
layout (location = 0) out vec4 colour;
uniform vec4 section;
uniform vec3 tint; // sRGB

void main() {
    if (dot(section.xyz, rest) > section.w) discard;
    colour = vec4(tint, 1.0);
}
