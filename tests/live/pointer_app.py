#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A name server for reverse lookups only, which can also lie or keep silent. Leaves placing it to the tests.

usage: pointer_app.py ADDRESS RECORDS
RECORDS: JSON, {address: its name's labels; [] if it has none; null if that is never told}. Of other addresses it says
that they have no name. Each question is written to standard output, as one line: the address, or the name asked for.
"""

import ipaddress
import json
import socket
import struct
import sys

_PORT = 53
_POINTER, _INTERNET, _TTL_S = 12, 1, 60
_ANSWER, _NO_SUCH_NAME = 0x8580, 0x8583
_QUESTION_NAME = 0xc00c  # a pointer to the name behind the header
_LARGEST = 512


def read_name(message, at):
    """(the name, where it ends)"""
    labels = []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin-1").lower())
        at += 1 + message[at]
    return ".".join(labels), at + 1


def pack_name(labels):
    packed = [label.encode("latin-1") for label in labels]
    return b"".join(bytes([len(label)]) + label for label in packed) + b"\0"


def answer_to(question, labels):
    name, end = read_name(question, 12)
    header = struct.pack("!HHHHHH", *struct.unpack_from("!H", question), _ANSWER if labels else _NO_SUCH_NAME, 1,
                         1 if labels else 0, 0, 0)
    reply = header + question[12:end + 4]
    if labels:
        data = pack_name(labels)
        reply += struct.pack("!HHHIH", _QUESTION_NAME, _POINTER, _INTERNET, _TTL_S, len(data)) + data
    return name, reply


def serve(address, records):
    by_name = {ipaddress.ip_address(one).reverse_pointer: (one, labels) for one, labels in records.items()}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((address, _PORT))
        while True:
            question, client = listener.recvfrom(_LARGEST)
            name, _ = read_name(question, 12)
            asked, labels = by_name.get(name, (name, []))
            print(asked, flush=True)
            if labels is not None:
                listener.sendto(answer_to(question, labels)[1], client)


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]))
