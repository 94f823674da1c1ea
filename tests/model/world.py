"""A world in which hubs carry out the protocol's own step functions in every order, and what may go wrong in it.

One action is one request to the API server, or one thing that happens by itself:

- a hub's process takes its next step; any of them may stop between two steps for ever (that is a crash) or for a while
  (a pause), simply since the others go on
- a pod is admitted at one moment, by ``status.hard`` and ``status.used`` of that moment, and stored at a later one
- the quota controller fills ``status.hard`` and counts ``status.used`` from the stored pods, late; a pod that is admitted and not
  yet stored is not in its count
- a pod ends, or is deleted by anybody; a person with kubectl creates one within what the quota allows
- somebody deletes the ledger

Every write of an object changes its version, the status' too. A version is held as one bit for each process and object:
whether what was read last is still the newest; a write by version succeeds if it is. So there are no counters, and the states are
finite. A grant has a new nonce after each lost raise, of which each spawn may have two; a write that carries a nonce counts as a
change.

A hub holds one lock for each namespace: one change at a time. The sweep may be wrong about who is alive at any moment. One thing it
may rely on, since its two passes are further apart than that: a create is sent before the spawn's deadline or never, and the API
server lets a request live for at most a minute. So its second pass begins when no create of that spawn is about to be sent or
under way. `slow_creates` takes that away.
"""

from dataclasses import dataclass, replace
from functools import cache

from tenantspawner.budget import (
    FOUND,
    Amounts,
    Ask,
    Ending,
    Ledger,
    LedgerSeen,
    NoLedger,
    Nonce,
    NoQuota,
    Outcome,
    PodSeen,
    PodsSeen,
    QuotaSeen,
    QuotasSeen,
    SpawnId,
    begin_fence,
    begin_grant,
    begin_rebuild,
    begin_return,
    grant_step,
    rebuild_step,
    return_step,
)
from tenantspawner.budget import steps as words

KEY = "requests.nvidia.com/gpu"
KEYS = frozenset({KEY})
WRITTEN, LOST = Outcome.WRITTEN, Outcome.LOST
NO_LEDGER, BLANK_LEDGER = NoLedger(), NoLedger("v")
BLANK = "blank"  # a ledger that is there and cannot be read
NO_PODS = PodsSeen()
OTHERS = "another's"
MOST_TRIES = 2  # lost raises of one spawn; the process that loses another one stands still for ever
MISSING = (-1, -1, 0, 0, -1)
UNFILLED = -1


@dataclass(frozen=True)
class Process:
    """Who does what: ``serve`` grants, starts and returns; ``sweep`` ends somebody's spawn; ``person`` creates a pod."""

    kind: str
    hub: str
    namespace: int
    size: int = 1
    sweeps: str = ""


@dataclass(frozen=True)
class Setting:
    """One bounded world. `twist` is what is done otherwise than the protocol says; "" is the protocol."""

    budget: int
    processes: tuple[Process, ...]
    namespaces: int = 1
    missing: frozenset[int] = frozenset()  # namespaces whose quota is not there yet
    ledger_may_vanish: bool = False
    pods_may_end: bool = True
    instant: bool = False  # pods are stored in the moment in which they are admitted
    slow_creates: bool = False  # a create may be sent however long ago its quota was seen in force
    promises: int = 3  # how many of the promises are held against the states
    twist: str = ""


@dataclass(frozen=True)
class Held:
    """An answer that was read before its turn."""

    answer: object


EARLY = {
    "grant: ledger before quota": ("grant", words.ReadQuota, words.ReadLedger),
    "return: count before ledger": ("return", words.ReadLedger, words.CountPods),
    "return: quota before count": ("return", words.CountPods, words.ReadQuota),
}
"""Neighbouring reads in the other order: whose, the first and the second."""


@cache
def amounts(number):
    return Amounts({KEY: number})


@cache
def no_quota(namespace):
    return NoQuota(str(namespace))


@cache
def quotas_seen(quotas):
    return QuotasSeen(quotas)


