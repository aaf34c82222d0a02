"""The cantilever: mesh, two acts and measurements, the same for every peer in Python.

README.md beside this file describes the task. Metres, kilograms, seconds; the bar lies along x, gravity points along -y.
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

LENGTH, WIDTH = 0.1, 0.02
YOUNG, DENSITY, GRAVITY = 1.0e4, 1000.0, 9.81
FRAME = 1.0 / 60.0
# Cells of the grid, each cut into five tetrahedra.
MESHES = {900: (20, 3, 3), 5400: (30, 6, 6), 18225: (45, 9, 9)}

SETTLING = 12.0  # decay of the velocities between frames of the release [1/s]: rest comes sooner, at the same place
RELEASE_FRAMES, DRAG_FRAMES, WARM_UP = 150, 60, 10
RELEASE_SECONDS, DRAG_SECONDS = 30.0, 10.0  # of wall time, at most
DRAG = 0.03
BLOWN_UP = 10.0  # a coordinate beyond this [m] is no bar any more

_deadline = time.monotonic() + float(os.environ.get("PEER_SECONDS", "200"))
_smallest = os.environ.get("PEER_SMALLEST") == "1"


class Body(Protocol):
    """What a peer shows of itself; `step` is one frame of 1/60 s and all that is timed."""

    def step(self) -> None: ...
    def positions(self) -> np.ndarray: ...
    def scale_velocities(self, factor: float) -> None: ...
    def move(self, nodes: np.ndarray, positions: np.ndarray) -> None: ...


@dataclass
class Bar:
    """Nodes [count, 3], tetrahedra [count, 4], and the nodes of the clamped and the free face."""

    nodes: np.ndarray
    tets: np.ndarray
    root: np.ndarray
    tip: np.ndarray

    def volumes(self, nodes: np.ndarray | None = None) -> np.ndarray:
        x = self.nodes if nodes is None else nodes
        a, b, c, d = (x[self.tets[:, corner]] for corner in range(4))
        return np.einsum("ij,ij->i", b - a, np.cross(c - a, d - a)) / 6

    def masses(self) -> np.ndarray:
        masses = np.zeros(len(self.nodes))
        np.add.at(masses, self.tets.ravel(), np.repeat(DENSITY * self.volumes() / 4, 4))
        return masses

    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Node pairs, and to each the sixth of the volume of the tetrahedra around it."""
        pairs = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
        all_pairs = np.sort(np.vstack([self.tets[:, pair] for pair in pairs]), axis=1)
        edges, index = np.unique(all_pairs, axis=0, return_inverse=True)
        shares = np.zeros(len(edges))
        np.add.at(shares, index.ravel(), np.tile(self.volumes() / 6, 6))
        return edges, shares


def lame(nu: float) -> tuple[float, float]:
    return YOUNG / (2 * (1 + nu)), YOUNG * nu / ((1 + nu) * (1 - 2 * nu))


def bar(tets: int) -> Bar:
    """The grid's cells are cut as mirror images of their neighbours, so that their faces match."""
    counts = MESHES[tets]
    axes = [np.linspace(0, LENGTH, counts[0] + 1)]
    axes += [np.linspace(-WIDTH / 2, WIDTH / 2, count + 1) for count in counts[1:]]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    number = np.arange(len(nodes)).reshape([count + 1 for count in counts])
    # Corners of a cell by bits x, y, z; four tetrahedra at alternate corners and one in the middle.
    cut = np.array([[0, 1, 2, 4], [3, 2, 1, 7], [5, 1, 4, 7], [6, 4, 2, 7], [1, 2, 4, 7]])
    found = []
    for cell in np.ndindex(*counts):
        flip = sum(cell) % 2
        corner = [number[cell[0] + ((c & 1) ^ flip), cell[1] + (c >> 1 & 1), cell[2] + (c >> 2)] for c in range(8)]
        found.append(np.array(corner)[cut])
    made = Bar(nodes, np.concatenate(found), np.array([]), np.array([]))
    inside_out = made.volumes() < 0
    made.tets[inside_out] = made.tets[inside_out][:, [0, 2, 1, 3]]
    made.root = np.flatnonzero(nodes[:, 0] < 1e-9)
    made.tip = np.flatnonzero(nodes[:, 0] > LENGTH - 1e-9)
    return made


