// Jolt's soft body as WebAssembly, one thread: extended position-based dynamics with springs and volumes.
// PEER_MODULES names the folder whose node_modules holds it.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FRAME, GRAVITY, MESHES, measure, network } from './cantilever.mjs';

const { resolve } = createRequire(join(process.env.PEER_MODULES ?? process.cwd(), 'here.js'));
const { default: initialise } = await import(pathToFileURL(resolve('jolt-physics/wasm-compat')));
const Jolt = await initialise();

/** A world with one layer and nothing in it. */
function world() {
  const settings = new Jolt.JoltSettings();
  const pairs = new Jolt.ObjectLayerPairFilterTable(1);
  const layers = new Jolt.BroadPhaseLayerInterfaceTable(1, 1);
  layers.MapObjectToBroadPhaseLayer(0, new Jolt.BroadPhaseLayer(0));
  settings.mObjectLayerPairFilter = pairs;
  settings.mBroadPhaseLayerInterface = layers;
  settings.mObjectVsBroadPhaseLayerFilter = new Jolt.ObjectVsBroadPhaseLayerFilterTable(layers, 1, pairs, 1);
  const made = new Jolt.JoltInterface(settings);
  made.GetPhysicsSystem().SetGravity(new Jolt.Vec3(0, -GRAVITY, 0));
  return made;
}

/** The mesh as Jolt's settings of a soft body. */
function shared(mesh, held, nu) {
  const { masses, volumes, springs, bulk } = network(mesh, nu);
  const body = new Jolt.SoftBodySharedSettings();
  const vertex = new Jolt.SoftBodySharedSettingsVertex();
  const fixed = new Set(held);
  masses.forEach((mass, node) => {
    vertex.mPosition = new Jolt.Float3(...mesh.nodes.subarray(3 * node, 3 * node + 3));
    vertex.mInvMass = fixed.has(node) ? 0 : 1 / mass;
    body.mVertices.push_back(vertex);
  });
  for (const { a, b, stiffness } of springs) {
    body.mEdgeConstraints.push_back(new Jolt.SoftBodySharedSettingsEdge(a, b, 1 / stiffness));
  }
  volumes.forEach((volume, t) => {
    // Its constraint is on six times the volume, so the compliance is 36-fold.
    const tet = mesh.tets.subarray(4 * t, 4 * t + 4);
    body.mVolumeConstraints.push_back(new Jolt.SoftBodySharedSettingsVolume(...tet, (36 * volume) / bulk));
  });
  body.CalculateEdgeLengths();
  body.CalculateVolumeConstraintVolumes();
  body.Optimize();
  return body;
}

const soft = (iterations, steps) => (mesh, held, nu) => {
  const jolt = world();
  const settings = new Jolt.SoftBodyCreationSettings(
    shared(mesh, held, nu),
    new Jolt.RVec3(0, 0, 0),
    new Jolt.Quat(0, 0, 0, 1),
    0,
  );
  settings.mNumIterations = iterations;
  settings.mUpdatePosition = false;
  settings.mAllowSleeping = false;
  settings.mVertexRadius = 0;
  const bodies = jolt.GetPhysicsSystem().GetBodyInterface();
  const body = bodies.CreateSoftBody(settings);
  bodies.AddBody(body.GetID(), Jolt.EActivation_Activate);
  const motion = Jolt.castObject(body.GetMotionProperties(), Jolt.SoftBodyMotionProperties);
  const nodes = new Float64Array(mesh.nodes.length);
  const count = nodes.length / 3;
  return {
    step: () => jolt.Step(FRAME, steps),
    positions() {
      for (let node = 0; node < count; node++) {
        const at = motion.GetVertex(node).mPosition;
        nodes.set([at.GetX(), at.GetY(), at.GetZ()], 3 * node);
      }
      return nodes;
    },
    scaleVelocities(factor) {
      for (let node = 0; node < count; node++) {
        const v = motion.GetVertex(node).mVelocity;
        v.Set(v.GetX() * factor, v.GetY() * factor, v.GetZ() * factor);
      }
    },
    move(moved, shift) {
      // A vertex without mass goes where its velocity takes it.
      for (const node of moved) {
        const vertex = motion.GetVertex(node);
        const at = vertex.mPosition;
        const [x, y, z] = mesh.nodes.subarray(3 * node, 3 * node + 3);
        vertex.mVelocity.Set((x - at.GetX()) / FRAME, (y - at.GetY()) / FRAME, (z + shift - at.GetZ()) / FRAME);
      }
    },
    free: () => Jolt.destroy(jolt),
  };
};

for (const tets of MESHES.keys()) {
  measure('Jolt soft body (WASM)', '20 iterations', tets, soft(20, 1));
  measure('Jolt soft body (WASM)', '20 iterations x 4 steps', tets, soft(20, 4), tets === 5400 ? [0.45, 0.49] : [0.45]);
}
