"""A stamped planar path: truth, odometry or estimate, in memory and as TUM text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from movix_core.errors import RecordingError
from movix_core.geometry import se2
from movix_core.geometry.angles import wrap, yaw_from_quaternion

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Poses of the vehicle base over time; which frame they are in is up to the owner.

    stamps_ns: (T,) int64, strictly increasing.
    poses: (T, 3) float64 rows (x m, y m, yaw rad), finite.

    Raises RecordingError if shapes, order or finiteness do not hold.
    """

    stamps_ns: np.ndarray
    poses: np.ndarray

    def __post_init__(self) -> None:
        stamps_ns = np.asarray(self.stamps_ns, dtype=np.int64).reshape(-1)
        poses = np.asarray(self.poses, dtype=np.float64).reshape(-1, 3)
        if len(stamps_ns) != len(poses):
            raise RecordingError(f"trajectory has {len(stamps_ns)} stamps but {len(poses)} poses")
        if np.any(np.diff(stamps_ns) <= 0):
            raise RecordingError("trajectory stamps must strictly increase: sort them and drop duplicates")
        if not np.isfinite(poses).all():
            raise RecordingError("trajectory poses must be finite: drop the rows that are not")
        object.__setattr__(self, "stamps_ns", stamps_ns)
        object.__setattr__(self, "poses", poses)

    def __len__(self) -> int:
        return len(self.stamps_ns)

    @property
    def distance_m(self) -> np.ndarray:
        """(T,) metres driven along the polyline since its first pose; straight across gaps."""
        steps = np.hypot(*np.diff(self.poses[:, :2], axis=0).T)
        return np.concatenate([np.zeros(min(len(self), 1)), np.cumsum(steps)])

    def at(self, stamps_ns: ArrayLike, max_gap_s: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Interpolate poses (K, 3) at stamps (K,), linear in position and the shortest way in yaw.

        Also returns valid (K,) bool: False outside the recording and strictly inside a gap longer
        than `max_gap_s`. Invalid rows are NaN.
        """
        wanted = np.atleast_1d(np.asarray(stamps_ns, dtype=np.int64))
        poses = np.full((len(wanted), 3), np.nan)
        if len(self) == 0:
            return poses, np.zeros(len(wanted), dtype=bool)
        inside = (wanted >= self.stamps_ns[0]) & (wanted <= self.stamps_ns[-1])
        before = np.clip(np.searchsorted(self.stamps_ns, wanted, side="right") - 1, 0, len(self) - 1)
        after = np.minimum(before + (self.stamps_ns[before] != wanted), len(self) - 1)
        gap_ns = self.stamps_ns[after] - self.stamps_ns[before]
        valid = inside & (gap_ns <= max_gap_s * _NS_PER_S)
        fraction = (wanted - self.stamps_ns[before]) / np.maximum(gap_ns, 1)
        blended = se2.interpolate(self.poses[before], self.poses[after], fraction)
        poses[valid] = blended[valid]
        return poses, valid

    def shifted(self, dx_m: float, dy_m: float) -> Trajectory:
        """The same path moved by (dx_m, dy_m), e.g. by minus a site's origin to get from UTM to `map`."""
        return Trajectory(self.stamps_ns, self.poses + np.array([dx_m, dy_m, 0.0]))

    def write_tum(self, path: str | Path, z_m: float = 0.0) -> None:
        """Write TUM text, `seconds x y z qx qy qz qw` per line, which `evo` and `read_tum` read."""
        lines = ["# seconds x y z qx qy qz qw"]
        for stamp_ns, (x, y, yaw) in zip(self.stamps_ns.tolist(), self.poses.tolist(), strict=True):
            quaternion = f"0 0 {np.sin(yaw / 2):.9f} {np.cos(yaw / 2):.9f}"
            lines.append(f"{format_seconds(stamp_ns)} {x:.6f} {y:.6f} {z_m:.6f} {quaternion}")
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")

    @classmethod
    def read_tum(cls, path: str | Path) -> Trajectory:
        """Read TUM text (blank lines and `#` comments are skipped; stamps are exact to the nanosecond).

        Raises RecordingError naming the file, and the line where one cannot be read.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as err:
            raise RecordingError(f"cannot read trajectory {path}: {err}") from err
        rows = list(_parse_tum(text, path))
        stamps_ns = np.array([stamp_ns for stamp_ns, _ in rows], dtype=np.int64)
        values = np.array([row for _, row in rows]).reshape(-1, 7)
        x, y, _, *quaternion = values.T
        try:
            return cls(stamps_ns, np.stack([x, y, wrap(yaw_from_quaternion(*quaternion))], axis=-1))
        except RecordingError as err:
            raise RecordingError(f"{path}: {err}") from err


def format_seconds(stamp_ns: int) -> str:
    """Nanoseconds as decimal seconds with nine decimals, without rounding."""
    sign, magnitude = ("-", -stamp_ns) if stamp_ns < 0 else ("", stamp_ns)
    return f"{sign}{magnitude // _NS_PER_S}.{magnitude % _NS_PER_S:09d}"


def parse_seconds(text: str) -> int:
    """Nanoseconds of decimal seconds in any notation; raises ValueError if `text` is no finite number.

    float64 seconds since 1970 are only good to 0.2 microseconds, hence decimals.
    """
    try:
        return int((Decimal(text) * _NS_PER_S).to_integral_value())
    except (InvalidOperation, OverflowError, ValueError) as err:
        raise ValueError(f"{text!r} is not a time in seconds") from err


def _parse_tum(text: str, path: Path) -> Iterator[tuple[int, list[float]]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        fields = line.split()
        try:
            if len(fields) != 8:
                raise ValueError(f"{len(fields)} columns instead of 8")
            yield parse_seconds(fields[0]), [float(field) for field in fields[1:]]
        except ValueError as err:
            raise RecordingError(f"{path} line {number}: {err}; expected `seconds x y z qx qy qz qw`") from err
