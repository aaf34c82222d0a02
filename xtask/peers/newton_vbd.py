"""Newton on Warp's processor device: vertex block descent with stable neo-Hookean tetrahedra."""

import numpy as np
import warp as wp

wp.config.quiet = True
wp.init()
wp.set_device("cpu")
import newton  # noqa: E402  (it looks for a device as it is imported)

import cantilever as task  # noqa: E402


class Body:
    def __init__(self, mesh: task.Bar, held: np.ndarray, nu: float, substeps: int, iterations: int):
        mu, lam = task.lame(nu)
        builder = newton.ModelBuilder(up_axis=newton.Axis.Y, gravity=wp.vec3(0.0, -task.GRAVITY, 0.0))
        builder.add_soft_mesh(
            pos=wp.vec3(0.0),
            rot=wp.quat_identity(),
            scale=1.0,
            vel=wp.vec3(0.0),
            vertices=[wp.vec3(*node) for node in mesh.nodes.tolist()],
            indices=mesh.tets.ravel().tolist(),
            density=task.DENSITY,
            k_mu=mu,
            k_lambda=lam,
            k_damp=1e-3,
            add_surface_mesh_edges=False,
            particle_radius=1e-4,
        )
        for node in held.tolist():
            builder.particle_mass[node] = 0.0
        builder.color()
        model = builder.finalize(device="cpu")
        self.solver = newton.solvers.SolverVBD(
            model, iterations=iterations, particle_enable_self_contact=False, particle_enable_tile_solve=False
        )
        model.particle_max_velocity = 1e3
        # Nothing touches anything here: no time is spent on looking for contacts.
        model.particle_grid = None
        model.particle_max_radius = 0.0
        self.now, self.next, self.control = model.state(), model.state(), model.control()
        self.substeps = substeps
        self.grasp: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def step(self) -> None:
        for substep in range(self.substeps):
            if self.grasp:
                nodes, start, goal = self.grasp
                self.now.particle_q.numpy()[nodes] = start + (goal - start) * (substep + 1) / self.substeps
            self.now.clear_forces()
            self.solver.step(self.now, self.next, self.control, None, task.FRAME / self.substeps)
            self.now, self.next = self.next, self.now

    def positions(self) -> np.ndarray:
        return self.now.particle_q.numpy().astype(float)

    def scale_velocities(self, factor: float) -> None:
        self.now.particle_qd.assign(self.now.particle_qd.numpy() * np.float32(factor))

    def move(self, nodes: np.ndarray, positions: np.ndarray) -> None:
        self.grasp = (nodes, self.now.particle_q.numpy()[nodes].copy(), positions.astype(np.float32))


if __name__ == "__main__":
    for tets, poisson in ((900, (0.45,)), (5400, (0.45, 0.49))):
        task.measure(
            "Newton VBD",
            "10 substeps x 10 iterations",
            tets,
            lambda mesh, held, nu: Body(mesh, held, nu, 10, 10),
            poisson,
        )