@cache
def all_pods(pods):
    return PodsSeen(pods)


@cache
def quota_seen(namespace, hard, live, nonce):
    return QuotaSeen(str(namespace), "v", amounts(hard), live, Nonce(nonce))


class World:
    """States and their successors. A state is ``(ledger, quotas, stored, flying, nodes, quota bits, ledger bits)``.

    Ledgers and the processes' nodes are interned: numbers in the state, values in a table. A quota is (hard, status.hard,
    status.used, whether the controller has something to do, who wrote its nonce). Pods are bits by the process that made them.
    """

    def __init__(self, setting):
        self.setting = setting
        self.twist = setting.twist
        self.processes = setting.processes
        self.space = setting.namespaces
        self.values, self.numbers = [], {}
        self.steps, self.kept, self.read = {}, [], {}
        self.entries = {}
        self.refused = False
        self.found_beside = setting.ledger_may_vanish or any(p.kind == "person" for p in self.processes)
        self.names = [f"s{i}" if p.kind == "serve" else "" for i, p in enumerate(self.processes)]
        self.in_space = [
            sum(1 << i for i, p in enumerate(self.processes) if p.namespace == ns) for ns in range(self.space)
        ]
        self.rivals = [
            [
                j
                for j, q in enumerate(self.processes)
                if j != i and (q.hub, q.namespace) == (p.hub, p.namespace) and q.kind != "person"
            ]
            for i, p in enumerate(self.processes)
        ]
        self.qmask = [sum(1 << (i * self.space + ns) for i in range(len(self.processes))) for ns in range(self.space)]
        self.idle, self.up, self.end = self.number(("idle",)), self.number(("up",)), self.number(("end",))
        self.restful = {self.idle, self.up, self.end}

    # Numbers for values

    def number(self, value):
        found = self.numbers.get(value)
        if found is None:
            found = self.numbers[value] = len(self.values)
            self.values.append(value)
        return found

    def entry(self, ledger):
        """Each namespace's entry, and the sum."""
        found = self.entries.get(ledger)
        if found is None:
            book = self.book(ledger) or Ledger()
            each = tuple(int(book.entry(str(ns))[KEY]) for ns in range(self.space))
            # What pods use beside the grants is booked at once, whatever the budget: then it is the grants that must stay
            # within it. A person makes such pods; and of a grant that was lost with the ledger, the pod is booked beside what
            # the rebuilt ledger holds for it, until the sweep.
            beside = (
                sum(int(grant.amounts[KEY]) for grant in book.grants if grant.spawn == FOUND)
                if self.found_beside
                else 0
            )
            found = self.entries[ledger] = (*each, sum(each) - beside)
        return found

    def book(self, ledger):
        """The ledger, None when there is none that can be read."""
        value = self.values[ledger]
        return value if isinstance(value, Ledger) else None

    def first(self):
        quotas = tuple(MISSING if ns in self.setting.missing else (0, 0, 0, 0, -1) for ns in range(self.space))
        return (self.number(Ledger()), quotas, 0, 0, (self.idle,) * len(self.processes), 0, 0)

    # What must hold

    def breach(self, state):
        """Say which promise this state breaks, None when all hold."""
        ledger, quotas, stored, *_ = state
        entry = self.entry(ledger)
        if self.book(ledger) is not None:
            if any(quota[0] > entry[ns] for ns, quota in enumerate(quotas)):
                return "a quota allows more than its entry in the ledger"
            if self.setting.promises > 1 and entry[-1] > self.setting.budget:
                return "the ledger grants more than the budget"
        if self.setting.promises > 2 and self.use(stored) > self.setting.budget:
            return "pods use more than the budget"
        return None

    def use(self, pods):
        return sum(p.size for i, p in enumerate(self.processes) if pods >> i & 1)

    def settled(self, state):
        """Whether everything has come back: nothing granted, nothing allowed, no pod, and everybody is done."""
        ledger, quotas, stored, flying, nodes, *_ = state
        return (
            not (stored or flying or self.entry(ledger)[-1])
            and all(quota[0] <= 0 for quota in quotas)
            and all(node == self.end for node, p in zip(nodes, self.processes, strict=True) if p.kind == "serve")
        )

    # What may happen

    def successors(self, state):
        ledger, quotas, stored, flying, nodes, qbits, lbits = state
        for i in range(len(nodes)):
            yield from self.moves(state, i)
        for i, process in enumerate(self.processes):
            if flying >> i & 1:
                yield (ledger, quotas, stored | 1 << i, flying & ~(1 << i), nodes, qbits, lbits)
            if self.setting.pods_may_end and stored >> i & 1:
                ns = process.namespace
                hard, live, used, _, who = quotas[ns]
                changed = self.with_quota(quotas, ns, (hard, live, used, 1, who)) if hard >= 0 else quotas
                yield (ledger, changed, stored & ~(1 << i), flying, nodes, qbits, lbits)
        for ns, (hard, _, _, late, who) in enumerate(quotas):
            if late and hard >= 0:
                counted = self.use(stored & self.in_space[ns])
                yield (
                    ledger,
                    self.with_quota(quotas, ns, (hard, hard, counted, 0, who)),
                    stored,
                    flying,
                    nodes,
                    qbits & ~self.qmask[ns],
                    lbits,
                )
        if self.setting.ledger_may_vanish and self.values[ledger] is not None:
            yield (self.number(None), quotas, stored, flying, nodes, qbits, 0)

    @staticmethod
    def with_quota(quotas, ns, quota):
        return (*quotas[:ns], quota, *quotas[ns + 1 :])

    def moves(self, state, i):
        node = self.values[state[4][i]]
        process = self.processes[i]
        match node[0]:
            case "idle" if process.kind == "person":
                yield from self.person_creates(state, i)
            case "idle" | "up" | "fenced":
                if all(state[4][j] in self.restful for j in self.rivals[i]):
                    yield from self.begins(state, i, node)
            case "sent":
                if not state[3] >> i & 1:
                    yield self.answered(state, i, node[1], WRITTEN)
            case "grant" | "return" | "rebuild":
                for after in self.request(state, i, *node[:3]):
                    yield self.concluded(after, i)

    def begins(self, state, i, node):
        process = self.processes[i]
        ns = str(process.namespace)
        if process.kind == "sweep":
            yield from self.sweeps(state, i, ns, node)
        elif process.kind == "tidy":
            yield self.at(state, i, ("return", begin_return(ns, [], KEYS, drifted=True), None, 0))
        elif node[0] == "idle":
            ask = Ask(
                ns, SpawnId(self.names[i]), self.names[i], amounts(process.size), amounts(self.setting.budget), KEYS
            )
            yield self.at(state, i, ("grant", begin_grant(ask), None, 0))
        elif not state[2] >> i & 1:
            yield self.at(state, i, ("return", begin_return(ns, [Ending(SpawnId(self.names[i]))], KEYS), None, 0))

    def sweeps(self, state, i, ns, node):
        """The first pass fences a grant that has no pod, the second ends it if it is still the same."""
        spawn = SpawnId(self.processes[i].sweeps)
        target = next((1 << j for j, name in enumerate(self.names) if name == spawn), self.in_space[int(ns)])
        book = self.book(state[0])
        grant = book.grant(ns, spawn) if book else None
        if grant is None or state[2] & target:
            return
        ending = Ending(spawn, grant.nonce)
        if self.twist == "sweep: no fence" and node[0] == "idle":
            yield self.at(state, i, ("return", begin_return(ns, [ending], KEYS), None, 0))
        elif node[0] == "idle":
            yield self.at(state, i, ("return", begin_fence(ns, [ending], KEYS), None, 0))
        elif node == ("fenced", ending) and not (state[3] | self.about_to_create(state)) & target:
            yield self.at(state, i, ("return", begin_return(ns, [ending], KEYS), None, 0))

    def about_to_create(self, state):
        """The pods whose create is the next thing their hub does."""
        if self.setting.slow_creates:
            return 0
        nodes = (self.values[number] for number in state[4])
        return sum(
            1 << i for i, node in enumerate(nodes) if node[0] == "grant" and isinstance(node[1].step, words.CreatePod)
        )

    def at(self, state, i, node):
        nodes = state[4]
        number = node if isinstance(node, int) else self.number(node)
        return (*state[:4], (*nodes[:i], number, *nodes[i + 1 :]), *state[5:])

    def person_creates(self, state, i):
        admitted, quotas, qbits = self.admit(state, i)
        if admitted:
            bit, flies = 1 << i, not self.setting.instant
            ledger, _, stored, flying, nodes, _, lbits = state
            moved = (
                ledger,
                quotas,
                stored | (0 if flies else bit),
                flying | (bit if flies else 0),
                nodes,
                qbits,
                lbits,
            )
            yield self.at(moved, i, self.end)

    def admit(self, state, i):
        """Admission by the quota: whether, and the quotas and version bits after it."""
        _, quotas, _, _, _, qbits, _ = state
        ns, size = self.processes[i].namespace, self.processes[i].size
        hard, live, used, late, who = quotas[ns]
        if hard < 0 or live == UNFILLED:
            return True, quotas, qbits  # no quota, or one that was never filled, limits nothing
        if used + size > live:
            return False, quotas, qbits
        return True, self.with_quota(quotas, ns, (hard, live, used + size, late, who)), qbits & ~self.qmask[ns]

    # A step, carried out

    def answered(self, state, i, machine, answer, extra=None):
        """The state in which process `i` has got that answer; the real step function decides what is next."""
        node = state[4][i]  # it has the machine; answers are made once, so that their identity will do
        key = (node, id(answer), None if extra is None else id(extra))
        after = self.steps.get(key)
        if after is None:
            self.kept += (answer, extra)  # or another could get the same identity
            after = self.steps[key] = self.number(self.follow(machine, answer, extra, self.values[node][3]))
        return self.at(state, i, after)

    def follow(self, machine, answer, extra, tries):
        kind = "grant" if hasattr(machine, "ask") else "return" if hasattr(machine, "over") else "rebuild"
        step = {"grant": grant_step, "return": return_step, "rebuild": rebuild_step}[kind]
        after = step(machine, answer, Nonce(f"n{tries}" if kind == "grant" else "n"))
        if isinstance(machine.step, words.RaiseQuota | words.WaitHard) and isinstance(after.step, words.ReadQuota):
            tries += 1  # a lost raise, after which the grant is swapped with a new nonce
            if tries > MOST_TRIES:
                return ("stopped",)
        match after.step:
            case words.Done() if kind == "return":
                return ("fenced", *machine.over) if machine.fence else ("end",)
            case words.Done():
                return ("up",) if kind == "grant" else ("rebuilt", extra, None, tries)
            case words.Refuse():
                return ("refused", after.wrote, after.ask)
            case _:
                return (kind, after, extra, tries)

    def concluded(self, state, i):
        """What follows at once: a refused grant is given back, and after a rebuild the grant begins anew."""
        node = self.values[state[4][i]]
        if node[0] == "refused":
            _, wrote, ask = node
            if not wrote:
                return self.at(state, i, self.end)
            state = (*state[:2], state[2] & ~(1 << i), *state[3:])  # the pod, if there is one, is deleted first
            return self.at(state, i, ("return", begin_return(ask.namespace, [Ending(ask.spawn)], KEYS), None, 0))
        if node[0] == "rebuilt":
            _, grant, _, tries = node
            return self.at(state, i, ("grant", replace(grant, step=words.ReadQuota(grant.ask.namespace)), None, tries))
        return state

    def request(self, state, i, kind, machine, extra):
        ledger, quotas, stored, flying, nodes, qbits, lbits = state
        step, twist = machine.step, self.twist
        early = EARLY.get(twist)
        if early and kind == early[0] and getattr(machine, "lowered", None) is None:
            if isinstance(step, early[1]) and not isinstance(extra, Held):
                yield self.reads_early(state, i, kind, machine, early[2])
                return
            if isinstance(step, early[2]) and isinstance(extra, Held):
                yield self.answered(state, i, machine, extra.answer)
                return
        if f"{kind}: no {type(step).__name__}" == twist and not isinstance(step, words.CountPods):
            yield self.pretended(state, i, machine, extra)
            return
        match step:
            case words.ReadQuota():
                ns = int(step.namespace)
                bits = qbits | 1 << (i * self.space + ns)
                after = (ledger, quotas, stored, flying, nodes, bits, lbits)
                if extra == "look":
                    yield self.looked(after, i, machine)
                elif kind == "return" and machine.counted:
                    ours = quotas[ns][4] == i or twist == "return: swap again without looking"
                    yield self.answered(
                        after, i, machine, self.seen(quotas[ns], ns, self.mark(machine) if ours else OTHERS), extra
                    )
                else:
                    yield self.answered(after, i, machine, self.seen(quotas[ns], ns), extra)
            case words.ReadLedger():
                after = (ledger, quotas, stored, flying, nodes, qbits, lbits | 1 << i)
                value = self.values[ledger]
                absent = NO_LEDGER if value is None else BLANK_LEDGER
                yield self.answered(
                    after, i, machine, LedgerSeen("v", value) if isinstance(value, Ledger) else absent, extra
                )
            case words.SwapLedger() if twist == "grant: raise before swap" and kind == "grant":
                yield self.answered(state, i, machine, WRITTEN, step)
            case words.SwapLedger():
                yield self.swaps(state, i, machine, step, extra)
            case words.RaiseQuota() | words.LowerQuota():
                yield self.writes_quota(state, i, kind, machine, extra)
            case words.CreateQuota():
                ns = int(step.namespace)
                if quotas[ns][0] >= 0:
                    yield self.answered(state, i, machine, LOST, extra)
                else:
                    made = self.with_quota(quotas, ns, (0, UNFILLED, 0, 1, -1))
                    yield self.answered(
                        (ledger, made, *state[2:5], qbits & ~self.qmask[ns], lbits), i, machine, WRITTEN, extra
                    )
            case words.WaitHard():
                ns = int(step.namespace)
                mark = self.mark(machine) if quotas[ns][4] == i else OTHERS
                seen = self.seen(quotas[ns], ns, mark)
                if isinstance(seen, NoQuota) or seen.in_force or mark == OTHERS:
                    yield self.answered(state, i, machine, seen, extra)
            case words.CreatePod():
                admitted, charged, bits = self.admit(state, i)
                if admitted:
                    now, later = (1 << i, 0) if self.setting.instant else (0, 1 << i)
                    after = (ledger, charged, stored | now, flying | later, nodes, bits, lbits)
                    yield self.at(after, i, ("sent", machine, None, self.values[nodes[i]][3]))
                else:
                    self.refused = True
                    yield self.answered(state, i, machine, LOST, extra)
            case words.CountPods():
                yield self.counts(state, i, kind, machine, extra)
            case words.CountAllPods():
                found = tuple(pod for ns in range(self.space) for pod in self.pods(stored, ns).pods)
                yield self.answered(state, i, machine, all_pods(found), extra)
            case words.ReadQuotas():
                mine = sum(1 << (i * self.space + ns) for ns in range(self.space))
                seen = tuple(self.seen(quota, ns) for ns, quota in enumerate(quotas) if quota[0] >= 0)
                yield self.answered(
                    (ledger, quotas, stored, flying, nodes, qbits | mine, lbits), i, machine, quotas_seen(seen), extra
                )
            case words.CreateLedger():
                made = self.number(BLANK) if self.values[ledger] is None else ledger
                yield self.answered((made, *state[1:]), i, machine, WRITTEN if made != ledger else LOST, extra)
            case words.Rebuild():
                yield self.at(
                    state, i, ("rebuild", begin_rebuild(KEYS, step.version), machine, self.values[nodes[i]][3])
                )

    def reads_early(self, state, i, kind, machine, what):
        """Two neighbouring reads in the other order: the second one's answer is held until it is asked for."""
        ledger, quotas, stored, flying, nodes, qbits, lbits = state
        ns = self.processes[i].namespace
        if what is words.ReadLedger:
            value, lbits = self.values[ledger], lbits | 1 << i
            answer = (
                LedgerSeen("v", value) if isinstance(value, Ledger) else NO_LEDGER if value is None else BLANK_LEDGER
            )
        elif what is words.ReadQuota:
            answer, qbits = self.seen(quotas[ns], ns), qbits | 1 << (i * self.space + ns)
        else:
            answer = self.pods(stored, ns)
        after = (ledger, quotas, stored, flying, nodes, qbits, lbits)
        return self.at(after, i, (kind, machine, Held(answer), self.values[nodes[i]][3]))

    def swaps(self, state, i, machine, step, extra):
        _, quotas, stored, flying, nodes, qbits, lbits = state
        current = lbits >> i & 1
        if not current and self.twist != f"{'grant' if hasattr(machine, 'ask') else 'return'}: swap blindly":
            return self.answered(state, i, machine, LOST, extra)
        after = (self.number(step.new), quotas, stored, flying, nodes, qbits, 0)
        return self.answered(after, i, machine, WRITTEN, extra)

    def writes_quota(self, state, i, kind, machine, extra):  # noqa: PLR0911  # every twist of a write
        ledger, quotas, stored, flying, nodes, qbits, lbits = state
        step = machine.step
        ns = int(step.namespace)
        hard, live, used, _, _ = quotas[ns]
        current = qbits >> (i * self.space + ns) & 1 or self.twist == f"{kind}: write the quota blindly"
        if hard < 0 or not current:
            if self.twist == "grant: look again instead of swapping again" and kind == "grant":
                return self.at(state, i, ("grant", replace(machine, step=words.ReadQuota(step.namespace)), "look", 0))
            return self.answered(state, i, machine, LOST, None if isinstance(extra, words.SwapLedger) else extra)
        value = int(step.leased[KEY])
        if value == hard and self.twist == "return: no nonce" and kind == "return":
            return self.answered(state, i, machine, WRITTEN, extra)
        # A write by version answers with the new version; nobody uses it but the writer's next write, which reads first.
        written = (
            ledger,
            self.with_quota(quotas, ns, (value, live, used, 1, i)),
            stored,
            flying,
            nodes,
            qbits & ~self.qmask[ns],
            lbits,
        )
        if isinstance(extra, words.SwapLedger):  # the swap that was put off
            if not lbits >> i & 1:
                return self.answered(written, i, machine, LOST)
            return self.answered((self.number(extra.new), *written[1:6], 0), i, machine, WRITTEN)
        if self.twist == "return: count before the wait" and kind == "return":
            return self.answered(written, i, machine, WRITTEN, self.pods(stored, ns))
        return self.answered(written, i, machine, WRITTEN, extra)

    def looked(self, state, i, machine):
        """The tempting shortcut: read the quota again, see that the ledger still has our grant, raise."""
        book, ns = self.book(state[0]), self.processes[i].namespace
        if book is None or book.grant(str(ns), SpawnId(self.names[i])) is None or state[1][ns][0] < 0:
            return self.at(state, i, ("grant", replace(machine, step=words.ReadQuota(str(ns))), None, 0))
        entry = book.entry(str(ns))
        step = words.RaiseQuota(str(ns), "v", entry, Nonce("n0"))
        return self.at(state, i, ("grant", replace(machine, step=step, entry=entry), None, 0))

    def counts(self, state, i, kind, machine, extra):
        ns = self.processes[i].namespace
        seen = self.pods(state[2], ns)
        first = kind == "return" and machine.lowered is None
        if self.twist == "return: no second CountPods" and kind == "return":
            return self.answered(state, i, machine, seen if first else extra, seen if first else None)
        if self.twist == "return: count before the wait" and isinstance(extra, PodsSeen):
            return self.answered(state, i, machine, extra)
        if (self.twist == "return: no first CountPods" and first) or (
            self.twist == "grant: no CountPods" and kind == "grant"
        ):
            seen = NO_PODS
        return self.answered(state, i, machine, seen, extra)

    def pretended(self, state, i, machine, extra):
        """A step left out: what it would have been answered, without doing it."""
        match machine.step:
            case words.WaitHard():
                return self.answered(
                    state, i, machine, quota_seen(machine.step.namespace, 0, True, self.mark(machine)), extra
                )
            case words.CreatePod() | words.SwapLedger() | words.RaiseQuota() | words.LowerQuota() | words.CreateQuota():
                return self.answered(state, i, machine, WRITTEN, extra)
            case _:
                raise AssertionError(machine.step)

    @staticmethod
    def mark(machine):
        """The nonce of the process's last write of a quota; in a rebuild, the touch of any process does."""
        return (machine.raised if hasattr(machine, "ask") else getattr(machine, "mark", None)) or OTHERS

    def ledger_seen(self, ledger):
        found = self.read.get(ledger)
        if found is None:
            value = self.values[ledger]
            found = (
                LedgerSeen("v", value) if isinstance(value, Ledger) else NO_LEDGER if value is None else BLANK_LEDGER
            )
            self.read[ledger] = found
        return found

    def seen(self, quota, ns, nonce=OTHERS):
        hard, live, *_ = quota
        return no_quota(ns) if hard < 0 else quota_seen(ns, hard, live == hard, nonce)

    @cache  # noqa: B019  # a world lives as long as its exploration
    def pods(self, stored, ns):
        found = stored & self.in_space[ns]
        return PodsSeen(
            tuple(
                PodSeen(str(ns), SpawnId(self.names[i]), amounts(p.size), self.names[i])
                for i, p in enumerate(self.processes)
                if found >> i & 1
            )
        )


