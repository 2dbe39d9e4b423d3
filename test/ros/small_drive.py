"""A drive that is small in every way, on disk: bag, site and a random-weights model."""

import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from movix_core.config import LocalizationConfig, with_overrides
from movix_core.encoders.checkpoint import save_model
from movix_core.geometry.camera import tartandrive_camera
from movix_core.maps.site import LayerSource, write_site
from movix_core.recordings.bag_writer import BagWriter
from test.tiny_model import tiny_model

START_NS = 1_700_000_000_000_000_000
ODOMETRY_HZ, IMAGE_HZ, SPEED_M_S, DURATION_S = 20, 5, 5.0, 10.0


@dataclass(frozen=True)
class SmallDrive:
    """50 m straight east through a 160 m square of noise."""

    bag: Path
    site: Path
    model: Path

    @property
    def parameters(self) -> dict[str, object]:
        """The node's parameters for a repeatable run from a known start."""
        return {
            "site": str(self.site), "model": str(self.model), "device": "cpu", "random_seed": 7,
            "set_initial_pose": True, "initial_pose.x": 2.0, "initial_pose.y": -3.0, "initial_pose.sigma_x": 5.0,
            "initial_pose.sigma_y": 5.0, "filter.max_particles": 300, "likelihood.inverse_temperature": 2.0,
        }  # fmt: skip

    @property
    def config(self) -> LocalizationConfig:
        """The same as a configuration."""
        return with_overrides(LocalizationConfig(), self.parameters)


def write_small_drive(folder: Path) -> SmallDrive:
    """Write bag, site and model below `folder`."""
    rng = np.random.default_rng(3)
    rgb = rng.integers(0, 255, (160, 160, 3), dtype=np.uint8)
    layer = LayerSource("2020", datetime.date(2020, 6, 1), rgb, west_m=-80.0, north_m=80.0, gsd_m=1.0, attribution="")
    write_site(
        folder / "site", name="noise", crs="EPSG:32617", origin_easting_m=600_000.0, origin_northing_m=4_480_000.0,
        layers=[layer],
    )  # fmt: skip
    save_model(tiny_model(), folder / "model")
    _write_bag(folder / "bag", rng)
    return SmallDrive(folder / "bag", folder / "site", folder / "model")


def _write_bag(path: Path, rng: np.random.Generator) -> None:
    camera = tartandrive_camera().resized(64, 34)
    steps = int(DURATION_S * ODOMETRY_HZ)
    with BagWriter(path) as bag:
        bag.write_static_transform(
            START_NS, "base_link", "camera", camera.rotation_base_camera, camera.translation_base_camera
        )
        for step in range(steps):
            stamp_ns = START_NS + step * 1_000_000_000 // ODOMETRY_HZ
            bag.write_odometry("/odom", stamp_ns, (step * SPEED_M_S / ODOMETRY_HZ, 0.0, 0.0))
            if step % (ODOMETRY_HZ // IMAGE_HZ) == 0:
                image_ns = stamp_ns + 7_000_000  # between two odometry samples
                bag.write_camera_info(image_ns, camera, "camera")
                bag.write_image(image_ns, rng.integers(0, 255, (34, 64, 3), dtype=np.uint8), "camera")
