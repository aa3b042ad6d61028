# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes databases of the MaxMind DB format, version 2.0, as its public specification describes them: a binary search
tree over the bits of addresses, and the records that its leaves point to.

Python's dict, list and str become the format's map, array and string; int an unsigned one of 32 bits; Typed what it
says. Leaves to the tests which records there are.
"""

import ipaddress

_METADATA_MARK = b"\xab\xcd\xefMaxMind.com"
_SEPARATOR = bytes(16)  # between the tree and the records
_STRING, _DOUBLE, UINT16, UINT32, _MAP, UINT64, _ARRAY = 2, 3, 5, 6, 7, 9, 11


class Typed:
    """A value whose type in the file is not what Python's suggests. content: an int, or the bytes of a string."""

    def __init__(self, kind, content):
        self.kind = kind
        self.content = content


def text(content):
    """A string of these bytes, UTF-8 or not."""
    return Typed(_STRING, content)


def _control(kind, size):
    """The bytes that tell a field's type and size. Types above 7 have a byte of their own."""
    more = b""
    if size >= 65821:
        size, more = 31, (size - 65821).to_bytes(3, "big")
    elif size >= 285:
        size, more = 30, (size - 285).to_bytes(2, "big")
    elif size >= 29:
        size, more = 29, bytes([size - 29])
    if kind > 7:
        return bytes([size, kind - 7]) + more
    return bytes([kind << 5 | size]) + more


def _number(kind, value):
    packed = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _control(kind, len(packed)) + packed


def _field(value):
    if isinstance(value, Typed):
        if isinstance(value.content, int):
            return _number(value.kind, value.content)
        return _control(value.kind, len(value.content)) + value.content
    if isinstance(value, dict):
        return _control(_MAP, len(value)) + b"".join(_field(one) for pair in value.items() for one in pair)
    if isinstance(value, list):
        return _control(_ARRAY, len(value)) + b"".join(map(_field, value))
    if isinstance(value, str):
        return _field(text(value.encode()))
    return _number(UINT32, value)


def _bits(prefix, version):
    network = ipaddress.ip_network(prefix)
    bits = f"{int(network.network_address):0{network.max_prefixlen}b}"[:network.prefixlen]
    return "0" * 96 + bits if (network.version, version) == (4, 6) else bits


class _Tree:
    """Nodes are pairs of what lies behind a 0 and a 1: None, another node's number, or a record's offset."""

    def __init__(self):
        self.nodes = [[None, None]]

    def add(self, bits, leaf):
        node = 0
        for bit in bits[:-1]:
            if self.nodes[node][int(bit)] is None:
                self.nodes.append([None, None])
                self.nodes[node][int(bit)] = ("node", len(self.nodes) - 1)
            node = self.nodes[node][int(bit)][1]
        self.nodes[node][int(bits[-1])] = ("record", leaf)

    def _value(self, entry):
        if entry is None:
            return len(self.nodes)
        kind, number = entry
        return number if kind == "node" else len(self.nodes) + len(_SEPARATOR) + number

    def packed(self, record_bits):
        return b"".join(_pair(record_bits, *map(self._value, node)) for node in self.nodes)


def _pair(record_bits, left, right):
    """Of 28 bits, the byte in the middle holds the upper four of both records."""
    if record_bits != 28:
        return left.to_bytes(record_bits // 8, "big") + right.to_bytes(record_bits // 8, "big")
    middle = left >> 24 << 4 | right >> 24
    return (left & 0xffffff).to_bytes(3, "big") + bytes([middle]) + (right & 0xffffff).to_bytes(3, "big")


def database(records, version=6, record_bits=24):
    """The file's bytes. records: {prefix: record}; a database of version 6 has IPv4 below ::/96."""
    tree, data = _Tree(), b""
    for prefix, record in records.items():
        tree.add(_bits(prefix, version), len(data))
        data += _field(record)
    metadata = {"node_count": len(tree.nodes), "record_size": Typed(UINT16, record_bits),
                "ip_version": Typed(UINT16, version), "database_type": "Test", "languages": ["en"],
                "binary_format_major_version": Typed(UINT16, 2), "binary_format_minor_version": Typed(UINT16, 0),
                "build_epoch": Typed(UINT64, 1700000000), "description": {"en": "made by a test"}}
    return tree.packed(record_bits) + _SEPARATOR + data + _METADATA_MARK + _field(metadata)