@dataclass
class Explored:
    """What an exploration has found."""

    states: int
    breach: str | None
    path: list
    started: bool  # every server had its pod in some state
    settled: bool  # in some state everything has come back
    refused: bool  # some pod was refused by a quota although it was granted


def explore(setting, most=5_000_000):
    """Visit every state, breadth first; stops at the first breach, which is then one of the shortest."""
    world = World(setting)
    first = world.first()
    before = {first: None}
    front = [first]
    serving = [i for i, p in enumerate(world.processes) if p.kind == "serve"]
    started, settled = set(), False
    while front:
        following = []
        for state in front:
            for after in world.successors(state):
                if after in before:
                    continue
                before[after] = state
                if (broken := world.breach(after)) is not None:
                    return Explored(len(before), broken, way(world, before, after), False, settled, world.refused)
                if after[2] != state[2]:
                    started.update(i for i in serving if after[2] >> i & 1)
                settled = settled or world.settled(after)
                following.append(after)
        front = following
        assert len(before) <= most, f"more than {most} states"
    return Explored(len(before), None, [], len(started) == len(serving), settled, world.refused)


def way(world, before, state):
    """The states that led to this one, in words."""
    told = []
    while state is not None:
        ledger, quotas, stored, flying, nodes, *_ = state
        book = world.values[ledger]
        grants = (
            {f"{g.namespace}/{g.spawn}/{g.nonce}": int(g.amounts[KEY]) for g in book.grants}
            if isinstance(book, Ledger)
            else book
        )
        doing = [
            getattr(getattr(world.values[n][1], "step", None), "__class__", type(None)).__name__
            if len(world.values[n]) > 1
            else world.values[n][0]
            for n in nodes
        ]
        told.append(f"ledger {grants} quotas {quotas} pods {stored:b} flying {flying:b} {doing}")
        state = before[state]
    return told[::-1]
