"""What a training leaves to be read: log.jsonl, and curves.png drawn from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOG_FILE = "log.jsonl"
CURVES_FILE = "curves.png"
_LOSS_COLOUR, _FIGURE_COLOUR = "#22313f", "#ff5a5f"


def append_row(folder: Path, row: dict[str, Any]) -> None:
    """Add a row to the log."""
    with (folder / LOG_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of the log, oldest first; a last line that was cut off is left out."""
    path = folder / LOG_FILE
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def forget_rows(folder: Path, stage: str, after: int) -> None:
    """Drop a stage's rows of steps that will be trained again."""
    rows = [row for row in read_rows(folder) if row["stage"] != stage or row["step"] <= after]
    scratch = folder / f"{LOG_FILE}.tmp"
    scratch.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    scratch.replace(folder / LOG_FILE)


def draw_curves(folder: Path) -> bool:
    """Draw loss and validation figures over the steps, a column per stage; False without rows or matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False
    rows = read_rows(folder)
    if not rows:
        return False
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    figure = Figure(figsize=(5.0 * len(stages), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, stage in zip(figure.subplots(1, len(stages), squeeze=False)[0], stages, strict=True):
        own = [row for row in rows if row["stage"] == stage]
        steps = [row["step"] for row in own]
        axes.plot(steps, [row["loss"] for row in own], color=_LOSS_COLOUR)
        axes.set(title=stage, xlabel="step", ylabel="loss")
        names = [name for name in own[-1] if name.startswith("validation")]
        beside = axes.twinx()
        for name in names:
            beside.plot(steps, [row[name] for row in own], color=_FIGURE_COLOUR, label=name)
        beside.set_ylabel(", ".join(names).replace("_", " "), color=_FIGURE_COLOUR)
    figure.savefig(folder / CURVES_FILE, dpi=110)
    return True
