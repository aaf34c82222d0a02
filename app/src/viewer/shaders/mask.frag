in float depth;
layout (location = 0) out vec4 colour;
uniform float structure; // index + 1 of a back face, 0 for a front face: outside

void main() {
    if (depth < 0.0) discard;
    colour = vec4(structure / 255.0, 0.0, 0.0, 1.0);
}
