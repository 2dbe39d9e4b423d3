"""A site whose imagery comes from a server on this machine."""

import datetime
from functools import cache
from pathlib import Path

from movix_core.evaluation.imagery import ground
from movix_core.evaluation.imagery.loopback import LoopbackServer
from movix_core.maps.build import add_layer, site_at, write_content

ZOOM = 17
SIZE_M = 300.0
DATE = datetime.date(2020, 5, 1)


@cache
def tile_files(extension: str = "png", zoom: int = ZOOM) -> dict[str, bytes]:
    """{"/tiles/z/x/y.png": bytes} of the ground under the site and some more around it."""
    drawn = ground.tiles(zoom, SIZE_M + 100, extension)
    return {f"/tiles/{zoom}/{x}/{y}.{extension}": body for x, y, body in drawn}


def site_with(root: Path, source: dict, server: LoopbackServer | None = None, gsd_m: float = 1.0, **more):
    """A site of one layer with a source; `server` is allowed though it is on this machine."""
    content = site_at("place", ground.LATITUDE, ground.LONGITUDE, SIZE_M) | more
    if server is not None:
        content |= {"private_hosts": [server.host]}
    entry = {"name": "layer", "source": source, "date": DATE, "gsd_m": gsd_m, "attribution": "us", "terms": "free"}
    return write_content(root, add_layer(root, content, entry))


def xyz(server: LoopbackServer, **more) -> dict:
    """The source entry of the server's tiles."""
    return {"kind": "xyz", "url": f"{server.url}/tiles/{{z}}/{{x}}/{{y}}.png", "zoom": ZOOM} | more
