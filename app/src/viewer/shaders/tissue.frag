in vec3 world;
in vec3 normal;
in vec3 rest;
in vec4 bake;
in float scan_end; // the axis, from 1 on, where the scan ends, or FRESH
layout (location = 0) out vec4 colour;

uniform sampler3D noise; // gradient in rgb, value in a; tiles
uniform vec3 albedo_low;
uniform vec3 albedo_high;
uniform vec4 finish;     // base roughness, coat strength, vessels, mottle
uniform vec3 vessel_tint;
uniform vec2 bump;       // fine and coarse relief
uniform float openness;  // 0: neighbours are there and occlude, 1: the structure stands alone
uniform vec4 section;    // plane in rest space: drawn where dot(xyz, rest) <= w
uniform vec4 mark;       // accent rgb of a selection, strength
uniform float hover;
uniform vec3 plan[48];   // the planned line, in rest space
uniform int plan_count;
uniform vec4 plan_ball;  // a ball around it
uniform vec4 wells[12];  // where blood wells up, in rest space, and how wide it runs
uniform int well_count;
uniform vec3 down;       // which way it runs
uniform float cover;     // how much of fresh faces is covered by blood
#ifdef GLASS
uniform float glass;     // opacity facing the viewer
#endif

vec4 grain(vec3 at) { vec4 t = texture(noise, at); return vec4(t.rgb * 2.0 - 1.0, t.a); }

// How much ink of the planned line lies here.
float inked() {
    float away = 1e9;
    if (distance(rest, plan_ball.xyz) < plan_ball.w) {
        for (int i = 0; i + 1 < plan_count; ++i) {
            vec3 along = plan[i + 1] - plan[i], from = rest - plan[i];
            away = min(away, length(from - along * clamp(dot(from, along) / max(dot(along, along), 1e-9), 0.0, 1.0)));
        }
    }
    float ragged = 0.25 * (texture(noise, rest / 4.1).a - 0.5);
    float blur = 0.12 + 0.5 * length(fwidth(rest));
    return smoothstep(0.75 + blur, 0.75 - blur, away + ragged);
}

// How thick blood lies here, from 0 to about 1.
float bloody() {
    float thick = 0.0;
    for (int i = 0; i < well_count; ++i) {
        vec3 from = rest - wells[i].xyz;
        float radius = wells[i].w;
        // It runs down further than to the sides.
        float along = clamp(dot(from, down), 0.0, 2.5 * radius);
        float away = length(from - down * along) / radius;
        thick = max(thick, 1.2 - away);
    }
    if (thick <= 0.0) return 0.0;
    thick += 0.45 * (texture(noise, rest / 17.3).a - 0.5) + 0.2 * (texture(noise, rest / 5.3).a - 0.5);
    return smoothstep(0.15, 0.45, thick);
}

// Blood over a colour: the deeper the darker.
vec3 under_blood(vec3 albedo, float thick) {
    return mix(albedo, mix(vec3(0.26, 0.008, 0.010), vec3(0.11, 0.002, 0.004), thick), min(1.0, 1.5 * thick));
}

vec3 wrapped(vec3 nl, vec3 w) {
    vec3 d = clamp((nl + w) / (1.0 + w), 0.0, 1.0);
    return d * d / (1.0 + 0.5 * w);
}

// The face where the scan ends: the scan itself under a breath of the tissue's tint.
vec3 scan_face(vec3 n) {
    int axis = int(abs(scan_end) + 0.5) - 1;
    vec3 scan_axis = vec3(axis == 0, axis == 1, axis == 2) * sign(scan_end);
    float grey = scan_grey(rest - scan_axis * 1.5);
    vec3 tint = mix(vec3(1.0), albedo_high / max(max(albedo_high.r, albedo_high.g), albedo_high.b), 0.16);
    vec3 base = grey < 0.0 ? mix(albedo_low, vec3(0.16), 0.55) : vec3(pow(grey, 2.2) * 0.85 + 0.01) * tint;
    // hatching says "cut by the scanner, not by nature"
    vec3 q = abs(scan_axis);
    float along = dot(rest, vec3(1.0) - q) * 0.7071;
    float line = abs(fract(along / 7.0) - 0.5);
    float width = fwidth(along / 7.0);
    base *= 1.0 - 0.22 * smoothstep(0.06 + width, 0.06 - width, line);
    return base * (0.75 + 0.6 * max(dot(n, key_direction), 0.0));
}

const float FRESH = 4.0;

