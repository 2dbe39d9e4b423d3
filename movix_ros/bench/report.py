"""The figures as a page for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_HEAD = """# The ROS 2 node: figures

Data: **simulated**; a drive through a world no model has seen, its sensors played live by other processes, real rclpy
and Fast DDS, the shipped profile. `python -m movix_ros.bench` measures all of it again.
"""
_HIDDEN = ("target", "reached", "provenance", "stages_ms", "each")


def markdown(figures: Mapping[str, Mapping[str, Any]]) -> str:
    """One table of targets, then what was measured for each."""
    rows = [f"| {figure['target']} | {'yes' if figure['reached'] else '**no**'} |" for figure in figures.values()]
    table = "\n".join(["| target | reached |", "|---|---|", *rows])
    return "\n".join([_HEAD, table, *(_section(name, figure) for name, figure in figures.items())]) + "\n"


def _section(name: str, figure: Mapping[str, Any]) -> str:
    lines = [f"\n## {name}\n"]
    lines += [f"- {key}: {_text(value)}" for key, value in figure.items() if key not in _HIDDEN]
    if "stages_ms" in figure:
        lines += ["\n| stage | median, ms | 95 %, ms |", "|---|---|---|"]
        lines += [
            f"| {stage} | {cost['median']:.1f} | {cost['p95']:.1f} |" for stage, cost in figure["stages_ms"].items()
        ]
    made = figure["provenance"]
    return "\n".join([*lines, f"\n{made['date']}, {made['machine']}, commit {made['commit']}, `{made['command']}`"])


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
