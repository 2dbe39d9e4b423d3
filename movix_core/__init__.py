"""MoViX: where an off-road vehicle stands on satellite imagery, from its camera and odometry alone."""
