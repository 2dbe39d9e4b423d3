"""Shows the imagery around the vehicle in RViz, and fetches ahead of it what the store lacks."""

from __future__ import annotations

from geometry_msgs.msg import PoseWithCovarianceStamped
from rclpy.node import Node
from visualization_msgs.msg import Marker

from movix_core.config import drive_date_from_config
from movix_core.errors import ConfigError, SiteError
from movix_core.maps.ahead import AheadFetcher
from movix_core.maps.layer_choice import choose_layers
from movix_core.maps.opening import open_layer
from movix_core.maps.site import load_site
from movix_core.maps.source_settings import Online
from movix_ros import qos
from movix_ros.calendar_day import today
from movix_ros.fault_log import FaultLog
from movix_ros.map_marker import map_marker
from movix_ros.parameters import declare_parameters
from movix_ros.process import leave, run_node

NAME = "aerial_map"
_MAX_SIDE_PX = 1024
_INNER_SHARE = 0.5  # a new square is published once the vehicle leaves this share of the last one
_REFRESH_S = 5.0  # how often what came meanwhile is shown


class AerialMapNode(Node):
    """Topic in: localization. Out, latched: localization/aerial_map. Takes the localization node's parameters.

    With `map.fetch_ahead_m` imagery comes into the store that the localization node reads, from a thread of this
    process: the one with the filter speaks to no network. Raises ConfigError or SiteError if the parameters
    name no imagery.
    """

    def __init__(self) -> None:
        super().__init__(NAME, automatically_declare_parameters_from_overrides=True)
        self._config = declare_parameters(self)
        if not self._config.site:
            raise ConfigError("no site given: set 'site' to a folder that holds a site.yaml")
        site = load_site(self._config.site)
        date = drive_date_from_config(self._config) or today(self)
        layers = choose_layers(site, self._config.layer, date)
        self._layer = layers[0]
        self._reader = open_layer(site, self._layer)
        self._ahead = [
            AheadFetcher(site, layer, self._config.map.fetch_ahead_m)
            for layer in layers
            if self._config.map.fetch_ahead_m and isinstance(layer.source, Online)
        ]
        self._shown_of_ahead = 0
        self._faults = FaultLog(self.get_logger())
        self._middle: tuple[float, float] | None = None
        self._published = 0
        self._markers = self.create_publisher(Marker, "localization/aerial_map", qos.LATCHED)
        self.create_subscription(PoseWithCovarianceStamped, "localization", self._on_pose, qos.LATCHED)
        if self._ahead:
            self.create_timer(_REFRESH_S, self._look_at_what_came)

    def finish(self) -> None:
        """Stop fetching."""
        for ahead in self._ahead:
            ahead.close()

    def _on_pose(self, message: PoseWithCovarianceStamped) -> None:
        x, y = message.pose.pose.position.x, message.pose.pose.position.y
        for ahead in self._ahead:
            ahead.follow(x, y)
        side_m = self._config.map.display_m
        if self._middle is not None:
            off_m = max(abs(x - self._middle[0]), abs(y - self._middle[1]))
            if off_m <= _INNER_SHARE * side_m / 2:
                return
        self._publish(x, y, side_m)

    def _look_at_what_came(self) -> None:
        """Show new imagery of where the last square lies, and tell what could not be fetched."""
        came = sum(ahead.came for ahead in self._ahead)
        if self._middle is not None and came > self._shown_of_ahead:
            self._shown_of_ahead = came
            self._publish(*self._middle, self._config.map.display_m)
        for failure in {ahead.failure for ahead in self._ahead} - {""}:
            self._faults.report("map_not_fetched", failure)

    def _publish(self, x: float, y: float, side_m: float) -> None:
        bounds = (x - side_m / 2, y - side_m / 2, x + side_m / 2, y + side_m / 2)
        try:
            rgb, valid = self._reader.read(bounds, max(self._layer.gsd_m, side_m / _MAX_SIDE_PX))
        except SiteError as err:
            self._faults.report("map_unreadable", str(err))
            return
        self._middle = (x, y)
        if not valid.any():
            self._faults.report("outside_map", f"layer '{self._layer.name}' shows nothing around x={x:.0f} y={y:.0f} m")
            return
        self._published += 1
        self._markers.publish(map_marker(rgb, bounds, self._config.global_frame_id, self._published))


def main() -> None:
    """Run the node until SIGINT."""
    run_node(NAME, AerialMapNode, finish=AerialMapNode.finish)
    leave()  # a server that does not answer must not hold up the end


if __name__ == "__main__":
    main()
