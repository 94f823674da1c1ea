"""Who asks: bearer tokens from a table, as ``--token-auth-file`` has it, and signed tokens of service accounts.

A service account's token is a JWT signed with a key only this cluster has. It is good until it expires, and as
long as the account with the same uid is there.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from tenantspawner.kube import kinds as kube
from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.store import Store

ISSUER = "https://kubernetes.default.svc"
AUDIENCE = ISSUER
AUTHENTICATED = "system:authenticated"
_HEADER = {"alg": "HS256", "typ": "JWT"}
_PARTS = 3


class Authenticator:
    """Knows the tokens of one cluster."""

    def __init__(self, users: Mapping[str, UserInfo], store: Store, key: bytes | None = None) -> None:
        self._users = dict(users)
        self._store = store
        self.key = key or secrets.token_bytes(32)

    def user(self, token: str) -> UserInfo | None:
        """Return whose token it is, None when nobody's."""
        known = self._users.get(token)
        if known is not None:
            groups = known.groups if AUTHENTICATED in known.groups else (*known.groups, AUTHENTICATED)
            return UserInfo(known.name, known.uid, groups)
        return self._service_account(token)

    def issue(self, account: Mapping[str, Any], seconds: int, audiences: list[str]) -> tuple[str, int]:
        """Return a token for a service account and when it expires, in seconds since the epoch."""
        issued = int(time.time())
        expires = issued + seconds
        metadata = account["metadata"]
        namespace, name = metadata["namespace"], metadata["name"]
        claims = {
            "iss": ISSUER,
            "sub": f"system:serviceaccount:{namespace}:{name}",
            "aud": audiences or [AUDIENCE],
            "iat": issued,
            "nbf": issued,
            "exp": expires,
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": metadata["uid"]}},
        }
        signed = b".".join(_encode(json.dumps(part).encode()) for part in (_HEADER, claims))
        return (signed + b"." + self._sign(signed)).decode(), expires

    def _sign(self, signed: bytes) -> bytes:
        return _encode(hmac.digest(self.key, signed, hashlib.sha256))

    def _service_account(self, token: str) -> UserInfo | None:
        signed, _, signature = token.encode().rpartition(b".")
        if token.count(".") != _PARTS - 1 or not hmac.compare_digest(signature, self._sign(signed)):
            return None
        try:
            claims = json.loads(_decode(signed.partition(b".")[2]))
        except (ValueError, binascii.Error):
            return None
        if claims["exp"] < time.time() or AUDIENCE not in claims["aud"]:
            return None
        namespace = claims["kubernetes.io"]["namespace"]
        name, uid = (claims["kubernetes.io"]["serviceaccount"][key] for key in ("name", "uid"))
        account = self._store.get(kube.SERVICE_ACCOUNT, namespace, name)
        if account is None or account["metadata"]["uid"] != uid:
            return None
        return service_account_user(namespace, name, uid)


def service_account_user(namespace: str, name: str, uid: str = "") -> UserInfo:
    """Return the user that a service account is."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return UserInfo(f"system:serviceaccount:{namespace}:{name}", uid, groups)


def _encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decode(data: bytes) -> bytes:
    return base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4))
