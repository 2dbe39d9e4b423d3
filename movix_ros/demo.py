"""`make demo`: a simulated drive through an unseen world, localized by real ROS 2 nodes in processes of their own."""

from __future__ import annotations

import argparse
import datetime
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from movix_core.errors import MovixError
from movix_core.evaluation.baselines import odometry_from
from movix_core.evaluation.plots import MapImage, plot_run
from movix_core.evaluation.prior import Prior, displaced_prior
from movix_core.evaluation.replay import Run
from movix_core.evaluation.result import run_result
from movix_core.evaluation.run_folder import RunFolder
from movix_core.maps.imagery import Imagery
from movix_core.maps.site import load_site
from movix_core.simulation.drive import Drive, simulate_drive
from movix_core.simulation.export import write_drive
from movix_core.simulation.procedural import procedural_world
from movix_core.types import Pose2D
from movix_ros.child_process import RosProcess, isolated_environment
from movix_ros.process import run_command
from movix_ros.recorded_run import OUTPUT_TOPICS, read_run

WORLD_SEED = 3000  # no model is trained, validated or tuned on this world
_UPDATES_PER_100_M = 8  # fewer mean that the nodes did not really run
_SEASON_DAYS = 45
_SHOWN = (
    ("position error (rms, after 100 m)", "ate_m_after_100m", "m", 1.0),
    ("position error at the end", "final_error_m", "m", 1.0),
    ("within 10 m of truth (after 100 m)", "sr_10m_after_100m", "%", 100.0),
    ("within 25 m of truth (after 100 m)", "sr_25m_after_100m", "%", 100.0),
    ("heading error (mean, after 100 m)", "yaw_mae_deg_after_100m", "°", 1.0),
)
_START_TIMEOUT_S = 180
_LOGS = ("localization_node.log", "bag_recorder.log", "bag_player.log")
_OUTPUT = {"drive", "bag", "localization.yaml", "result.json", "estimate.tum", "trajectory.png", *_LOGS}
_LAST_UPDATE_S = 3.0


@dataclass(frozen=True)
class Task:
    """A drive on disk, and what the node is told of it."""

    bag: Path
    site: Path
    drive: Drive
    map_date: datetime.date
    prior: Prior
    seed: int

    @property
    def duration_s(self) -> float:
        """How long the drive takes."""
        return float(self.drive.truth.stamps_ns[-1] - self.drive.truth.stamps_ns[0]) / 1e9

    @property
    def parameters(self) -> dict[str, object]:
        """ROS parameters of the localization node."""
        sigma_x, sigma_y, sigma_yaw = (float(value) for value in self.prior.covariance.diagonal() ** 0.5)
        x, y, yaw = self.prior.pose_map_base
        start = {"x": x, "y": y, "yaw": yaw, "sigma_x": sigma_x, "sigma_y": sigma_y, "sigma_yaw": sigma_yaw}
        return {
            "site": str(self.site.resolve()), "layer": str(self.map_date), "device": "cpu",
            "random_seed": self.seed, "set_initial_pose": True, "initial_pose": start,
        }  # fmt: skip


def simulate(out: Path, seed: int, length_m: float) -> Task:
    """Drive through a new world and write bag and site; the map shows another year and season."""
    world = procedural_world(seed)
    drive = simulate_drive(world, world.dates[-1], seed, length_m=length_m)
    start_ns = int(drive.odometry.stamps_ns[0])
    prior = displaced_prior(Pose2D.from_array(drive.truth.poses[0]), start_ns, seed)
    bag = write_drive(drive, out / "drive", initial_pose=prior.pose_map_base)
    return Task(bag, out / "drive" / "site", drive, _older_season(world.dates), prior, seed)


def run_nodes(task: Task, out: Path, model: Path | None, rate: float) -> Path:
    """Localization node, recorder and player side by side until the drive ends; returns the recorded bag.

    Raises MovixError with the log of the first process that fails.
    """
    parameters = out / "localization.yaml"
    chosen = task.parameters | ({"model": str(model.resolve())} if model else {})
    parameters.write_text(yaml.safe_dump({"movix_localization": {"ros__parameters": chosen}}), encoding="utf-8")
    environment = isolated_environment()

    def start(module: str, *arguments: str) -> RosProcess:
        return RosProcess(module, *arguments, log=out / f"{module}.log", environment=environment)

    with ExitStack() as stack:
        node, recorder, player = (
            stack.enter_context(process) for process in (
                start("localization_node", "--ros-args", "--params-file", str(parameters),
                      "-r", "image:=/camera/image", "-r", "camera_info:=/camera/camera_info"),
                start("bag_recorder", "-o", str(out / "bag"), *OUTPUT_TOPICS),
                start("bag_player", str(task.bag), "--rate", str(rate), "--clock", "--wait-s", str(_START_TIMEOUT_S),
                      "--wait-for", "/odom", "/camera/image", *OUTPUT_TOPICS),
            )
        )  # fmt: skip
        _watch(player, [node, recorder], task.duration_s / rate)
        time.sleep(_LAST_UPDATE_S)
        for process in (node, recorder):
            _require_success(process, process.interrupt())
    return out / "bag"


