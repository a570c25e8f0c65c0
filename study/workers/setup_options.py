"""What load asks for, against what a runtime has."""

from protocol import invalid

# What a precision may ask for.
PRECISIONS = ("tf32", "fp16")


def choose(request, name, allowed):
    """A field that is one of several words; the first is the default."""
    value = request.get(name) or allowed[0]
    if value not in allowed:
        raise invalid(f"'{name}' is '{value}'; this runtime has {', '.join(allowed)}")
    return value


def options_of(request, allowed):
    """The options with their defaults; allowed maps their names to default values."""
    given = request.get("options") or {}
    for name, value in given.items():
        if name not in allowed:
            raise invalid(f"there is no option '{name}'; this runtime has {', '.join(allowed) or 'none'}")
        if type(value) is not type(allowed[name]):
            raise invalid(f"option '{name}' is {value!r}, and should be like {allowed[name]!r}")
    return {**allowed, **given}


def precision_of(request):
    """(tf32, fp16): True, False, or None where nothing was asked for."""
    given = request.get("precision") or {}
    for name, value in given.items():
        if name not in PRECISIONS or not isinstance(value, bool):
            raise invalid(f"precision is made of {' and '.join(PRECISIONS)}, true or false, not {name}: {value!r}")
    return tuple(given.get(name) for name in PRECISIONS)


def threads_of(request):
    threads = request.get("threads")
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise invalid(f"'threads' is {threads!r}, not a number of threads")
    return threads
