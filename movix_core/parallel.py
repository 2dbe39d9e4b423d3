"""Independent tasks spread over worker processes, with a progress bar; results as they come."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_tasks(
    work: Callable[[Task], Result], tasks: Sequence[Task], workers: int, label: str, unit: str = "drive"
) -> Iterator[Result]:
    """Yield `work(task)` of every task, in order of completion.

    With one worker everything runs in this process; otherwise each worker is a process of its own
    with one torch thread, so that two workers do not fight over two cores.
    """
    if not tasks:
        return
    if workers <= 1:
        yield from tqdm(map(work, tasks), total=len(tasks), desc=label, unit=unit)
        return
    with multiprocessing.get_context("spawn").Pool(min(workers, len(tasks)), _prepare_worker) as pool:
        yield from tqdm(pool.imap_unordered(work, tasks), total=len(tasks), desc=label, unit=unit)


def _prepare_worker() -> None:
    import torch

    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to handle


def _end_with_parent() -> None:
    """A worker whose parent was killed must not go on writing what the next run writes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
