"""Quality of service of every topic; each can be changed by `qos_overrides.*` parameters."""

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

# Best effort matches every publisher, reliable or not. Odometry is small and fast: room for a second of it.
SENSOR = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
ODOMETRY = QoSProfile(depth=200, reliability=ReliabilityPolicy.BEST_EFFORT)

RELIABLE = QoSProfile(depth=10)
TF = QoSProfile(depth=100)

# Late subscribers get the last message.
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
TF_STATIC = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
