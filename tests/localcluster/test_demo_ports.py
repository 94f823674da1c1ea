"""Covers the ports of a demo: its own, free, kept where servers know them, and none that an outgoing connection may be given."""

import socket

import pytest

from tenantspawner.localcluster.demo.hubprocess import QUIET, PortInUseError, free_ports

BEGIN = 32_768  # of Linux' net.ipv4.ip_local_port_range


def numbers(ports):
    return {ports.public, ports.hub, ports.proxy_api}


def test_they_are_none_that_outgoing_connections_are_given():
    assert max(QUIET) < BEGIN
    for _ in range(50):
        found = numbers(free_ports())
        assert len(found) == 3
        assert found <= set(QUIET)


def test_those_that_were_written_down_are_found_again_unless_somebody_has_them(tmp_path):
    kept = tmp_path / "ports.json"
    first = free_ports(kept=kept)
    again = free_ports(kept=kept)
    assert (again.hub, again.proxy_api) == (first.hub, first.proxy_api)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.hub))
        other.listen()
        assert free_ports(kept=kept).hub != first.hub


def test_one_that_was_asked_for_and_is_taken_is_a_sentence():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"Port {port} is in use by another program"):
            free_ports(port)
