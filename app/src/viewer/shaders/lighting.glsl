// Light and finish shared by all that is drawn. Linear colour; directions in world space.
uniform vec3 camera_position;
uniform mat3 view_from_world;
uniform vec3 key_direction;
uniform vec3 fill_direction;
uniform vec3 rim_direction;
uniform float stage; // brightness of the room behind: 0 dark theatre, 1 bright

const vec3 KEY = vec3(1.82, 1.70, 1.56);
const vec3 FILL = vec3(0.34, 0.42, 0.52);

float square(float x) { return x * x; }

// GGX with Smith visibility (height-correlated approximation), Schlick Fresnel at f0.
float ggx(vec3 n, vec3 v, vec3 l, float roughness, float f0) {
    float nl = dot(n, l);
    float nv = max(dot(n, v), 0.02);
    if (nl <= 0.0) return 0.0;
    vec3 h = normalize(l + v);
    float a = roughness * roughness;
    float nh = max(dot(n, h), 0.0);
    float d = a * a / (3.14159 * square(nh * nh * (a * a - 1.0) + 1.0));
    float visibility = 0.5 / mix(2.0 * nl * nv, nl + nv, a);
    float fresnel = f0 + (1.0 - f0) * pow(1.0 - max(dot(v, h), 0.0), 5.0);
    return d * visibility * fresnel * nl;
}

// A soft disc of a lamp seen along r.
float disc(vec3 r, vec3 centre, float cosine, float blur) {
    return smoothstep(cosine - blur, cosine + blur, dot(r, centre));
}

// What a mirror would see: a dim theatre, an operating lamp of six heads around one, a cool window.
vec3 surroundings(vec3 r, float blur) {
    vec3 s = view_from_world * r;
    vec3 room = mix(vec3(0.030, 0.027, 0.026), vec3(0.24, 0.25, 0.27), smoothstep(-0.5, 1.0, s.y));
    room += vec3(0.10, 0.05, 0.035) * smoothstep(0.2, -1.0, s.y);
    vec3 k = view_from_world * key_direction;
    vec3 side = normalize(cross(k, vec3(0.0, 1.0, 0.0)));
    vec3 top = cross(side, k);
    vec3 p = vec3(dot(s, side), dot(s, top), dot(s, k));
    float lamp = disc(s, k, 0.953, 0.026 + blur);
    // dark gaps between the heads, lost in the blur of a rough coat
    float spokes = 0.82 + 0.18 * cos(6.0 * atan(p.y, p.x));
    lamp *= mix(spokes, 1.0, smoothstep(0.0, 0.09, blur)) * step(0.0, p.z);
    vec3 f = view_from_world * fill_direction;
    float window = smoothstep(0.30, 0.06, abs(s.x - f.x)) * smoothstep(0.62, 0.22, abs(s.y - 0.18)) * step(0.0, s.z + 0.4);
    return room * mix(1.0, 1.7, stage) + vec3(6.2, 5.85, 5.4) * lamp + vec3(0.36, 0.38, 0.40) * window;
}

vec3 encode(vec3 c) {
    float grey = dot(c, vec3(0.2126, 0.7152, 0.0722));
    c = mix(c, vec3(grey), 0.11) * 0.82;
    c = clamp(c * (2.51 * c + 0.03) / (c * (2.43 * c + 0.59) + 0.14), 0.0, 1.0);
    return mix(12.92 * c, 1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c));
}

vec3 decode(vec3 c) {
    return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(0.04045, c));
}

#ifdef SHADOWS
uniform highp sampler2D shadow_map;
uniform mat4 shadow_from_world;

const vec2 TAPS[12] = vec2[12](vec2(-.326, -.406), vec2(-.840, -.074), vec2(-.696, .457), vec2(-.203, .621), vec2(.962, -.195), vec2(.473, -.480), vec2(.519, .767), vec2(.185, -.893), vec2(.507, .064), vec2(.896, .412), vec2(-.322, -.933), vec2(-.792, -.598));

// 1 in the light, 0 in shadow; 12 taps on a disc turned per pixel.
float lit(vec3 at, vec3 n) {
    vec3 s = (shadow_from_world * vec4(at + n * 1.2, 1.0)).xyz * 0.5 + 0.5;
    if (any(lessThan(s, vec3(0.0))) || any(greaterThan(s, vec3(1.0)))) return 1.0;
    float angle = 6.2831 * fract(52.9829 * fract(dot(gl_FragCoord.xy, vec2(0.06711, 0.00584))));
    mat2 turn = mat2(cos(angle), sin(angle), -sin(angle), cos(angle));
    float sum = 0.0;
    for (int i = 0; i < 12; i++) {
        float depth = texture(shadow_map, s.xy + turn * TAPS[i] * 0.0042).r;
        sum += step(s.z - 0.0012, depth);
    }
    return sum / 12.0;
}
#else
float lit(vec3 at, vec3 n) { return 1.0; }
#endif
