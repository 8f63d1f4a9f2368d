#!/usr/bin/env python3
"""Marks one needed symbol version of an ELF64 shared object as weak.

TorchSharp 0.107's libLibTorchSharp.so was built with GCC 13 and asks for GLIBCXX_3.4.32, for one symbol that does
nothing (std::ios_base_library_init). Debian 12 has 3.4.30. With the need marked weak and the symbol preloaded it loads.

usage: patch_verneed.py FILE [VERSION]
"""
import struct
import sys

SHT_GNU_VERNEED, VER_FLG_WEAK = 0x6FFFFFFE, 2


def sections(data):
    """(type, file offset, linked section) of each."""
    table, = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    for i in range(count):
        fields = struct.unpack_from("<IIQQQQIIQQ", data, table + i * size)
        yield fields[1], fields[4], fields[6]


def weaken(path, version):
    with open(path, "rb") as f:
        data = bytearray(f.read())
    found, every = 0, list(sections(data))
    for kind, need, link in every:
        if kind != SHT_GNU_VERNEED:
            continue
        names = every[link][1]
        while True:
            _, count, _, first, following = struct.unpack_from("<HHIII", data, need)
            entry = need + first
            for _ in range(count):
                _, flags, _, name, after = struct.unpack_from("<IHHII", data, entry)
                if data[names + name : data.index(0, names + name)] == version:
                    struct.pack_into("<H", data, entry + 4, flags | VER_FLG_WEAK)
                    found += 1
                entry += after
            if not following:
                break
            need += following
    with open(path, "wb") as f:
        f.write(data)
    return found


if __name__ == "__main__":
    print(weaken(sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else "GLIBCXX_3.4.32").encode()), "marked weak")
