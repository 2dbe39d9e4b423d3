"""A stand-in for the launch system: it runs nothing and remembers what a launch file asked for."""

import runpy
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
MODULES = (
    "launch", "launch.action", "launch.actions", "launch.event_handlers", "launch.events", "launch.events.process",
    "launch.launch_description_sources", "launch.substitutions", "launch_ros", "launch_ros.actions",
    "launch_ros.event_handlers", "launch_ros.parameter_descriptions", "launch_ros.substitutions",
)  # fmt: skip


@dataclass
class Asked:
    """One object of the launch system: its class and what it was made with."""

    kind: str
    args: tuple
    options: dict = field(default_factory=dict)

    @property
    def text(self):
        """A substitution as the string it stands for: our own share folder is the repository."""
        if self.kind == "FindPackageShare":
            return str(ROOT)
        if self.kind == "PathJoinSubstitution":
            return "/".join(as_text(part) for part in self.args[0])
        return str(self.args[0])


def as_text(value):
    return value.text if isinstance(value, Asked) else value


class Everything(ModuleType):
    """A module that has every name."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__new__": lambda cls, *args, **options: Asked(name, args, options)})


class Context:
    """Answers a LaunchConfiguration with what was given on the command line, else with the default."""

    is_shutdown = False

    def __init__(self, values):
        self.values = values

    def perform_substitution(self, configuration):
        return self.values[configuration.args[0]]


class LaunchFile:
    """A launch file and what it declares."""

    def __init__(self, path, monkeypatch):
        for name in MODULES:
            monkeypatch.setitem(sys.modules, name, Everything(name))
        self.content = runpy.run_path(str(path))
        self.entities = self.content["generate_launch_description"]().args[0]
        self.declared = {e.args[0]: e.options for e in self.entities if e.kind == "DeclareLaunchArgument"}

    def started(self, **given):
        """What it starts when called with these arguments."""
        defaults = {name: as_text(options.get("default_value")) for name, options in self.declared.items()}
        context = Context(defaults | given)
        actions = [e for e in self.entities if e.kind != "DeclareLaunchArgument"]
        for opaque in [e for e in actions if e.kind == "OpaqueFunction"]:
            actions += opaque.options["function"](context)
        return actions


def of_kind(actions, *kinds):
    return [action for action in actions if action.kind in kinds]
