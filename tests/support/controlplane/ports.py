"""Ports that stay ours while nobody listens.

A port that was merely seen free may be somebody's outgoing connection a moment later, and above all between the death
of an API server and its restart. So each port is bound here with SO_REUSEPORT for the life of the plane and never
listened on; the servers bind it a second time (``--socket-reuse-port``, ``--permit-port-sharing``). The kernel neither
hands such a port to others nor connects anybody to a socket that does not listen: a dead server refuses at once.
"""

import socket


class ReservedPorts:
    """Some loopback ports, held until `release`."""

    def __init__(self, count: int) -> None:
        self._sockets: list[socket.socket] = []
        for _ in range(count):
            held = socket.socket()
            self._sockets.append(held)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            held.bind(("127.0.0.1", 0))

    @property
    def numbers(self) -> list[int]:
        """The port numbers, in a stable order."""
        return [held.getsockname()[1] for held in self._sockets]

    def release(self) -> None:
        """Give the ports back."""
        while self._sockets:
            self._sockets.pop().close()
