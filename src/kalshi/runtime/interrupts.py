"""SIGTERM as an exception, so that a stopped run still closes its row and gives back its lock."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count
EXIT_TERMINATED = 143  # 128 + SIGTERM


class Terminated(BaseException):
    """Somebody asked this process to end; not an Exception, so that no handler for errors swallows it."""


@contextmanager
def sigterm_as_exception() -> Iterator[None]:
    """Raise Terminated in the main thread on SIGTERM for the length of the block; elsewhere do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    # A second SIGTERM while the row is being closed should not cut that short.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated
