"""The drive that is measured on, and what the node is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from movix_core.evaluation.prior import displaced_prior
from movix_core.recordings.trajectory import Trajectory
from movix_core.simulation.drive import simulate_drive
from movix_core.simulation.export import write_drive
from movix_core.simulation.procedural import procedural_world
from movix_core.types import Pose2D
from movix_ros.child_process import RosProcess

WORLD_SEED = 3000  # the demo's: no model is trained, validated or tuned on it
_LENGTH_M = 200.0
_ABOUT = "drive.yaml"
_REMAPPINGS = ("image:=/camera/image", "camera_info:=/camera/camera_info")


@dataclass(frozen=True)
class Setting:
    """A simulated drive on disk, and a folder for logs."""

    bag: Path
    truth: Trajectory
    parameters: dict[str, object]
    logs: Path

    @property
    def duration_s(self) -> float:
        """How long the drive takes."""
        return float(self.truth.stamps_ns[-1] - self.truth.stamps_ns[0]) / 1e9

    def true_pose(self, drive_s: float) -> np.ndarray:
        """(3,) pose_map_base after so many seconds of the drive; that of its ends outside."""
        (pose,), _ = self.truth.at([int(self.truth.stamps_ns[0] + 1e9 * np.clip(drive_s, 0.0, self.duration_s))])
        return np.asarray(pose)

    def log(self, name: str) -> Path:
        """A log file that does not exist yet."""
        number = sum(1 for _ in self.logs.glob(f"{name}_*.log"))
        return self.logs / f"{name}_{number}.log"

    def start_node(self, slow_s: float = 0.0, **parameters: object) -> RosProcess:
        """The localization node; each of its scores takes `slow_s` longer."""
        log = self.log("node")
        file = log.with_suffix(".yaml")
        content = {"movix_localization": {"ros__parameters": self.parameters | parameters}}
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        remappings = [argument for remapping in _REMAPPINGS for argument in ("-r", remapping)]
        return RosProcess(
            "bench.node", "--slow", str(slow_s), "--stages", str(log.with_suffix(".json")),
            "--ros-args", "--params-file", str(file), *remappings, log=log,
        )  # fmt: skip

    def start_rig(self, *arguments: str) -> RosProcess:
        """The vehicle's sensors; see `bench.rig`."""
        return RosProcess("bench.rig", str(self.bag), *arguments, log=self.log("rig"))


def make_setting(work: Path) -> Setting:
    """The drive below `work`, simulated unless it is there already; its prior is displaced as in BENCHMARK.md."""
    folder = work / "drive"
    if not (folder / _ABOUT).exists():
        world = procedural_world(WORLD_SEED)
        write_drive(simulate_drive(world, world.dates[-1], WORLD_SEED, length_m=_LENGTH_M), folder)
    about = yaml.safe_load((folder / _ABOUT).read_text(encoding="utf-8"))
    truth = Trajectory.read_tum(folder / "truth.tum")
    prior = displaced_prior(Pose2D.from_array(truth.poses[0]), int(truth.stamps_ns[0]), WORLD_SEED)
    sigmas = prior.covariance.diagonal() ** 0.5
    start = dict(
        zip(("x", "y", "yaw", "sigma_x", "sigma_y", "sigma_yaw"), [*prior.pose_map_base, *sigmas], strict=True)
    )
    parameters = {
        "site": str((folder / "site").resolve()), "layer": str(max(about["map_dates"])), "device": "cpu",
        "drive_date": str(about["drive_date"]), "random_seed": 0, "set_initial_pose": True,
        **{f"initial_pose.{key}": float(value) for key, value in start.items()},
    }  # fmt: skip
    return Setting(folder / "bag", truth, parameters, work)
