"""MuJoCo 4 flex under its implicit integrator: stable neo-Hookean tetrahedra, and quadratic cells of 27 nodes.

Stable neo-Hookean is a switch of the model's specification. A quadratic cell moves an embedded mesh; here the coarsest mesh
of the task, which then only serves to read positions back.
"""

import mujoco
import numpy as np

import cantilever as task

HEAVY = 1e3  # a grasped node is driven by its velocity: it must not be deflected


def specification(mesh: task.Bar, nu: float, substeps: int, flex: str, pin: str) -> str:
    points = " ".join(f"{x:.9g}" for x in mesh.nodes.ravel())
    elements = " ".join(map(str, mesh.tets.ravel()))
    mass = task.DENSITY * task.LENGTH * task.WIDTH**2
    return f"""<mujoco>
<option timestep="{task.FRAME / substeps!r}" gravity="0 {-task.GRAVITY} 0" integrator="discrete" solver="Newton"
 iterations="100" tolerance="1e-8"/>
<worldbody><flexcomp name="bar" type="direct" dim="3" {flex} mass="{mass}" radius="1e-5" point="{points}" element="{elements}">
<contact selfcollide="none" contype="0" conaffinity="0"/>
<elasticity young="{task.YOUNG}" poisson="{nu}" damping="1e-4"/>{pin}
</flexcomp></worldbody></mujoco>"""


class Flex:
    """What both kinds share; `bodies` are those of the grasped nodes."""

    def start(self, model: mujoco.MjModel, substeps: int, bodies: np.ndarray) -> None:
        self.model, self.data, self.substeps = model, mujoco.MjData(model), substeps
        mujoco.mj_setConst(model, self.data)
        mujoco.mj_forward(model, self.data)
        joints = model.body_jntadr[bodies]
        self.grasped = (model.jnt_dofadr[joints][:, None] + np.arange(3)).ravel() if len(bodies) else None
        self.from_way = self.way = 0.0

    def step(self) -> None:
        for substep in range(self.substeps):
            if self.grasped is not None:
                # A node has slides along x, y and z. Only z moves, and the weight is carried.
                way = self.from_way + (self.way - self.from_way) * substep / self.substeps
                position, velocity = np.zeros((2, len(self.grasped)))
                position[2::3] = way
                velocity[2::3] = (self.way - self.from_way) / task.FRAME
                self.data.qpos[self.grasped] = position
                self.data.qvel[self.grasped] = velocity
                vertical = self.grasped[1::3]
                self.data.qfrc_applied[vertical] = self.model.dof_M0[vertical] * task.GRAVITY
            mujoco.mj_step(self.model, self.data)

    def positions(self) -> np.ndarray:
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_flex(self.model, self.data)
        return self.data.flexvert_xpos.copy()

    def scale_velocities(self, factor: float) -> None:
        self.data.qvel *= factor

    def move(self, nodes: np.ndarray, positions: np.ndarray) -> None:
        self.from_way, self.way = self.way, float(positions[:, 2].mean())


class Tetrahedra(Flex):
    def __init__(self, mesh: task.Bar, held: np.ndarray, nu: float, substeps: int):
        pin = f'<pin id="{" ".join(map(str, mesh.root))}"/>'
        spec = mujoco.MjSpec.from_string(specification(mesh, nu, substeps, 'dof="full"', pin))
        for flex in spec.flexes:
            flex.elastic3d = 1
        model = spec.compile()
        # A flex spreads its mass evenly over the vertices; the task goes by volume.
        grasped = np.setdiff1d(held, mesh.root)
        free = np.setdiff1d(np.arange(len(mesh.nodes)), mesh.root)
        masses = mesh.masses()
        masses[grasped] *= HEAVY
        model.body_mass[model.flex_vertbodyid[free]] = masses[free]
        self.start(model, substeps, model.flex_vertbodyid[grasped])


class QuadraticCells(Flex):
    def __init__(self, mesh: task.Bar, held: np.ndarray, nu: float, cells: tuple[int, int, int], substeps: int):
        rows = [2 * count + 1 for count in cells]
        flex = f'dof="quadratic" cellcount="{cells[0]} {cells[1]} {cells[2]}"'
        pin = f'<pin gridrange="0 0 0 0 {rows[1] - 1} {rows[2] - 1}"/>'
        model = mujoco.MjSpec.from_string(specification(mesh, nu, substeps, flex, pin)).compile()
        face = rows[1] * rows[2]
        bodies = model.flex_nodebodyid[-face:] if len(held) > len(mesh.root) else np.array([], dtype=int)
        model.body_mass[bodies] *= HEAVY
        self.start(model, substeps, bodies)


mujoco.set_mju_user_warning(lambda _: None)

if __name__ == "__main__":
    both = (0.45, 0.49)
    for cells in ((10, 2, 2), (20, 2, 2)):
        task.measure(
            "MuJoCo flex, quadratic cells",
            f"{cells[0]}x{cells[1]}x{cells[2]} cells, implicit, 1 substep",
            900,
            lambda mesh, held, nu, cells=cells: QuadraticCells(mesh, held, nu, cells, 1),
            both,
            elements=int(np.prod(cells)),
        )
    for tets in task.MESHES:
        task.measure(
            "MuJoCo flex, stable neo-Hookean tets",
            "implicit, 1 substep",
            tets,
            lambda mesh, held, nu: Tetrahedra(mesh, held, nu, 1),
            both,
        )