// What a blade laid open: deeper in colour than the capsule, with the scan's inner drawing, and wet.
vec3 fresh_face(vec3 n, vec3 v) {
    const mat3 TURN = mat3(0.36, 0.48, -0.8, -0.8, 0.6, 0.0, 0.48, 0.64, 0.6);
    vec3 turned = TURN * rest;
    vec4 c = texture(noise, rest / 13.7), c2 = texture(noise, turned / 47.0 + 0.3), c3 = texture(noise, turned / 5.1 + 0.6);
    vec3 albedo = mix(albedo_low, albedo_high, 0.30);
    albedo *= albedo / max(dot(albedo, vec3(0.33)), 1e-3); // blood lies on it: more of its own hue
    vec3 flesh = min(albedo, 1.5 * albedo_high) * (0.80 + 0.30 * (c.a - 0.5) + 0.42 * (c2.a - 0.5) + 0.34 * (c3.a - 0.5));
    float grey = scan_grey(rest);
    if (grey >= 0.0) flesh *= 0.72 + 0.56 * smoothstep(0.22, 0.98, grey);
    float oozed = 0.75 * smoothstep(1.05 - cover, 1.35 - cover, 0.25 + c.a * 0.5 + c2.a * 0.5);
    float thick = max(bloody(), oozed);
    flesh = under_blood(flesh, thick);
#ifdef SHADOWS
    float shadow = lit(world, n);
#else
    float shadow = 0.2; // what lies in a wound sees little of the lamp
#endif
    vec3 g = (c3.rgb * 2.0 - 1.0) * 0.5 + (c.rgb * 2.0 - 1.0) * 0.5;
    vec3 nb = normalize(n - 0.26 * (1.0 - 0.8 * thick) * (g - n * dot(g, n)));
    vec3 light = KEY * (0.30 + 0.70 * clamp(dot(nb, key_direction), 0.0, 1.0)) * mix(0.25, 1.0, shadow) + 0.7 * FILL * clamp(dot(nb, fill_direction), 0.0, 1.0) + 0.14;
    vec3 sum = flesh * light;
    float open = mix(0.35, 1.0, shadow);
    vec3 r = reflect(-v, nb);
    float fresnel = 0.03 + 0.97 * pow(1.0 - clamp(dot(nb, v), 0.0, 1.0), 5.0);
    sum += surroundings(r, 0.05) * min(fresnel, 0.16) * 1.2 * open;
    sum += KEY * open * ggx(nb, v, key_direction, 0.22, 0.04) * 0.5;
    return sum;
}

