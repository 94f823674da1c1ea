"""Covers what is said when the API server lets nobody in or is not to be reached: what is wrong and what to do, without secrets."""

import pytest

from tenantspawner.errors import AdminMustAct, ApiError, ApiStatus, Unreachable
from tenantspawner.kube.advice import advice

REFUSED = 'namespaces is forbidden: User "x" cannot create resource "namespaces"'
CERTIFICATE = "ClientConnectorCertificateError: [SSL: CERTIFICATE_VERIFY_FAILED] unable to get local issuer certificate"


@pytest.mark.parametrize(
    ("error", "what", "to_do"),
    [
        (ApiError(ApiStatus(401, "Unauthorized")), "the token has expired", "Put a new one"),
        (ApiError(ApiStatus(403, "Forbidden", REFUSED)), REFUSED, "Ask a cluster administrator"),
        (ApiError(ApiStatus(500, "InternalError", "oh"), "get x"), "get x: 500", ""),
        (Unreachable("get x", CERTIFICATE), "not signed by the certificate authority", "certificate-authority in the kubeconfig"),
        (Unreachable("get x", "ConnectionRefusedError"), "does not answer", "See whether its address is right"),
        (Unreachable("get x", "y" * 900), "does not answer", "…"),
        (AdminMustAct("sentence", "detail"), "detail", ""),
    ],
)  # fmt: skip
def test_every_error_says_what_and_what_to_do(error, what, to_do):
    said = advice(error)
    assert what in said
    assert to_do in said
    assert len(said) < 600
