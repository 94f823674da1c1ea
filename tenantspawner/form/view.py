"""What the form shows, as plain values: the template only writes them down.

A page is teams, a team is cards, a card is one profile with its controls. Everything that needs deciding is decided
here: what is chosen, what cannot be met and why, which sentence stands at which control, and a spoken name for
every control that no other control has, so that somebody who hears the page knows where they are.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Free:
    """How much of a team's budget for one device is free now; `waits`: more can be asked for, and is waited for.

    `by` names a quota that is not the hub's, where it leaves no more than that in the person's namespace.
    """

    free: int
    total: int
    waits: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list of choices."""

    value: str
    text: str
    description: str = ""
    chosen: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A field for free text beside a list, or alone."""

    name: str
    label: str
    value: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """A list of choices with a label, perhaps a field for free text, perhaps what is wrong with it."""

    id: str
    name: str
    label: str
    items: tuple[Item, ...]
    written: bool = False  # whether people wrote the texts, so that they find their own direction
    text: Text | None = None
    hint: str = ""
    error: str = ""
    radios: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One profile."""

    id: str
    value: str
    name: str
    spoken: str  # the name as no other card has it
    description: str
    facts: tuple[str, ...]  # "8 CPUs", "64Gi of memory", "3 of 8 GPUs free"
    image: str  # the name of the only image, where there is no other
    controls: tuple[Control, ...]
    chosen: bool = False
    obstacle: str = ""  # why it cannot be started now

    @property
    def about(self) -> bool:
        """Whether there is anything to say beside the name."""
        return bool(self.facts or self.image or self.description or self.obstacle)


@dataclass(frozen=True, slots=True)
class Team:
    """One tenant."""

    id: str
    name: str
    cards: tuple[Card, ...]
    images: tuple[tuple[str, str], ...] = ()  # names and descriptions, told once where the cards only list names


@dataclass(frozen=True, slots=True)
class Page:
    """The whole form; without teams it says who to ask."""

    teams: tuple[Team, ...]
    notice: str = ""  # what became of an earlier choice
    error: str = ""  # a refusal that belongs to no control
    nothing: str = ""  # why there is nothing to start

    @property
    def single(self) -> bool:
        """Whether there is only one thing to start, so nothing to click."""
        return sum(len(team.cards) for team in self.teams) == 1
