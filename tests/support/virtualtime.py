"""An event loop whose clock jumps to the next thing that is due, so that half an hour takes milliseconds.

Only for coroutines without real I/O. A program in which nothing will ever happen is an error, not a hang.
"""

import asyncio
import functools
import inspect
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Jumping(selectors.DefaultSelector):
    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("nothing will ever happen: every task waits for another")
        events = super().select(0)
        if not events:
            self.loop.clock += max(0.0, timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time begins at 0 and passes only when everybody waits."""

    def __init__(self) -> None:
        self.clock = 0.0
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.clock


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a coroutine test run in virtual time."""

    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    # Without `wraps`' pointer to the coroutine, which pytest-asyncio would follow.
    functools.update_wrapper(run, test)
    run.__signature__ = inspect.signature(test)  # type: ignore[attr-defined]
    del run.__wrapped__  # type: ignore[attr-defined]
    return run


def clock() -> float:
    """Seconds since the test began."""
    return asyncio.get_running_loop().time()
