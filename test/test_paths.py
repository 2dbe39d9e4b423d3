"""Shipped files are found from a checkout and from an installation."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from movix_core import paths
from movix_core.errors import MovixError


def installed_module(prefix: Path, package: Path):
    """`movix_core.paths` as if it had been installed into `package` below `prefix`."""
    package.mkdir(parents=True)
    shutil.copy(paths.__file__, package / "paths.py")
    spec = importlib.util.spec_from_file_location("installed_paths", package / "paths.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_checkout():
    assert paths.shipped("config", "localization.yaml").is_file()


@pytest.mark.parametrize("place", ["lib/python3.11/site-packages", "local/lib/python3.10/dist-packages"])
def test_installation(tmp_path, place):
    file = tmp_path / "share" / "movix_ros" / "config" / "localization.yaml"
    file.parent.mkdir(parents=True)
    file.touch()
    module = installed_module(tmp_path, tmp_path / place / "movix_core")
    assert module.shipped("config", "localization.yaml") == file


def test_what_is_not_shipped_is_named():
    with pytest.raises(MovixError, match="models/none is not shipped"):
        paths.shipped("models", "none")


def test_an_installation_without_data_says_so(tmp_path):
    module = installed_module(tmp_path, tmp_path / "lib" / "movix_core")
    with pytest.raises(MovixError, match="the data of MoViX is missing"):
        module.shipped("models")
