"""stub"""


def track_create(kind, obj, manager, applied):
    pass


def track_update(kind, new, old, manager, subresource, applied):
    pass
