in vec3 rest;
uniform vec4 section;

void main() {
    if (dot(section.xyz, rest) > section.w) discard;
}
