"""What a dataset holds, and what of its recordings was dropped and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from movix_core.dataset.frames import read_about, write_whole
from movix_core.dataset.place import Place
from movix_core.errors import DatasetError

SUMMARY_FILE = "summary.json"


def summary_of(place: Place, refused: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Frames by part of the split, what was skipped by cause, and every drive; `refused`: recordings, and why."""
    drives = {}
    for file in place.drives:
        meta = read_about(file)
        if meta is None:
            raise DatasetError(f"cannot read drive {file}: run `movix dataset build` again, it mends it")
        drives[file.stem] = {"date": meta["date"], "data": meta["data"], **meta["about"]}
    frames: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for drive in drives.values():
        frames.update(drive["frames"])
        skipped.update(drive["skipped"])
    return {
        "name": place.name, "crs": place.grid.crs, "imagery_dates": [str(date) for date in place.dates],
        "frames": dict(frames), "skipped": dict(skipped), "refused": dict(refused or {}), "drives": drives,
    }  # fmt: skip


def refused_before(place: Place) -> dict[str, str]:
    """The recordings that the latest build refused, and why."""
    file = place.folder / SUMMARY_FILE
    return json.loads(file.read_text(encoding="utf-8"))["refused"] if file.is_file() else {}


def write_summary(place: Place, summary: Mapping[str, Any]) -> None:
    """Leave `summary.json` in the dataset."""
    write_whole(place.folder / SUMMARY_FILE, lambda stream: stream.write(json.dumps(summary, indent=1).encode()))


def summary_text(summary: Mapping[str, Any]) -> str:
    """The summary for the terminal, one line per drive."""
    lines = [
        f"{summary['name']} ({summary['crs']}): imagery of {', '.join(summary['imagery_dates'])}",
        f"frames: {_listed(summary['frames'])}",
        f"skipped: {_listed(summary['skipped'])}",
    ]
    for name, drive in summary["drives"].items():
        lines.append(f"  {name}: {drive['date']}, {drive['length_m']:.0f} m, {drive['data']}; "
                     f"frames {_listed(drive['frames'])}; skipped {_listed(drive['skipped'])}")  # fmt: skip
    lines += [f"  {name}: REFUSED, {reason}" for name, reason in summary["refused"].items()]
    return "\n".join(lines)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count) or "nothing"
