# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the part of Graphviz's language that a directed graph without subgraphs needs, by its grammar: strings are
quoted with only \\" and \\\\ and \\n escaped, or are words of letters, digits and underscores, or numbers."""

import re

TOKEN = re.compile(r'\s*(?:(?P<string>"(?:[^"\\\n]|\\["\\n])*")|(?P<arrow>->)|(?P<word>[A-Za-z_][A-Za-z_0-9]*)'
                   r"|(?P<number>-?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?))|(?P<mark>[{}\[\]=,;]))")


def _tokens(text):
    text = re.sub(r"^\s*//.*$", "", text, flags=re.M)
    at = 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        if not found:
            raise ValueError(f"no word of the language: {text[at:at + 40]!r}")
        at = found.end()
        kind = found.lastgroup
        value = found.group(kind)
        if kind == "string":
            value = re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), value[1:-1])
        yield kind, value


class _Reader:
    def __init__(self, text):
        self.tokens = list(_tokens(text))

    def take(self, *values):
        kind, value = self.tokens.pop(0)
        if values and (kind not in ("mark", "arrow", "word") or value not in values):
            raise ValueError(f"{value!r} instead of {values}")
        return kind, value

    def next_is(self, value):
        return self.tokens[0][1] == value and self.tokens[0][0] != "string"

    def name(self):
        kind, value = self.take()
        if kind not in ("string", "word", "number"):
            raise ValueError(f"{value!r} is no name")
        return value

    def attributes(self):
        found = {}
        self.take("[")
        while not self.next_is("]"):
            name = self.name()
            self.take("=")
            if name in found:
                raise ValueError(f"{name} twice")
            found[name] = self.name()
            if not self.next_is("]"):
                self.take(",")
        self.take("]")
        return found


def read(text):
    """({node: attributes}, [(from, to, attributes)])."""
    reader, nodes, edges = _Reader(text), {}, []
    reader.take("digraph")
    reader.name()
    reader.take("{")
    while not reader.next_is("}"):
        name = reader.name()
        if reader.next_is("="):
            reader.take("=")
            reader.name()
        elif reader.next_is("->"):
            reader.take("->")
            edges.append((name, reader.name(), reader.attributes()))
        else:
            attributes = reader.attributes()
            if name not in ("node", "edge", "graph"):
                if name in nodes:
                    raise ValueError(f"{name!r} twice")
                nodes[name] = attributes
        reader.take(";")
    reader.take("}")
    if reader.tokens:
        raise ValueError("something behind the graph")
    return nodes, edges
