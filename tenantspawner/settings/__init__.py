"""KubeSpawner's settings, a mixin a topic, with what follows from them alone.

Names, types, defaults and accepted forms are those of KubeSpawner 7.1, so that configuration under
``c.KubeSpawner`` keeps its meaning; `tests/peers` compares them. Each mixin has the settings of its topic and the
methods that need no other: `Naming` the names and the state, `Network` the URL, `Profiles` the form and the choice.
`Worn` lends a chosen value to the spawner for as long as something reads it there. `KubeSpawner` is all of them
together. What shapes the pod is read into `tenantspawner.plan.settings.PodSettings`, and plan knows no traits.
"""
