"""Independent tasks spread over worker processes, with a progress bar; results as they come."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from tqdm import tqdm

from movix_core.errors import MovixError

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_tasks(
    work: Callable[[Task], Result], tasks: Sequence[Task], workers: int, label: str, unit: str = "drive"
) -> Iterator[Result]:
    """Yield `work(task)` of every task, in order of completion.

    With one worker everything runs in this process; otherwise each worker is a process of its own
    with one torch thread, so that two workers do not fight over two cores. Errors: those of `work`, and MovixError if
    a worker was killed.
    """
    if not tasks:
        return
    if workers <= 1:
        yield from tqdm(map(work, tasks), total=len(tasks), desc=label, unit=unit)
        return
    others = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), spawn, _prepare_worker) as pool:
        pending = {pool.submit(work, task) for task in tasks}
        try:
            for done in tqdm(as_completed(pending), total=len(tasks), desc=label, unit=unit):
                pending.discard(done)  # and its result with it
                yield done.result()
        except BrokenProcessPool as err:
            raise MovixError(
                f"{label}: a worker process was killed, most often for want of memory: run again with fewer workers; "
                "what was finished is kept"
            ) from err
        finally:
            if pending:  # nobody waits for what is left
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in set(multiprocessing.active_children()) - others:
                    worker.terminate()


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
