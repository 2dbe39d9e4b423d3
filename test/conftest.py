"""Settings of all tests."""

from hypothesis import settings

# Time says nothing on a busy machine: speed belongs in benchmarks.
settings.register_profile("movix", deadline=None)
settings.load_profile("movix")
