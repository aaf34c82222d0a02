"""Where the tip of the bar comes to rest, by an independent finite-element program (felupe), refined until it hardly moves.

Half the bar (it is symmetric in z), hexahedra of 27 nodes, displacements only, compressible neo-Hookean
psi = mu/2 (I1 - 3) - mu ln J + lambda/2 (ln J)^2, dead weight in load steps with Newton (a step that fails is halved; the solver's complaints then mean nothing). Other neo-Hookean laws with the same
moduli at small strain move the tip by less than 0.4 %. Prints one line of JSON in the form of reference.json.
"""

import json
import sys
import warnings

import felupe
import numpy as np

import cantilever as task

REFINEMENTS = ((10, 2, 1), (20, 4, 2), (30, 6, 3))


def tip(cells: tuple[int, int, int], nu: float) -> tuple[float, float]:
    """How far the mean of the tip's face comes down, and where it is along x [mm]."""
    half = task.WIDTH / 2
    mesh = felupe.Cube(a=(0, -half, 0), b=(task.LENGTH, half, half), n=tuple(count + 1 for count in cells))
    mesh = mesh.add_midpoints_edges().add_midpoints_faces().add_midpoints_volumes()
    displacement = felupe.Field(felupe.RegionTriQuadraticHexahedron(mesh), dim=3)
    field = felupe.FieldContainer([displacement])
    mu, lam = task.lame(nu)
    solid = felupe.SolidBody(felupe.NeoHookeCompressible(mu=mu, lmbda=lam), field)
    weight = felupe.SolidBodyForce(field)
    bounds = {
        "clamp": felupe.Boundary(displacement, fx=0.0),
        "symmetry": felupe.Boundary(displacement, fz=0.0, skip=(1, 1, 0)),
    }
    dof0, dof1 = felupe.dof.partition(field, bounds)
    ext0 = felupe.dof.apply(field, bounds, dof0)
    load, step = 0.0, 0.03
    while load < 1.0:
        step = min(step, 1.0 - load)
        before = displacement.values.copy()
        weight.update([0.0, -task.DENSITY * task.GRAVITY * (load + step), 0.0])
        try:
            felupe.newtonraphson(
                items=[solid, weight], dof0=dof0, dof1=dof1, ext0=ext0, tol=1e-8, verbose=0, maxiter=12
            )
        except Exception:
            displacement.values[:] = before
            step /= 2
            if step < 1e-4:
                raise
            continue
        load, step = load + step, 1.6 * step
    face = np.flatnonzero(np.isclose(mesh.points[:, 0], task.LENGTH))
    # Over the face by the trapezoidal rule; z = 0 is the plane of symmetry.
    _, y, z = mesh.points[face].T
    edge_y, edge_z = np.isclose(np.abs(y), half), np.isclose(z, 0) | np.isclose(z, half)
    shares = np.where(edge_y, 0.5, 1.0) * np.where(edge_z, 0.5, 1.0)
    x, y, _ = 1e3 * np.average(displacement.values[face], axis=0, weights=shares)
    return float(-y), float(1e3 * task.LENGTH + x)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    tips = []
    for nu in (0.45, 0.49):
        found = []
        for cells in REFINEMENTS:
            found.append(tip(cells, nu))
            print(f"nu {nu}, {cells}: {found[-1][0]:.3f} mm down, x {found[-1][1]:.3f} mm", file=sys.stderr, flush=True)
        down, x = found[-1]
        change = 100 * (down / found[-2][0] - 1)
        tips.append({"nu": nu, "tip_down_mm": down, "tip_x_mm": x, "last_change_percent": change})
    print(json.dumps({"how": "computed in this run by xtask/peers/reference.py", "tips": tips}))
