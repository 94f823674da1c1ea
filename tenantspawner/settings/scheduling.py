"""Where the pod runs, and what it reserves there beyond CPU and memory."""

from traitlets import HasTraits

from tenantspawner.settings.traits import items, mapping, optional_text, text


class Scheduling(HasTraits):
    """Nodes, affinities, priority, further resources."""

    node_selector = mapping("Labels that a node must have.")
    tolerations = items("The pod's tolerations.")
    node_affinity_preferred = items("``PreferredSchedulingTerm`` objects: nodes that are better than others.")
    node_affinity_required = items("``NodeSelectorTerm`` objects: one of them must fit the node.")
    pod_affinity_preferred = items("``WeightedPodAffinityTerm`` objects: pods to be near to.")
    pod_affinity_required = items("``PodAffinityTerm`` objects: pods that must be near.")
    pod_anti_affinity_preferred = items("``WeightedPodAffinityTerm`` objects: pods to keep away from.")
    pod_anti_affinity_required = items("``PodAffinityTerm`` objects: pods that must not be near.")
    scheduler_name = optional_text("The scheduler that places the pod. None: the cluster's own.")
    priority_class_name = text("", "The priority class of the pod. Empty: the cluster's default.")
    extra_resource_limits = mapping("Limits of further resources, as in ``{'nvidia.com/gpu': '1'}``.")
    extra_resource_guarantees = mapping("Requests of further resources, as in ``{'nvidia.com/gpu': '1'}``.")
