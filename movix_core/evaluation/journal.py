"""Finished work as JSON lines on disk: what an interrupted command goes on from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from movix_core.evaluation.run_folder import from_json, jsonable

Entry = Mapping[str, Any]


class Journal:
    """Entries known by the values of their `key` fields; the latest of a key holds.

    done: {key values: entry}. A line cut off by an interrupt is left out when read again.
    """

    def __init__(self, path: Path, key: tuple[str, ...]) -> None:
        self._path, self._key = path, key
        self.done: dict[tuple[Any, ...], dict[str, Any]] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
            try:
                entry = from_json(json.loads(line))
            except ValueError:
                continue
            self.done[self._key_of(entry)] = entry

    def fill(self, batches: Iterable[Iterable[Entry]]) -> None:
        """Write entries as their batches come."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            for batch in batches:
                for entry in batch:
                    file.write("\n" + json.dumps(jsonable(entry)))  # newline first: the last line may be cut off
                    self.done[self._key_of(entry)] = dict(entry)
                file.flush()

    def _key_of(self, entry: Entry) -> tuple[Any, ...]:
        return tuple(entry[name] for name in self._key)