def report(task: Task, run: Run, out: Path) -> None:
    """Write result.json, estimate.tum and trajectory.png, and print the table."""
    truth, date = task.drive.truth, task.drive.date
    result = run_result(run, truth, map_date=task.map_date, drive_date=date, seed=task.seed, data="simulated")
    for unknown in ("final_health", "skipped"):  # no topic carries them
        result.pop(unknown)
    folder = RunFolder(out)
    folder.write_result(result)
    folder.write_estimate(run.trajectory())
    site = load_site(task.site)
    imagery = Imagery.load(site, site.layer(str(task.map_date)), device="cpu")
    image = MapImage.of(imagery, date)
    odometry = odometry_from(run.prior.pose_map_base, run.prior.stamp_ns, run.odometry)
    plot_run(folder.plot_file, run, image, odometry=odometry, truth=truth, title="MoViX demo: real ROS 2 nodes")
    print(_table(result, result["odometry"]))
    print(f"{result['updates']} updates, median {result['update_ms_median']:.0f} ms")
    print(f"map of {task.map_date}, drive on {date}; see {folder.plot_file} and the other files in {out}")


def _table(movix: Mapping[str, Any], odometry: Mapping[str, Any]) -> str:
    """A few figures, readable without BENCHMARK.md."""
    lines = [f"{'':<36}{'MoViX':>12}{'odometry':>14}"]
    for title, key, unit, factor in _SHOWN:
        cells = ["–" if row[key] is None else f"{factor * row[key]:.1f} {unit}" for row in (movix, odometry)]
        lines.append(f"{title:<36}{cells[0]:>12}{cells[1]:>14}")
    return "\n".join(lines)


def _watch(player: RosProcess, others: Sequence[RosProcess], expected_s: float) -> None:
    """Wait for the player, showing how far it must be; raises MovixError as soon as any process fails."""
    with tqdm(total=round(expected_s), unit="s", desc="driving", bar_format="{l_bar}{bar}| {n}/{total} s") as progress:
        began_s = None
        while player.running:
            for process in others:
                if not process.running:
                    _require_success(process, process.wait() or 1)
            began_s = time.monotonic() if began_s is None and "playing" in player.output else began_s
            if began_s is not None:
                progress.update(min(round(time.monotonic() - began_s), progress.total) - progress.n)
            time.sleep(0.2)
        progress.update(progress.total - progress.n)
    _require_success(player, player.wait())


def _require_success(process: RosProcess, code: int) -> None:
    if code:
        raise MovixError(f"{process.module} ended with code {code}: {process.output.strip() or 'it said nothing'}")


def _older_season(dates: Sequence[datetime.date]) -> datetime.date:
    """The newest date before the last one that shows another season, else the one before it."""
    *older, drive_date = sorted(dates)
    other = [date for date in older if _days_apart(date, drive_date) >= _SEASON_DAYS]
    return (other or older)[-1]


def _days_apart(a: datetime.date, b: datetime.date) -> int:
    days = abs(a.timetuple().tm_yday - b.timetuple().tm_yday)
    return min(days, 365 - days)


def _fresh(out: Path) -> None:
    """An empty folder; an earlier demo in it is replaced, a folder with anything else is left alone."""
    if out.exists() and not {path.name for path in out.iterdir()} <= _OUTPUT:
        raise MovixError(f"{out} holds something else than a demo: name another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/demo"))
    parser.add_argument("--seed", type=int, default=WORLD_SEED, help="of world, drive, prior and filter")
    parser.add_argument("--length", type=float, default=400.0, help="metres to drive")
    parser.add_argument("--model", type=Path, help="model folder (default: the one shipped)")
    parser.add_argument("--rate", type=float, default=1.0, help="times real time")
    return parser


def demonstrate(arguments: argparse.Namespace) -> None:
    """Simulate, localize and report; MovixError unless the nodes published as often as the drive's length asks for."""
    _fresh(arguments.out)
    print(f"simulating {arguments.length:.0f} m through world {arguments.seed}, which no model has seen ...")
    task = simulate(arguments.out, arguments.seed, arguments.length)
    print("starting localization_node, bag_recorder and bag_player ...")
    run = read_run(run_nodes(task, arguments.out, arguments.model, arguments.rate), task.bag, task.prior)
    wanted = int(arguments.length / 100 * _UPDATES_PER_100_M)
    if len(run.estimates) < wanted:
        raise MovixError(f"only {len(run.estimates)} estimates were published, expected {wanted}: see {arguments.out}")
    report(task, run, arguments.out)


def main() -> int:
    """0 only if the nodes ran to the end and published enough."""
    arguments = _parser().parse_args()
    return run_command("demo", lambda: demonstrate(arguments))


if __name__ == "__main__":
    sys.exit(main())
