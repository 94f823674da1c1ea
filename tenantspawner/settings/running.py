"""While it starts, and when it ends."""

from traitlets import Bool, HasTraits, Integer

from tenantspawner.settings.traits import text


class Running(HasTraits):
    """Events and messages while a server starts; what is deleted, and how fast."""

    events_enabled = Bool(True, help="Whether Kubernetes' events are shown while a server starts.").tag(config=True)
    delete_grace_period = Integer(1, help="Seconds a pod has to end by itself before it is killed.").tag(config=True)
    delete_stopped_pods = Bool(
        True, help="Whether pods that ended by themselves are deleted. False keeps them, to see why they ended."
    ).tag(config=True)
    slow_spawn_message_threshold = Integer(
        60, help="Seconds after which people are told that a start takes long. 0: never."
    ).tag(config=True)
    slow_spawn_message_frequency = Integer(5, help="Seconds between two such messages.").tag(config=True)
    slow_spawn_message = text(
        "Server launch is taking longer than expected. Please be patient! Current time spent waiting: {seconds} seconds.",
        "What they are told; ``{seconds}`` is how long it has taken.",
    )
