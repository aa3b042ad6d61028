# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads CSV strictly by RFC 4180: every line ends with CR LF, every row has as many cells as the head, a cell with a
comma, a quote or a line's end is quoted, a quote in it doubled, and nothing else is quoted."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _cell(text, at):
    """(cell, where it ends)."""
    if text[at:at + 1] != '"':
        ends = [i for i in (text.find(",", at), text.find("\r\n", at)) if i >= 0]
        cell = text[at:min(ends)]
        if '"' in cell or "\n" in cell or "\r" in cell:
            raise ValueError(f"not quoted: {cell!r}")
        return cell, min(ends)
    cell, at = "", at + 1
    while True:
        end = text.index('"', at)
        cell += text[at:end]
        if text[end + 1:end + 2] != '"':
            if not any(c in cell for c in ',"\r\n'):
                raise ValueError(f"quoted without need: {cell!r}")
            return cell, end + 1
        cell, at = cell + '"', end + 2


def rows_of(text):
    rows, row, at = [], [], 0
    while at < len(text):
        cell, at = _cell(text, at)
        row.append(cell)
        if text[at] == ",":
            at += 1
        elif text[at:at + 2] == "\r\n":
            rows, row, at = rows + [row], [], at + 2
        else:
            raise ValueError(f"behind a cell: {text[at:at + 20]!r}")
    if row:
        raise ValueError("the last line does not end")
    return rows


def read(text):
    """(rows as dicts, faults)."""
    rows = rows_of(text)
    head, found = rows[0], []
    if len(set(head)) != len(head) or not all(name.isidentifier() for name in head):
        found.append(f"head {head}")
    for i, row in enumerate(rows[1:], 2):
        if len(row) != len(head):
            found.append(f"row {i} has {len(row)} cells, not {len(head)}")
        for cell in row:
            if cell.startswith(FORMULA) or not cell.isprintable():
                found.append(f"row {i}: a spreadsheet would run {cell!r}")
    return [dict(zip(head, row)) for row in rows[1:]], found
