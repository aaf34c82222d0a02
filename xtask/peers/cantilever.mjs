// The cantilever of cantilever.py for peers in JavaScript: the same mesh, acts, measurements and rows.

export const FRAME = 1 / 60, GRAVITY = 9.81;
export const MESHES = new Map([[900, [20, 3, 3]], [5400, [30, 6, 6]], [18225, [45, 9, 9]]]);
const LENGTH = 0.1, WIDTH = 0.02, YOUNG = 1e4, DENSITY = 1000;
const SETTLING = 12, RELEASE_FRAMES = 150, DRAG_FRAMES = 60, WARM_UP = 10;
const RELEASE_MS = 30_000, DRAG_MS = 10_000, DRAG = 0.03, BLOWN_UP = 10;

const deadline = performance.now() + 1000 * Number(process.env.PEER_SECONDS ?? 200);
const smallest = process.env.PEER_SMALLEST === '1';

/** Nodes [3 count], tetrahedra [4 count], and the nodes of the clamped and the free face. */
function bar(tets) {
  const [nx, ny, nz] = MESHES.get(tets);
  const number = (i, j, k) => (i * (ny + 1) + j) * (nz + 1) + k;
  const nodes = new Float64Array(3 * (nx + 1) * (ny + 1) * (nz + 1));
  for (let i = 0; i <= nx; i++) for (let j = 0; j <= ny; j++) for (let k = 0; k <= nz; k++) {
    nodes.set([(i * LENGTH) / nx, (j / ny - 0.5) * WIDTH, (k / nz - 0.5) * WIDTH], 3 * number(i, j, k));
  }
  // Corners by bits x, y, z; cells are mirror images of their neighbours, so that their faces match.
  const cut = [[0, 1, 2, 4], [3, 2, 1, 7], [5, 1, 4, 7], [6, 4, 2, 7], [1, 2, 4, 7]];
  const found = [];
  for (let i = 0; i < nx; i++) for (let j = 0; j < ny; j++) for (let k = 0; k < nz; k++) {
    const flip = (i + j + k) % 2;
    for (const corners of cut) {
      const tet = corners.map((c) => number(i + ((c & 1) ^ flip), j + ((c >> 1) & 1), k + (c >> 2)));
      if (volume(nodes, tet, 0) < 0) [tet[1], tet[2]] = [tet[2], tet[1]];
      found.push(...tet);
    }
  }
  const all = Array.from({ length: nodes.length / 3 }, (_, node) => node);
  return {
    nodes,
    tets: Int32Array.from(found),
    root: all.filter((node) => nodes[3 * node] < 1e-9),
    tip: all.filter((node) => nodes[3 * node] > LENGTH - 1e-9),
  };
}

function volume(nodes, tets, first) {
  const at = (corner, axis) => nodes[3 * tets[first + corner] + axis];
  const [a, b, c] = [1, 2, 3].map((corner) => [0, 1, 2].map((axis) => at(corner, axis) - at(0, axis)));
  return (
    (a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])) / 6
  );
}

/** The bar as springs along edges and a volume a tetrahedron, with the solid's energy under uniform strain (see README.md). */
export function network({ nodes, tets }, nu) {
  const count = nodes.length / 3;
  const masses = new Float64Array(count);
  const volumes = [];
  const shares = new Map();
  for (let t = 0; t < tets.length; t += 4) {
    const v = volume(nodes, tets, t);
    volumes.push(v);
    for (let a = 0; a < 4; a++) {
      masses[tets[t + a]] += (DENSITY * v) / 4;
      for (let b = 0; b < a; b++) {
        const [low, high] = [tets[t + a], tets[t + b]].sort((p, q) => p - q);
        const key = low * count + high;
        shares.set(key, (shares.get(key) ?? 0) + v / 6);
      }
    }
  }
  const springs = [...shares].map(([key, share]) => {
    const [a, b] = [Math.floor(key / count), key % count];
    const squared = [0, 1, 2].reduce((sum, axis) => sum + (nodes[3 * a + axis] - nodes[3 * b + axis]) ** 2, 0);
    return { a, b, stiffness: (5 * YOUNG * share) / squared };
  });
  return { masses, volumes, springs, bulk: YOUNG / (3 * (1 - 2 * nu)) - (5 * YOUNG) / 9 };
}

