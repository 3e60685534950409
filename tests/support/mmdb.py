# SPDX-License-Identifier: MIT
"""Writes files of countries in the MaxMind DB format 2.0, as its public specification describes it, for
tests: small ones, big ones, and ones that are wrong in a chosen way."""
import ipaddress
import struct
import time

MARK = b"\xab\xcd\xefMaxMind.com"


def control(kind, n):
    """The control byte(s) of a value of this type and size."""
    head = b"" if n < 29 else bytes([n - 29]) if n < 285 else struct.pack(">H", n - 285)
    low = n if n < 29 else 29 if n < 285 else 30
    return (bytes([kind << 5 | low]) if kind < 8 else bytes([low, kind - 7])) + head


def value(v):
    if isinstance(v, str):
        return control(2, len(v.encode())) + v.encode()
    if isinstance(v, dict):
        return control(7, len(v)) + b"".join(value(k) + value(x) for k, x in v.items())
    if isinstance(v, list):
        return control(11, len(v)) + b"".join(value(x) for x in v)
    kind, n = v  # ("u16", 6)
    raw = n.to_bytes(8, "big").lstrip(b"\0")
    return control({"u16": 5, "u32": 6, "u64": 9}[kind], len(raw)) + raw


def as_bits(network, version):
    net = ipaddress.ip_network(network)
    bits = bin(int(net.network_address))[2:].zfill(net.max_prefixlen)[:net.prefixlen]
    return "0" * 96 + bits if version == 6 and net.version == 4 else bits


class Tree:
    """Nodes as [left, right]; a side is None, a node's number, or ("data", offset)."""

    def __init__(self):
        self.nodes = [[None, None]]

    def put(self, bits, what):
        at = 0
        for b in bits[:-1]:
            side = self.nodes[at][int(b)]
            if not isinstance(side, int):  # what stood for the whole range stands for both halves of it
                self.nodes.append([side, side])
                side = self.nodes[at][int(b)] = len(self.nodes) - 1
            at = side
        self.nodes[at][int(bits[-1])] = what

    def node_at(self, bits):
        at = 0
        for b in bits:
            at = self.nodes[at][int(b)]
        return at


def make(networks, version=6, size=24, aliases=True, name="Test-Country", built=None, record=None, twist=None):
    """networks: {"192.0.2.0/24": "DE"}, wide ones first. record: what stands for a country. twist: a change
    of the tree before it is written."""
    data, offsets, tree = b"", {}, Tree()
    for network, country in networks.items():
        if country not in offsets:
            offsets[country] = len(data)
            data += value((record or (lambda c: {"country": {"iso_code": c, "names": {"en": c}}}))(country))
        tree.put(as_bits(network, version), ("data", offsets[country]))
    if version == 6 and aliases:  # IPv4 once more: mapped, and 6to4
        with_v4 = tree.node_at("0" * 96) if any("." in n for n in networks) else None
        if isinstance(with_v4, int):
            tree.put(as_bits("::ffff:0:0/96", 6), with_v4)
            tree.put(as_bits("2002::/16", 6), with_v4)
    if twist:
        twist(tree)
    count = len(tree.nodes)

    def number(side):
        return count if side is None else side if isinstance(side, int) else count + 16 + side[1]
    body = bytearray()
    for left, right in tree.nodes:
        if size == 28:
            l, r = number(left), number(right)
            body += (l & 0xffffff).to_bytes(3, "big") + bytes([(l >> 24) << 4 | r >> 24]) + (r & 0xffffff).to_bytes(3, "big")
        else:
            body += number(left).to_bytes(size // 8, "big") + number(right).to_bytes(size // 8, "big")
    about = {"binary_format_major_version": ("u16", 2), "binary_format_minor_version": ("u16", 0),
             "build_epoch": ("u64", int(time.time()) if built is None else built), "database_type": name,
             "description": {"en": "for tests"}, "ip_version": ("u16", version), "languages": ["en"],
             "node_count": ("u32", count), "record_size": ("u16", size)}
    return bytes(body) + bytes(16) + data + MARK + value(about)
