"""Every error MoViX raises on purpose: one line that names the thing and the remedy."""


class MovixError(Exception):
    """Base of all errors a user can mend; the command line prints its message and exits with 1."""


class ConfigError(MovixError):
    """A configuration key or value is not acceptable."""


class SiteError(MovixError):
    """A site folder, or a layer of it, is missing, unreadable or inconsistent."""


class FetchError(MovixError):
    """Imagery could not be fetched, must not be, or what came is none."""


class StoreError(MovixError):
    """The tile store can not be written or read."""


class CoverageError(MovixError):
    """The imagery does not cover the place asked for."""


class ModelError(MovixError):
    """A model folder is missing, damaged, or does not fit this code."""


class RecordingError(MovixError):
    """A recording is missing, unreadable, or lacks what the drive needs."""


class DatasetError(MovixError):
    """A dataset folder is missing, damaged, or does not hold what a training needs."""


class OdometryError(MovixError):
    """An odometry sample, or a pose that was sent, holds no usable pose."""


class TrainingError(MovixError):
    """A training cannot go on."""
