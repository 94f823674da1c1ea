"""Everything that can go wrong, as one tree, split by who must act.

::

    TenantSpawnerError
    ├── PersonMustAct                 the person in front of the form; the sentence is shown to them
    │   ├── Refused            400    what was asked is not allowed or not understood; names the field
    │   ├── NotEntitled        403    no tenant names this person
    │   ├── OverOwnQuota       409    more than this person may have at once
    │   ├── BudgetExhausted    409    more than the team has left
    │   ├── TooManyWaiting     429    the line is full
    │   └── NotAdmitted        409    the cluster's queue did not let it in
    ├── AdminMustAct                  the person is told whom to ask; the detail is for the log
    │   ├── TenancyUnavailable 503    there is no valid tenancy document
    │   ├── DocumentRejected          a document has problems (never reaches a person)
    │   ├── Misconfigured      500    a setting of the hub has a value that cannot be used; names it
    │   ├── NotOurs            409    an object of that name belongs to somebody else
    │   ├── Denied             403    the API server refused: admission, Pod Security, quota, RBAC
    │   └── PodFailed          500    the pod will not become ready; the reason is Kubernetes' own
    └── ClusterTrouble                the cluster; retried where that can help
        ├── ApiError                  an answer of the API server that is not a success (any code)
        ├── Unreachable        503    no answer at all
        ├── QuotaNotEnforced   503    the quota controller does not answer: fail closed
        └── DeadlinePassed     504    the time given to the whole spawn is over

Errors hold plain values, never objects of a client, and build their sentence themselves.
No sentence holds a token, an environment value or a whole object.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar


class TenantSpawnerError(Exception):
    """The root. `status` is the HTTP status, `reason` a short word for the metric."""

    status: ClassVar[int] = 500
    reason: ClassVar[str] = "error"

    @property
    def sentence(self) -> str:
        """What happened and what to do next, for the person who waits."""
        return str(self)

    @property
    def detail(self) -> str:
        """What the log needs beyond the sentence; holds no secret."""
        return self.sentence


class PersonMustAct(TenantSpawnerError):
    """The person can mend it by asking for something else, or later."""

    status = 400


class Refused(PersonMustAct, ValueError):
    """What was asked for is not to be had, or not understood.

    The words for "unknown" and "not yours" are the same, so that nobody learns what others may have.
    A ValueError too, which is what code written for KubeSpawner catches.
    """

    reason = "refused"

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field
        self.why = why


class NotEntitled(PersonMustAct):
    """No tenant names this person."""

    status = 403
    reason = "not-entitled"

    def __init__(self, username: str, contact: str | None = None) -> None:
        ask = f"Ask {contact}." if contact else "Ask the administrator of this hub."
        super().__init__(f"No team here has {username} among its members, so there is nothing to start. {ask}")


class OverOwnQuota(PersonMustAct):
    """More than this person may have at once."""

    status = 409
    reason = "own-quota"


class BudgetExhausted(PersonMustAct):
    """A team's budget has less left than was asked for."""

    status = 409
    reason = "team-budget"


class TooManyWaiting(PersonMustAct):
    """The line for a team's budget is full."""

    status = 429
    reason = "queue-full"


class NotAdmitted(PersonMustAct):
    """The cluster's queue did not let the server in for as long as it may wait there."""

    status = 409
    reason = "not-admitted"


class AdminMustAct(TenantSpawnerError):
    """Only an administrator can mend it. The person is told whom to ask; `detail` is for the log."""

    status = 503

    def __init__(self, sentence: str, detail: str | None = None) -> None:
        super().__init__(sentence)
        self._detail = detail

    @property
    def detail(self) -> str:
        """What the log needs; the sentence where nothing more is known."""
        return self._detail or str(self)