/**
 * Both acts for each Poisson ratio; prints a line of JSON each. `make(bar, held, nu)` gives
 * { step(), positions(), scaleVelocities(factor), move(nodes, shift along z), free() }.
 */
export function measure(name, settings, tets, make, poisson = [0.45]) {
  if (smallest && tets !== Math.min(...MESHES.keys())) return;
  for (const nu of poisson) {
    const row = { name, settings, elements: tets, nu };
    if (performance.now() > deadline) {
      row.error = 'left out: the time for this peer was over';
    } else {
      try {
        const mesh = bar(tets);
        Object.assign(row, release(make(mesh, mesh.root, nu), mesh));
        Object.assign(row, drag(make(mesh, [...mesh.root, ...mesh.tip], nu), mesh));
      } catch (error) {
        row.error = String(error).slice(0, 200);
      }
    }
    console.log(JSON.stringify(row));
  }
}

function release(body, mesh) {
  const watch = observer(body, mesh, RELEASE_MS);
  const { path } = watch;
  let settled = false;
  for (let frame = 0; frame < RELEASE_FRAMES && watch.frame(); frame++) {
    const last = path.at(-1);
    settled = path.length > 45 && path.slice(-20).every((at) => at.every((x, axis) => Math.abs(x - last[axis]) < 5e-5));
    if (settled) break;
    body.scaleVelocities(Math.exp(-SETTLING * FRAME));
  }
  body.free();
  const recent = path.slice(-5);
  const [x, y] = [0, 1].map((axis) => (1e3 * recent.reduce((sum, at) => sum + at[axis], 0)) / recent.length);
  return {
    tip_x_mm: x,
    tip_down_mm: -y,
    frames: path.length,
    settled,
    ms_per_frame: watch.milliseconds(),
    release_min_volume_ratio: watch.worst(),
  };
}

function drag(body, mesh) {
  const watch = observer(body, mesh, DRAG_MS);
  for (let frame = 0; frame < DRAG_FRAMES; frame++) {
    const s = Math.min(((frame + 1) * FRAME) / 0.5, 1);
    body.move(mesh.tip, DRAG * s * s * (3 - 2 * s));
    if (!watch.frame()) break;
  }
  body.free();
  return {
    drag_ms_per_frame: watch.milliseconds(),
    drag_min_volume_ratio: watch.worst(),
    drag_frames: watch.path.length,
    drag_tip_z_mm: 1e3 * watch.path.at(-1)[2],
  };
}

/** Times frames and looks at the bar after each. */
function observer(body, mesh, patience) {
  const end = performance.now() + patience;
  const times = [];
  const path = [];
  let worst = 1; // null: not finite, or far away
  return {
    path,
    worst: () => worst,
    milliseconds: () => {
      const sorted = (times.length > WARM_UP ? times.slice(WARM_UP) : times).sort((a, b) => a - b);
      return sorted[sorted.length >> 1];
    },
    frame() {
      const begun = performance.now();
      body.step();
      times.push(performance.now() - begun);
      const nodes = body.positions();
      path.push([0, 1, 2].map((axis) => mesh.tip.reduce((sum, n) => sum + nodes[3 * n + axis], 0) / mesh.tip.length));
      if (!nodes.every((x) => Math.abs(x) < BLOWN_UP)) {
        worst = null;
        return false;
      }
      for (let t = 0; t < mesh.tets.length; t += 4) {
        worst = Math.min(worst, volume(nodes, mesh.tets, t) / volume(mesh.nodes, mesh.tets, t));
      }
      return performance.now() < end;
    },
  };
}
