"""What the parameter `layer` may say."""

import datetime
from pathlib import Path

import pytest

from movix_core.errors import SiteError
from movix_core.maps.layer_choice import choose_layers
from movix_core.maps.site import Layer, Site

DATES = {"first": "2014-12-20", "second": "2016-07-01", "third": "2019-10-15", "2018-03-01": "2018-03-01"}


def site() -> Site:
    layers = tuple(
        Layer(name, Path(f"{name}.tif"), datetime.date.fromisoformat(date), 0.5) for name, date in DATES.items()
    )
    return Site(Path("place"), "place", "EPSG:32617", 0.0, 0.0, 0.0, layers)


@pytest.mark.parametrize(
    ("choice", "drive_date", "names"),
    [
        ("", None, ["third"]),
        ("second", None, ["second"]),
        ("2018-03-01", None, ["2018-03-01"]),
        ("2015-01-30", None, ["first"]),
        ("all", None, ["third", "2018-03-01", "second", "first"]),
        ("nearest_season", "2024-06-20", ["second"]),
        ("nearest_season", "2024-01-05", ["first"]),  # over the turn of the year
        ("nearest_season", "2024-11-10", ["third"]),
    ],
)
def test_choices(choice, drive_date, names):
    date = drive_date and datetime.date.fromisoformat(drive_date)
    assert [layer.name for layer in choose_layers(site(), choice, date)] == names


def test_a_layer_that_is_called_like_a_choice_wins():
    layer = Layer("all", Path("a.tif"), datetime.date(2020, 1, 1), 0.5)
    place = Site(Path("place"), "place", "EPSG:32617", 0.0, 0.0, 0.0, (layer, *site().layers))
    assert choose_layers(place, "all") == (layer,)


def test_refusals():
    with pytest.raises(SiteError, match="drive_date"):
        choose_layers(site(), "nearest_season")
    with pytest.raises(SiteError, match="first, second, third"):
        choose_layers(site(), "winter")
