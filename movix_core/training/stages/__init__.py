"""The stages a training is made of, one per file."""
