"""Running nodes and commands as processes: error boundaries, and a clean end on SIGINT and SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeVar

import rclpy
from rclpy.executors import MultiThreadedExecutor
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from movix_core.errors import MovixError

try:
    from rclpy.exceptions import InvalidHandle
except ImportError:  # Humble
    from rclpy.handle import InvalidHandle  # type: ignore[no-redef]

NodeT = TypeVar("NodeT", bound=Node)

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_INTERRUPTED = 130  # what shells report for SIGINT
_THREADS = 5  # the callback groups of the localization node: its four, and rclpy's own
_SHUTDOWN_S = 1.0  # a callback that waits longer, for an update in progress, is left behind


@contextmanager
def ros_process(name: str) -> Iterator[None]:
    """ROS is up inside. A signal ends the block quietly; a MovixError becomes one FATAL line and exit code 1.

    rclpy's own signal handlers would shut ROS down under a node that still has to stop its threads.
    """
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    for number in _SIGNALS:
        signal.signal(number, _interrupt_once)
    try:
        yield
    except KeyboardInterrupt:
        pass
    except MovixError as err:
        get_logger(name).fatal(" ".join(str(err).split()))
        sys.exit(1)
    finally:
        rclpy.try_shutdown()


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    """A terminal and `ros2 launch` both signal, and again after a while: no later one breaks the end that has begun."""
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def run_command(name: str, run: Callable[[], None]) -> int:
    """The exit code of a command that starts nodes: 0, 1 after a MovixError on stderr, 130 when interrupted."""
    try:
        run()
    except MovixError as err:
        print(f"{name} failed: {err}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def run_node(
    name: str,
    make: Callable[[], NodeT],
    *,
    begin: Callable[[NodeT], None] | None = None,
    finish: Callable[[NodeT], None] | None = None,
) -> None:
    """Make a node, `begin` it, spin it until a signal comes, `finish` it, and end ROS."""
    with ros_process(name):
        node = make()
        try:
            if begin is not None:
                begin(node)
            _spin(node)
        finally:
            if finish is not None:
                finish(node)
            node.destroy_node()


def leave() -> None:
    """End the process with 0, here: for a process whose end by the interpreter is slow or crashes in a busy thread."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _spin(node: Node) -> None:
    """Spin in another thread, so that signals reach this one; an error in a callback ends both."""
    executor = MultiThreadedExecutor(num_threads=_THREADS)
    executor.add_node(node)
    ending, ended = threading.Event(), threading.Event()
    errors: list[BaseException] = []

    def spin() -> None:
        try:
            while node.context.ok() and not ending.is_set():
                with suppress(InvalidHandle):  # what a transition destroys, the executor may just be about to wait for
                    executor.spin()
        except BaseException as err:
            errors.append(err)
        finally:
            ended.set()

    thread = threading.Thread(target=spin, name="spin")
    thread.start()
    try:
        ended.wait()
    finally:
        ending.set()
        executor.shutdown(_SHUTDOWN_S)
        thread.join()
    if errors:
        raise errors[0]
