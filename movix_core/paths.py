"""Where the files shipped with MoViX lie: configuration and models."""

from __future__ import annotations

from pathlib import Path

from movix_core.errors import MovixError

# The environment variables that tell Fast DDS of `config/fastdds.xml`: Kilted's reads the first, and the second with a
# warning; Humble's and Jazzy's the second alone.
FASTDDS_PROFILE = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


def shipped(*parts: str) -> Path:
    """Path of a shipped file or folder, e.g. `shipped("config", "localization.yaml")`.

    Works from a source checkout, an editable install, a wheel and a colcon workspace: the nearest
    folder above this package that is the repository, or whose `share/movix_ros` was installed.

    Raises MovixError when MoViX was installed without its data or the file is not part of it.
    """
    root = _shared_root()
    path = root.joinpath(*parts)
    if not path.exists():
        raise MovixError(f"{'/'.join(parts)} is not shipped with MoViX: there is no {path}")
    return path


def _shared_root() -> Path:
    package = Path(__file__).resolve().parent
    for folder in package.parents:
        if (folder / "package.xml").is_file():
            return folder
        if (folder / "share" / "movix_ros").is_dir():
            return folder / "share" / "movix_ros"
    raise MovixError(f"the data of MoViX is missing beside {package}: install it with `pip install .` or colcon")
