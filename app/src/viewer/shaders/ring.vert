// A square of pixels around the tip.
uniform vec4 place_px; // centre in clip space xy, half-size in clip space zw
out vec2 at;

void main() {
    vec2 corner = vec2(gl_VertexID == 1 || gl_VertexID == 2 || gl_VertexID == 4 ? 1.0 : -1.0, gl_VertexID == 2 || gl_VertexID == 4 || gl_VertexID == 5 ? 1.0 : -1.0);
    at = corner;
    gl_Position = vec4(place_px.xy + corner * place_px.zw, 0.0, 1.0);
}