def measure(
    name: str,
    settings: str,
    tets: int,
    make: Callable[[Bar, np.ndarray, float], Body],
    poisson: Iterable[float] = (0.45,),
    elements: int | None = None,
) -> None:
    """Both acts for each Poisson ratio; prints a line of JSON each. `make(bar, held nodes, nu)` builds the peer's body.

    `elements` is said instead of `tets` by a peer whose elements carry the mesh rather than being it.
    """
    if _smallest and tets != min(MESHES):
        return
    for nu in poisson:
        row: dict = {"name": name, "settings": settings, "elements": elements or tets, "nu": nu}
        if time.monotonic() > _deadline:
            row["error"] = "left out: the time for this peer was over"
        else:
            try:
                mesh = bar(tets)
                row |= _release(make(mesh, mesh.root, nu), mesh)
                row |= _drag(make(mesh, np.concatenate([mesh.root, mesh.tip]), nu), mesh)
            except Exception as error:  # a peer that refuses is a result
                row["error"] = f"{type(error).__name__}: {str(error)[:200]}"
        print(json.dumps({key: _plain(value) for key, value in row.items()}), flush=True)


def _release(body: Body, mesh: Bar) -> dict:
    watch = _Watch(body, mesh, RELEASE_SECONDS)
    settled = False
    for _ in range(RELEASE_FRAMES):
        if not watch.frame():
            break
        recent = np.array(watch.path[-20:])
        settled = len(watch.path) > 45 and bool(np.abs(recent - recent[-1]).max() < 5e-5)
        if settled:
            break
        body.scale_velocities(math.exp(-SETTLING * FRAME))
    x, y, _ = 1e3 * np.mean(watch.path[-5:], axis=0)
    return {
        "tip_x_mm": x,
        "tip_down_mm": -y,
        "frames": len(watch.path),
        "settled": settled,
        "ms_per_frame": watch.milliseconds(),
        "release_min_volume_ratio": watch.worst,
    }


def _drag(body: Body, mesh: Bar) -> dict:
    watch = _Watch(body, mesh, DRAG_SECONDS)
    for frame in range(DRAG_FRAMES):
        s = min((frame + 1) * FRAME / 0.5, 1.0)
        body.move(mesh.tip, mesh.nodes[mesh.tip] + [0, 0, DRAG * s * s * (3 - 2 * s)])
        if not watch.frame():
            break
    return {
        "drag_ms_per_frame": watch.milliseconds(),
        "drag_min_volume_ratio": watch.worst,
        "drag_frames": len(watch.path),
        "drag_tip_z_mm": 1e3 * watch.path[-1][2],
    }


class _Watch:
    """Times frames and looks at the bar after each."""

    def __init__(self, body: Body, mesh: Bar, seconds: float):
        self.body, self.mesh = body, mesh
        self.end = time.monotonic() + seconds
        self.rest_volumes = mesh.volumes()
        self.times: list[float] = []
        self.path: list[np.ndarray] = []
        self.worst: float | None = 1.0  # none: not finite, or far away

    def frame(self) -> bool:
        begun = time.perf_counter()
        self.body.step()
        self.times.append(1e3 * (time.perf_counter() - begun))
        nodes = self.body.positions()
        self.path.append(nodes[self.mesh.tip].mean(axis=0))
        if not np.isfinite(nodes).all() or np.abs(nodes).max() > BLOWN_UP:
            self.worst = None
            return False
        self.worst = min(self.worst, float((self.mesh.volumes(nodes) / self.rest_volumes).min()))
        return time.monotonic() < self.end

    def milliseconds(self) -> float:
        return float(np.median(self.times[WARM_UP:] or self.times))


def _plain(value):
    """What JSON can say: no NaN, no infinity, no numpy."""
    if isinstance(value, (bool, str, int)) or value is None:
        return value
    return float(value) if math.isfinite(value) else None