void main() {
    if (dot(section.xyz, rest) > section.w) discard;
    vec3 v = normalize(camera_position - world);
    vec3 n = normalize(normal) * (gl_FrontFacing ? 1.0 : -1.0);
    if (scan_end > FRESH - 0.5) {
        vec3 sum = fresh_face(n, v) + hover * 0.02;
#ifdef GLASS
        colour = vec4(encode(sum) * 0.5, 0.5);
#else
        colour = vec4(encode(sum), 1.0);
#endif
        return;
    }
    if (abs(scan_end) > 0.5) {
#ifdef GLASS
        colour = vec4(encode(scan_face(n)) * 0.25, 0.25);
#else
        colour = vec4(encode(scan_face(n)), 1.0);
#endif
        return;
    }

    // turned, so that the noise's lattice never lines up with the patient's axes
    const mat3 TURN = mat3(0.36, 0.48, -0.8, -0.8, 0.6, 0.0, 0.48, 0.64, 0.6);
    vec3 at = TURN * rest;
#ifdef HIGH
    vec4 g6 = grain(at / 6.1), g13 = grain(at / 13.3), g31 = grain(at / 31.7), g90 = grain(at / 90.0);
    vec4 c32 = grain(at / 37.0 + 0.37), c120 = grain(at / 120.0 + 0.71);
#else
    vec4 g6 = vec4(0.0, 0.0, 0.0, 0.5), g13 = grain(at / 13.3), g31 = g6, g90 = grain(at / 90.0);
    vec4 c32 = g13, c120 = g90;
#endif
    // relief fades out where it would be finer than the pixels
    float fine = clamp(1.6 - 0.9 * length(fwidth(rest)), 0.0, 1.0);
    vec3 slope_fine = g6.xyz * 0.34 * fine + g13.xyz * 0.50;
    vec3 slope_coarse = g31.xyz * 0.62 + g90.xyz * 0.8;
    vec3 slope = bump.x * slope_fine + bump.y * slope_coarse;
    slope = slope * TURN;
    vec3 rough_n = normalize(n - (slope - n * dot(slope, n)));
    vec3 wet = (bump.x * 0.22 * slope_fine + bump.y * 0.75 * slope_coarse) * TURN;
    vec3 coat_n = normalize(n - (wet - n * dot(wet, n)));

    // colour: two depths of blood, paler on ridges, vessels along the zero-sets of the noise
    float mix_blood = clamp(0.5 + (c32.a - 0.5) * 0.55 + (c120.a - 0.5) * 0.75 + (g13.a - 0.5) * 0.28 + (g6.a - 0.5) * 0.16, 0.0, 1.0);
    vec3 albedo = mix(albedo_low, albedo_high, mix(0.5, mix_blood, finish.w));
    albedo *= 1.0 + 0.35 * bake.z;
    // distance to a zero-set [mm] is value over slope, in the texture's units: lines of even width
    float pixel = length(fwidth(rest)) * 0.7;
    vec4 tree = grain(at / 53.0 + 0.04 * g31.xyz);
    float trunk = abs(tree.a - 0.5) / max(length(tree.xyz), 0.06) * 7.1;
    float branch = abs(g31.a - 0.5 + 0.02 * (g6.a - 0.5)) / max(length(g31.xyz), 0.08) * 4.2;
    float twig = abs(g13.a - 0.5) / max(length(g13.xyz), 0.10) * 1.8;
    float faint = smoothstep(0.40, 0.60, c32.a);
    float vessels = smoothstep(0.26 + pixel, 0.05, trunk) * 0.55 * mix(0.35, 1.0, smoothstep(0.35, 0.65, c120.a));
    vessels = max(vessels, smoothstep(0.15 + pixel, 0.02, branch) * 0.50 * faint * smoothstep(0.9, 0.25, pixel));
    vessels = max(vessels, smoothstep(0.09 + pixel, 0.01, twig) * 0.30 * faint * smoothstep(0.35, 0.1, pixel));
    albedo = mix(albedo, vessel_tint, clamp(vessels, 0.0, 1.0) * finish.z);

    // gentian violet
    albedo = mix(albedo, vec3(0.075, 0.022, 0.19), 0.88 * inked());
    float thick = bloody();
    albedo = under_blood(albedo, thick);
    rough_n = normalize(mix(rough_n, n, 0.8 * thick));

    float ao = mix(bake.x, bake.y, openness);
    vec3 a2 = 2.0404 * albedo - 0.3324, b2 = -4.7951 * albedo + 0.6417, c2 = 2.7552 * albedo + 0.6903;
    vec3 occlusion = max(vec3(ao), ((ao * a2 + b2) * ao + c2) * ao);

    vec3 wrap = vec3(0.42, 0.18, 0.12);
    vec3 smooth_share = vec3(0.75, 0.45, 0.2);
    vec3 key_nl = mix(vec3(dot(rough_n, key_direction)), vec3(dot(n, key_direction)), smooth_share);
    vec3 fill_nl = mix(vec3(dot(rough_n, fill_direction)), vec3(dot(n, fill_direction)), smooth_share);
    float shadow = lit(world, n);
    vec3 shade = mix(vec3(0.16, 0.05, 0.03), vec3(1.0), shadow);
    vec3 sky = mix(vec3(0.13, 0.085, 0.075), vec3(0.33, 0.34, 0.37), 0.5 + 0.5 * (view_from_world * rough_n).y);
    vec3 light = KEY * wrapped(key_nl, wrap) * shade * mix(vec3(1.0), occlusion, 0.45);
    light += FILL * wrapped(fill_nl, wrap) * occlusion;
    light += sky * occlusion * mix(0.75, 1.15, stage);
    vec3 diffuse = albedo * light;
    // light that comes through thin edges
    float through = exp(-bake.w / 5.0);
    diffuse += albedo * vec3(1.0, 0.32, 0.2) * through * (0.35 * KEY * clamp(0.4 - dot(n, key_direction), 0.0, 1.0) * shadow + 0.16);

    float nv = clamp(dot(n, v), 0.0, 1.0);
    float glint = mix(0.35, 1.0, shadow);
    float open = smoothstep(0.12, 0.75, ao);
    vec3 specular = vec3(0.0);
    float base_rough = finish.x;
    specular += KEY * glint * ggx(rough_n, v, key_direction, base_rough, 0.04) * 0.9;
    specular += FILL * ggx(rough_n, v, fill_direction, base_rough, 0.04);
    // the wet coat mirrors the lamp: this is what reads as wet
    float coat = mix(finish.y, 1.0, thick);
    vec3 r = reflect(-v, coat_n);
    float fresnel = 0.028 + 0.972 * pow(1.0 - clamp(dot(coat_n, v), 0.0, 1.0), 5.0);
    float film = 0.75 + 0.5 * c120.a; // film of unequal depth
    float blur = 0.012 + 0.03 * (1.0 - c120.a);
    specular += coat * film * surroundings(r, blur) * min(fresnel, 0.55) * open * mix(0.25, 1.0, shadow) * 1.5;
    specular += coat * KEY * glint * ggx(coat_n, v, key_direction, 0.17, 0.04) * 0.30;
    vec3 rim = vec3(1.2, 0.75, 0.65) * pow(1.0 - nv, 3.0) * (0.25 + 0.75 * clamp(dot(n, rim_direction) + 0.4, 0.0, 1.0));
    vec3 sum = diffuse + specular * open + rim * mix(albedo, vec3(0.6), 0.25) * 0.6 * open;
    sum += hover * (vec3(0.20, 0.15, 0.13) * pow(1.0 - nv, 2.4) + albedo * 0.10);
    sum += mark.rgb * mark.a * (0.22 * pow(1.0 - nv, 3.0) + 0.008);

#ifdef GLASS
    float edge = pow(1.0 - nv, 1.6);
    float alpha = clamp(glass + (0.75 - glass) * edge, 0.0, 1.0);
    float shine = clamp(dot(specular, vec3(0.25)), 0.0, 0.6);
    alpha = gl_FrontFacing ? clamp(alpha + shine, 0.0, 0.95) : glass * 0.5;
    colour = vec4(encode(sum) * alpha, alpha);
#else
    colour = vec4(encode(sum), 1.0);
#endif
}
