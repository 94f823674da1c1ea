"""A real Kubernetes control plane for tests: etcd, API server, controller manager and scheduler on this machine.

No kubelet, no containers, no root: pods are admitted, counted against quotas, scheduled and garbage collected by the
real programs, and never run (kwok can pretend that they do). By hand::

    python -m tests.support.controlplane.run       # starts one, prints its kubeconfig, waits for Ctrl-C
    python -m tests.support.controlplane.build     # only makes sure that the binaries exist

In tests: ``tests.support.controlplane.fixture.running_control_plane``. This module imports nothing, so that each of
those two can run as ``__main__``.
"""
