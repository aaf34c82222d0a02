// Label volumes of ellipsoids, made here: what the journeys drop into the browser. NIfTI-1, LPS millimetres inside.
import { gzipSync } from "node:zlib";

/** Rotation by Euler angles about z, y, x [degrees]; columns are the directions of i, j, k. */
function rotation([x, y, z]) {
  const [a, b, c] = [x, y, z].map((degrees) => (degrees * Math.PI) / 180);
  const [sa, ca, sb, cb, sc, cc] = [Math.sin(a), Math.cos(a), Math.sin(b), Math.cos(b), Math.sin(c), Math.cos(c)];
  return [
    [cc * cb, cc * sb * sa - sc * ca, cc * sb * ca + sc * sa],
    [sc * cb, sc * sb * sa + cc * ca, sc * sb * ca - cc * sa],
    [-sb, cb * sa, cb * ca],
  ];
}

/** A number of 0 to 1 that looks random and is always the same for the same input. */
function noise(n) {
  const x = Math.sin(n * 12.9898) * 43758.5453;
  return x - Math.floor(x);
}

/**
 * A grid around the middle of the patient, `dims` voxels of `spacing` mm, turned by `turn` degrees; each voxel has the number of the
 * first of `organs` ({ name, centre, radii } in mm, LPS) that holds it. With `scan` set, grey values instead of labels.
 */
export function volume({ dims, spacing, turn = [0, 0, 0], organs, scan = false }) {
  const direction = rotation(turn);
  const [nx, ny, nz] = dims;
  const half = dims.map((d) => (d - 1) / 2);
  const columns = [0, 1, 2].map((axis) => direction.map((row) => row[axis] * spacing[axis]));
  const origin = [0, 1, 2].map((row) => -columns.reduce((sum, column, axis) => sum + column[row] * half[axis], 0));
  const values = scan ? new Int16Array(nx * ny * nz) : new Uint8Array(nx * ny * nz);
  if (scan) values.fill(-1000);
  // Last first, so that the first of the list has the last word.
  for (let number = organs.length; number >= 1; number -= 1) {
    const { centre, radii } = organs[number - 1];
    const reach = Math.max(...radii);
    const middle = [0, 1, 2].map(
      (axis) => [0, 1, 2].reduce((sum, row) => sum + direction[row][axis] * centre[row], 0) / spacing[axis] + half[axis],
    );
    const low = middle.map((m, axis) => Math.max(0, Math.floor(m - reach / spacing[axis])));
    const high = middle.map((m, axis) => Math.min(dims[axis] - 1, Math.ceil(m + reach / spacing[axis])));
    const grey = 40 + (number % 7) * 12;
    for (let k = low[2]; k <= high[2]; k += 1) {
      for (let j = low[1]; j <= high[1]; j += 1) {
        for (let i = low[0]; i <= high[0]; i += 1) {
          let distance = 0;
          for (let row = 0; row < 3; row += 1) {
            const p = origin[row] + i * columns[0][row] + j * columns[1][row] + k * columns[2][row];
            distance += ((p - centre[row]) / radii[row]) ** 2;
          }
          if (distance > 1) continue;
          const at = i + nx * (j + ny * k);
          values[at] = scan ? grey + Math.round(8 * noise(at % 9973)) : number;
        }
      }
    }
  }
  return nifti(dims, spacing, columns, origin, values);
}

/** A NIfTI-1 file: the affine goes from LPS to the RAS of the format. */
function nifti(dims, spacing, columns, origin, values) {
  const header = Buffer.alloc(352);
  const scan = values instanceof Int16Array;
  header.writeInt32LE(348, 0);
  [3, ...dims, 1, 1, 1, 1].forEach((d, n) => header.writeInt16LE(d, 40 + 2 * n));
  header.writeInt16LE(scan ? 4 : 2, 70);
  header.writeInt16LE(scan ? 16 : 8, 72);
  [1, ...spacing, 0, 0, 0, 0].forEach((s, n) => header.writeFloatLE(s, 76 + 4 * n));
  header.writeFloatLE(352, 108);
  header.writeFloatLE(1, 112);
  header[123] = 2; // millimetres
  header.writeInt16LE(1, 254); // sform, scanner
  const sign = [-1, -1, 1];
  for (let row = 0; row < 3; row += 1) {
    const numbers = [...columns.map((column) => sign[row] * column[row]), sign[row] * origin[row]];
    numbers.forEach((n, at) => header.writeFloatLE(n, 280 + 16 * row + 4 * at));
  }
  header.write("n+1\0", 344, "latin1");
  return Buffer.concat([header, Buffer.from(values.buffer, values.byteOffset, values.byteLength)]);
}

