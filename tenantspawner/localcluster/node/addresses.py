"""An address for each pod.

On Linux the whole of 127.0.0.0/8 is this machine, so a node takes a range of 1,024 addresses from it and every pod
gets one of its own; a guard socket keeps two nodes of one machine apart. Other systems (macOS) know only 127.0.0.1:
there, in ``shared`` mode, all pods have that address, and whoever starts servers must give each a port of its own
(in a hub's configuration: ``spawner.port = random_port()`` in ``pre_spawn_hook``).
"""

import errno
import ipaddress
import socket
from collections import deque
from enum import Enum
from hashlib import sha256

GUARD_PORT = 61_250
_SIZE_BITS = 10
_FIRST = int(ipaddress.IPv4Address("127.16.0.0"))
_RANGES = ((240 - 16) << 16) >> _SIZE_BITS
_TRIES = 64


class AddressMode(Enum):
    """How pods get addresses; AUTO is an address each where the system allows it."""

    AUTO = "auto"
    LOOPBACK_RANGE = "loopback-range"
    SHARED = "shared"


class NoAddressError(Exception):
    """All addresses of the node are in use."""


class Addresses:
    """The addresses of one node. `guard` is None in shared mode."""

    def __init__(self, free: deque[str], guard: socket.socket | None) -> None:
        self._free = free
        self._guard = guard

    @property
    def shared(self) -> bool:
        """Whether all pods have the same address."""
        return self._guard is None

    def take(self) -> str:
        """Return an address nobody has; those given back longest ago come first."""
        if self.shared:
            return "127.0.0.1"
        if not self._free:
            raise NoAddressError("no addresses are left in the node's range")
        return self._free.popleft()

    def give_back(self, address: str) -> None:
        """Make an address available again."""
        if not self.shared:
            self._free.append(address)

    def close(self) -> None:
        """Give the range up."""
        if self._guard is not None:
            self._guard.close()


def open_addresses(mode: AddressMode, seed: str) -> Addresses:
    """Take a range for a node. `seed` makes it the same one as last time where possible.

    Raises
    ------
    OSError
        The mode asks for addresses this system does not have.
    """
    if mode is AddressMode.SHARED:
        return Addresses(deque(), None)
    start = int.from_bytes(sha256(seed.encode()).digest()[:4])
    for attempt in range(_TRIES):
        base = _FIRST + ((start + attempt) % _RANGES << _SIZE_BITS)
        try:
            guard = _guard(str(ipaddress.IPv4Address(base + 1)))
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                break
            continue
        pods = range(base + 2, base + (1 << _SIZE_BITS) - 1)
        return Addresses(deque(str(ipaddress.IPv4Address(number)) for number in pods), guard)
    if mode is AddressMode.LOOPBACK_RANGE:
        raise OSError("this system has no addresses in 127.0.0.0/8 besides 127.0.0.1; use the shared address mode")
    return Addresses(deque(), None)


def _guard(address: str) -> socket.socket:
    guard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        guard.bind((address, GUARD_PORT))
    except OSError:
        guard.close()
        raise
    return guard
