#!/usr/bin/env python3
"""compare.py PIPE [short]: holds src/ws/deflate against Python's zlib, in both directions, and prints
what was compared. Ends with status 1 at the first difference. `short` takes a sample of it."""
import random
import struct
import subprocess
import sys
import time
import zlib

import corpus

TAIL = b"\x00\x00\xff\xff"
short = "short" in sys.argv[2:]
pipe = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def ask(what: str, data: bytes, level=6, bits=15, goes_on=False, cut=0):
    pipe.stdin.write(struct.pack("<cBBBII", what.encode(), level, bits, goes_on, cut, len(data)) + data)
    pipe.stdin.flush()
    error, size = struct.unpack("<BI", pipe.stdout.read(5))
    return error, pipe.stdout.read(size)


def compress(data: bytes, **options) -> bytes:
    return ask("c", data, **options)[1] + TAIL


def zlib_compress(data: bytes, level=6, bits=15, memory=8, strategy=0, flush=zlib.Z_FINISH) -> bytes:
    # zlib has no raw streams with a window of 256 bytes.
    made = zlib.compressobj(level, zlib.DEFLATED, -max(bits, 9), memory, strategy)
    return made.compress(data) + made.flush(flush)


def check(holds: bool, what: str) -> None:
    if not holds:
        sys.exit(f"compare: different: {what}")


def ours_to_zlib(data: bytes, name: str, level: int, bits: int) -> None:
    back = zlib.decompressobj(-bits)
    check(back.decompress(compress(data, level=level, bits=bits)) == data and not back.unconsumed_tail,
          f"zlib reads our {name}, level {level}, {bits} bits")


def zlib_to_ours(data: bytes, name: str, cut: int, **options) -> None:
    bits = max(options.get("bits", 15), 9)
    for flush in (zlib.Z_FINISH, zlib.Z_SYNC_FLUSH):
        error, got = ask("d", zlib_compress(data, flush=flush, **options), bits=bits, cut=cut)
        check(error == 0 and got == data, f"we read zlib's {name}, cut {cut}, {options}")


def every_file() -> None:
    for name, data in corpus.files().items():
        sample = data[:60_000] if short else data
        for bits in range(8, 16):
            for level in (1, 6, 9) if short else range(1, 10):
                ours_to_zlib(sample, name, level, bits)
                zlib_to_ours(sample, name, 0, level=level, bits=bits)
        for strategy in (zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED):
            for memory in (1, 9):
                zlib_to_ours(sample, name, 1000, strategy=strategy, memory=memory)
        zlib_to_ours(sample, name, 0, level=0)
        for cut in (1, 2, 3, 7, 64, 300, 4096):
            zlib_to_ours(sample[:20_000], name, cut)


def every_size() -> None:
    stream = corpus.mixed(70_000)
    for size in range(0, 70_001, 997 if short else 1):
        data = stream[:size]
        level = (1, 6, 9)[size % 3]
        ours_to_zlib(data, f"mixed[:{size}]", level, 15)
        zlib_to_ours(data, f"mixed[:{size}]", 0, level=level)


def every_cut() -> None:
    data = corpus.mixed(3_000)
    for cut in range(1, 1200, 37 if short else 1):
        zlib_to_ours(data, "mixed", cut)


def conversations() -> None:
    """Messages that refer to those before, as with context takeover."""
    stream = corpus.mixed(70_000)
    chance = random.Random(3)
    for bits in range(8, 16):
        theirs = zlib.compressobj(6, zlib.DEFLATED, -max(bits, 9))
        back = zlib.decompressobj(-bits)
        for number in range(60 if short else 600):
            begin = chance.randrange(60_000)
            data = stream[begin:begin + chance.randrange(3_000)]
            sent = compress(data, bits=bits, goes_on=number > 0, level=(1, 6)[bits % 2])
            check(back.decompress(sent) == data, f"zlib reads our message {number}, {bits} bits")
            message = theirs.compress(data) + theirs.flush(zlib.Z_SYNC_FLUSH)
            error, got = ask("d", message, bits=max(bits, 9), goes_on=number > 0)
            check(error == 0 and got == data, f"we read zlib's message {number}, {bits} bits")


def verdicts() -> None:
    """Streams with a few bits flipped: both read the same, or both refuse."""
    chance = random.Random(4)
    sources = [zlib_compress(corpus.mixed(size), level) for size in (40, 300, 3_000) for level in (0, 1, 9)]
    refused = 0
    for number in range(3_000 if short else 200_000):
        stream = bytearray(chance.choice(sources))
        for _ in range(chance.randrange(1, 4)):
            # Mostly in front, where the codes stand.
            place = chance.randrange(min(len(stream), chance.choice((8, 80, len(stream)))))
            stream[place] ^= 1 << chance.randrange(8)
        theirs = zlib.decompressobj(-15)
        said = ""
        try:
            expected = theirs.decompress(bytes(stream))
        except zlib.error as error:
            said = str(error)
        # RFC 1951 allows 32 distance codes to be listed; zlib takes 30.
        if "too many length or distance" in said:
            continue
        error, got = ask("d", bytes(stream), cut=chance.choice((0, 0, 1, 50)))
        refused += said != ""
        if said:
            check(error not in (0,), f"zlib refuses stream {number} ({said}): {stream.hex()}")
        else:
            check(got == expected, f"stream {number} reads differently: {stream.hex()}")
    print(f"  {refused} of them refused")


for part in (every_file, every_size, every_cut, conversations, verdicts):
    began = time.monotonic()
    part()
    print(f"{part.__name__.replace('_', ' ')}: the same as zlib {zlib.ZLIB_RUNTIME_VERSION}"
          f" ({time.monotonic() - began:.0f} s)", flush=True)