/** What the labels are called, as a table that 3D Slicer could have written. */
export function table(organs) {
  return Buffer.from(organs.map(({ name }, index) => `${index + 1},${name}`).join("\n"));
}

export const gzip = (bytes) => gzipSync(bytes, { level: 1 });

/** An upper abdomen of six ellipsoids: volumes, sides and vertebrae as in a patient. */
export const ABDOMEN = [
  { name: "liver", centre: [-55, -20, 30], radii: [78, 60, 62] },
  { name: "spleen", centre: [85, 25, 35], radii: [26, 34, 48] },
  { name: "kidney_right", centre: [-55, 62, -50], radii: [28, 22, 55] },
  { name: "kidney_left", centre: [55, 62, -42], radii: [28, 22, 55] },
  { name: "vertebrae_L2", centre: [0, 65, -20], radii: [22, 17, 14] },
  { name: "vertebrae_L1", centre: [0, 65, 14], radii: [22, 17, 14] },
];

/** Sixty-one structures in a trunk of 384 × 384 × 300 mm, with the names of TotalSegmentator. */
export function trunk() {
  const organs = [
    { name: "liver", centre: [-62, -20, 20], radii: [82, 66, 62] },
    { name: "spleen", centre: [95, 30, 35], radii: [26, 38, 48] },
    { name: "kidney_right", centre: [-58, 62, -62], radii: [29, 23, 56] },
    { name: "kidney_left", centre: [60, 62, -55], radii: [29, 23, 56] },
    { name: "stomach", centre: [58, -40, 40], radii: [46, 40, 52] },
    { name: "pancreas", centre: [18, 8, -18], radii: [52, 13, 16] },
    { name: "colon", centre: [20, -70, -70], radii: [110, 26, 34] },
    { name: "small_bowel", centre: [30, -30, -105], radii: [80, 55, 38] },
    { name: "aorta", centre: [12, 42, 0], radii: [11, 11, 146] },
    { name: "inferior_vena_cava", centre: [-16, 38, 0], radii: [12, 10, 146] },
    { name: "lung_lower_lobe_right", centre: [-75, 20, 118], radii: [58, 70, 30] },
    { name: "lung_lower_lobe_left", centre: [80, 20, 118], radii: [56, 70, 30] },
    { name: "heart", centre: [20, -45, 118], radii: [52, 42, 28] },
    { name: "spinal_cord", centre: [0, 104, 0], radii: [7, 7, 148] },
  ];
  const spine = ["L5", "L4", "L3", "L2", "L1", "T12", "T11", "T10", "T9"];
  spine.forEach((v, n) => organs.push({ name: `vertebrae_${v}`, centre: [0, 74, -132 + 33 * n], radii: [23, 18, 14] }));
  for (const [side, sign] of [["right", -1], ["left", 1]]) {
    for (let rib = 4; rib <= 12; rib += 1) {
      const z = 140 - 24 * (rib - 4);
      organs.push({ name: `rib_${side}_${rib}`, centre: [sign * 155, 20, z], radii: [7, 78, 7] });
    }
    organs.push({ name: `autochthon_${side}`, centre: [sign * 44, 118, 0], radii: [28, 20, 140] });
    organs.push({ name: `iliopsoas_${side}`, centre: [sign * 34, 58, -125], radii: [18, 18, 24] });
    organs.push({ name: `adrenal_gland_${side}`, centre: [sign * 42, 48, 22], radii: [13, 9, 15] });
    organs.push({ name: `hip_${side}`, centre: [sign * 112, 40, -125], radii: [24, 50, 24] });
    organs.push({ name: `gluteus_medius_${side}`, centre: [sign * 112, 108, -128], radii: [34, 16, 20] });
  }
  for (const [name, centre, radii] of [
    ["gallbladder", [-45, -66, -12], [16, 17, 30]],
    ["duodenum", [-25, 5, -35], [16, 22, 30]],
    ["esophagus", [14, 22, 118], [9, 9, 30]],
    ["portal_vein_and_splenic_vein", [-5, 10, 10], [28, 8, 9]],
    ["sternum", [0, -112, 118], [18, 9, 30]],
    ["costal_cartilages", [-70, -108, 90], [42, 8, 34]],
    ["urinary_bladder", [0, -75, -132], [28, 24, 16]],
    ["sacrum", [0, 118, -138], [30, 16, 11]],
    ["trachea", [0, 5, 138], [9, 9, 11]],
    ["pulmonary_vein", [30, 5, 134], [18, 9, 12]],
  ]) organs.push({ name, centre, radii });
  return organs;
}
