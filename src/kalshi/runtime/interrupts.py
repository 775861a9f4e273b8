"""SIGTERM and a time limit as exceptions, so that a stopped run still closes its row and gives back its lock."""

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


class OutOfTime(BaseException):
    """The run took longer than its limit, for instance because a host drips its answer byte by byte."""


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


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the main thread after *seconds*; 0, another thread or a system without alarms: no limit.

    Time-outs of requests count from one packet to the next; this is what ends a run all the same.
    """
    if not seconds or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _out_of_time(number: int, frame: FrameType | None) -> NoReturn:
    raise OutOfTime
