# SPDX-License-Identifier: GPL-2.0-or-later
"""A strict description of JSON: which members an object has, and of what kind each is. A member that is not described,
or is missing, is a fault.

A shape is a dict (a name that ends with "?" may be missing), a list of one shape, or a function that says whether a
value is right.
"""

import ipaddress


def integer(low=0, high=2**63 - 1):
    def check(value):
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    return check


def number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def text(value):
    return isinstance(value, str)


def boolean(value):
    return isinstance(value, bool)


def address(value):
    try:
        return isinstance(value, str) and str(ipaddress.ip_address(value)) == value
    except ValueError:
        return False


def word(*words):
    return lambda value: value in words and isinstance(value, type(words[words.index(value)]))


def either(*shapes):
    return lambda value: any(not list(faults(value, shape, "")) for shape in shapes)


def nothing(value):
    return value is None


def _object_faults(value, shape, where):
    if not isinstance(value, dict):
        yield f"{where or 'all'}: no object, {value!r}"
        return
    names = {name.rstrip("?"): name for name in shape}
    for name in value:
        if name not in names:
            yield f"{where}.{name}: is not part of the format"
        else:
            yield from faults(value[name], shape[names[name]], f"{where}.{name}")
    for name, spelled in names.items():
        if not spelled.endswith("?") and name not in value:
            yield f"{where}.{name}: is missing"


def faults(value, shape, where):
    """What of `value` is not as `shape` says."""
    if isinstance(shape, dict):
        yield from _object_faults(value, shape, where)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{where}: no list, {value!r}"
            return
        for i, element in enumerate(value):
            yield from faults(element, shape[0], f"{where}[{i}]")
    elif not shape(value):
        yield f"{where}: {value!r}"
