"""PositionBasedDynamics (pyPBD): extended position-based dynamics with a spring an edge and a volume a tetrahedron.

It has no Young's modulus: README.md says which compliances stand for one. It refuses small tetrahedra and has no way to set
gravity, so lengths are handed over in centimetres and times in tenths of a second: 9.81 then means what it should.
"""

import numpy as np
import pypbd

import cantilever as task

CENTIMETRES, TENTHS = 100.0, 10.0
YOUNG = task.YOUNG / CENTIMETRES / TENTHS**2


class Body:
    def __init__(self, mesh: task.Bar, held: np.ndarray, nu: float, substeps: int, iterations: int):
        simulation = pypbd.Simulation.getCurrent()
        simulation.initDefault()
        self.model = simulation.getModel()
        self.model.reset()
        self.model.cleanup()
        nodes = mesh.nodes * CENTIMETRES
        self.model.addTetModel(nodes, mesh.tets.ravel().astype(np.uint32))
        self.particles = self.model.getParticles()
        masses = mesh.masses()
        masses[held] = 0
        for node, mass in enumerate(masses.tolist()):
            self.particles.setMass(node, mass)
        edges, shares = mesh.edges()
        lengths = np.sum((nodes[edges[:, 0]] - nodes[edges[:, 1]]) ** 2, axis=1)
        springs = 5 * YOUNG * shares * CENTIMETRES**3 / lengths
        bulk = YOUNG / (3 * (1 - 2 * nu)) - 5 * YOUNG / 9
        volumes = bulk / (mesh.volumes() * CENTIMETRES**3)
        taken = [
            self.model.addDistanceConstraint_XPBD(*edge, stiffness)
            for edge, stiffness in zip(edges.tolist(), springs.tolist())
        ]
        taken += [
            self.model.addVolumeConstraint_XPBD(*tet, stiffness)
            for tet, stiffness in zip(mesh.tets.tolist(), volumes.tolist())
        ]
        if not all(taken):
            raise RuntimeError(f"{taken.count(False)} constraints refused")
        self.model.initConstraintGroups()
        self.stepper = simulation.getTimeStep()
        self.stepper.setValueUInt(pypbd.TimeStepController.NUM_SUB_STEPS, substeps)
        self.stepper.setValueUInt(pypbd.TimeStepController.MAX_ITERATIONS, iterations)
        pypbd.TimeManager.getCurrent().setTimeStepSize(task.FRAME * TENTHS)
        self.count = len(nodes)

    def step(self) -> None:
        self.stepper.step(self.model)

    def positions(self) -> np.ndarray:
        return np.array(self.particles.getVertices(), dtype=float)[: self.count] / CENTIMETRES

    def scale_velocities(self, factor: float) -> None:
        for node in range(self.count):
            self.particles.setVelocity(node, factor * np.array(self.particles.getVelocity(node)))

    def move(self, nodes: np.ndarray, positions: np.ndarray) -> None:
        for node, position in zip(nodes.tolist(), positions * CENTIMETRES):
            self.particles.setPosition(node, position)


if __name__ == "__main__":
    for tets in (900, 5400):
        for substeps, iterations in ((5, 5), (20, 10)):
            task.measure(
                "pyPBD, springs and volumes",
                f"{substeps} substeps x {iterations} iterations",
                tets,
                lambda mesh, held, nu, s=substeps, i=iterations: Body(mesh, held, nu, s, i),
                (0.45, 0.49) if (tets, substeps) == (5400, 20) else (0.45,),
            )
