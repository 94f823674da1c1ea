"""What is wrong between a client and its API server, and what to do about it: one sentence, from the error alone. Pure.

The hub's log and the command line say the same. Nothing of a token or certificate is in it but names.
"""

from tenantspawner.errors import ApiError, TenantSpawnerError, Unreachable

_UNAUTHORIZED, _FORBIDDEN = 401, 403  # HTTP; RFC 9110
_CERTIFICATE = ("certificate_verify_failed", "clientconnectorcertificateerror", "clientconnectorsslerror")


def advice(error: TenantSpawnerError) -> str:
    """Say what an error of asking the API server means for whoever set up the connection; its detail where nothing more is known."""
    if isinstance(error, ApiError):
        return _refused(error)
    if isinstance(error, Unreachable):
        return _unreached(error)
    return error.detail


def _refused(error: ApiError) -> str:
    if error.code == _UNAUTHORIZED:
        return (
            "The API server does not accept the credentials (401 Unauthorized): the token has expired or been revoked, or is of "
            "another cluster. Put a new one where it is read from (the kubeconfig, or the mounted service account token)."
        )
    if error.code == _FORBIDDEN:
        return f"The API server refuses it (403 Forbidden): {error.answer.message} Ask a cluster administrator for the right."
    return error.detail


def _unreached(error: Unreachable) -> str:
    why = error.why.lower()
    if any(word in why for word in _CERTIFICATE):
        return (
            "The API server's certificate is not signed by the certificate authority that is trusted here "
            f"({_cut(error.why)}). Name the cluster's own: certificate-authority in the kubeconfig, or k8s_api_ssl_ca_cert."
        )
    return f"The API server does not answer ({_cut(error.why)}). See whether its address is right and it can be reached from here."


def _cut(text: str) -> str:
    return text if len(text) <= 200 else text[:199] + "…"  # noqa: PLR2004  # a line
