"""Measures the localization node as it runs: real processes, real topics, a simulated drive."""
