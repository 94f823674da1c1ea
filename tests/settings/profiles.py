"""A profile list with everything in it, and settings for it to be laid over."""

IMAGES = {
    "display_name": "Image",
    "choices": {
        "base": {"display_name": "Base", "kubespawner_override": {"image": "base:1"}},
        "full": {
            "display_name": "Full",
            "default": True,
            "kubespawner_override": {"image": "full:1", "extra_labels": {"full": "yes"}},
        },
    },
    "unlisted_choice": {
        "enabled": True,
        "display_name": "Other image",
        "validation_regex": r"jupyter/[a-z-]+:\d+",
        "kubespawner_override": {
            "image_spec": "{value}",
            "extra_annotations": {"typed": "{value}", "{value}": "as a key"},
        },
    },
}
PROFILES = [
    {"display_name": "Small — one CPU", "kubespawner_override": {"cpu_limit": 1, "environment": {"A": None, "B": "b"}}},
    {
        "display_name": "Big",
        "slug": "big",
        "default": True,
        "kubespawner_override": {
            "mem_limit": "8G",
            "default_url": "/lab",
            "environment": {"SIZE": "big-{username}"},
            "volumes": {"2-scratch": {"name": "scratch", "emptyDir": {}}, "1-home": None},
            "node_selector": {"size": "big"},
            "uid": lambda _: 1000,
            "extra_labels": lambda spawner: {"memory": str(spawner.mem_limit)},
        },
        "profile_options": {
            "image": IMAGES,
            "size": {"display_name": "S", "choices": {"l": {"kubespawner_override": {"cpu_limit": 9}}}},
        },
    },
]
BASE = {
    "environment": {"A": "a", "KEEP": "{username}"},
    "volumes": {"1-home": {"name": "home", "emptyDir": {}}},
    "extra_labels": {"x": "y"},
    "uid": lambda _: 5,
}