class TenancyUnavailable(AdminMustAct):
    """There is no valid tenancy document, so nobody can start a server."""

    reason = "no-tenancy"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a document, at the place where it was written.

    `line` and `column` count from 1, in the file or ConfigMap key the admin edits.
    `path` reads like ``tenants.physics.quota.team.gpu``.
    """

    source: str
    line: int
    column: int
    path: str
    message: str
    warning: bool = False

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}:{self.column}: "
        path = f"{self.path}: " if self.path else ""
        return f"{where}{'warning: ' if self.warning else ''}{path}{self.message}"


class DocumentRejected(AdminMustAct):
    """A tenancy document has problems; all of them are listed."""

    reason = "document"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class Misconfigured(AdminMustAct, ValueError):
    """A setting of the hub has a value that cannot be used. `setting` is its name, as in ``volume_mounts``.

    A ValueError too, which is what code written for KubeSpawner catches.
    """

    status = 500
    reason = "config"

    def __init__(self, setting: str, why: str) -> None:
        sentence = "The administrator of this hub has to correct its configuration before this can start."
        super().__init__(sentence, f"{setting}: {why}")
        self.setting = setting
        self.why = why

    def __str__(self) -> str:
        return self.detail

    @property
    def sentence(self) -> str:
        """Words for the person; the setting's name and value are for the log."""
        return str(self.args[0])


class NotOurs(AdminMustAct):
    """An object of the wanted name exists and belongs to somebody else. It was not touched."""

    status = 409
    reason = "not-ours"


class Denied(AdminMustAct):
    """The API server refused for good: admission, Pod Security, a quota, or missing rights."""

    status = 403
    reason = "denied"


class PodFailed(AdminMustAct):
    """The pod will not become ready. The sentence has Kubernetes' own reason."""

    status = 500
    reason = "pod"


class ClusterTrouble(TenantSpawnerError):
    """The cluster did not do what it should; trying again later can help."""

    status = 503
    reason = "cluster"


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of a Kubernetes Status' ``details.causes``."""

    reason: str = ""
    message: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class ApiStatus:
    """The parts of a Kubernetes ``Status`` we read; texts are cut to 2,000 characters.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
    """

    code: int
    reason: str = ""
    message: str = ""
    kind: str = ""
    name: str = ""
    causes: tuple[Cause, ...] = ()
    retry_after: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class ApiError(ClusterTrouble):
    """An answer of the API server that is not a success.

    `doing` says what was asked, as in ``create pods physics-ada/jupyter-ada``.
    """

    reason = "api"

    def __init__(self, status: ApiStatus, doing: str = "") -> None:
        super().__init__(f"{doing or 'request'}: {status.code} {status.reason}: {status.message}")
        self.answer = status
        self.doing = doing

    @property
    def code(self) -> int:
        """The HTTP status of the answer."""
        return self.answer.code

    @property
    def sentence(self) -> str:
        """Words for the person; the API server's own are for the log."""
        return "The cluster did not accept a step of this start. Try again; if it stays, tell the administrator of this hub."

    @property
    def detail(self) -> str:
        """What was asked and what came back, for the log."""
        return str(self)


class Unreachable(ClusterTrouble):
    """No answer from the API server: refused, reset, DNS, TLS or time.

    `sent` is True when the request may have been executed although no answer came.
    """

    reason = "unreachable"

    def __init__(self, doing: str, why: str, *, sent: bool = False) -> None:
        super().__init__(f"{doing}: {why}")
        self.doing = doing
        self.why = why
        self.sent = sent

    @property
    def sentence(self) -> str:
        """Words for the person; the transport's own are for the log."""
        return "The cluster does not answer at the moment. Running servers are not affected. Try again in a minute."

    @property
    def detail(self) -> str:
        """What was asked and what came back, for the log."""
        return str(self)


class QuotaNotEnforced(ClusterTrouble):
    """A ResourceQuota is not in force yet, so no pod may be created under it."""

    reason = "quota-gate"


class DeadlinePassed(ClusterTrouble):
    """The time given to this spawn is over."""

    status = 504
    reason = "timeout"
