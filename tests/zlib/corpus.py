#!/usr/bin/env python3
"""corpus.py FOLDER: writes files to compress, of the kinds that people send: text in two alphabets,
JSON, source code, HTML, images, bytes that cannot be compressed, and bytes that can be too well.
The repository's own texts and sources are the words; nothing is fetched."""
import json
import random
import struct
import sys
import zlib
from pathlib import Path

RUSSIAN = ("привет как дела сегодня хорошая погода и мы пойдём гулять в парк сервер отвечает на "
           "сообщение через сокет кадр за кадром поток байт сжатие данных клиент ждёт ответа").split()


def bitmap(noise: random.Random) -> bytes:
    """A picture without compression: a sky with clouds, some noise."""
    width, height = 320, 240
    rows = bytearray()
    for y in range(height):
        for x in range(width):
            shade = (x * x // 97 + y * 3) // 4 % 200
            rows += bytes((shade, min(255, shade + y // 4), 255 - shade // 2 + noise.randrange(3) - 1
                           if shade > 2 else 250))
    return struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54 + len(rows), 0, 0, 54, 40, width, height, 1, 24,
                       0, len(rows), 2835, 2835, 0, 0) + rows


def files() -> dict:
    root = Path(__file__).resolve().parents[2]
    chance = random.Random(1951)
    read = lambda *patterns: b"".join(path.read_bytes() for pattern in patterns
                                      for path in sorted(root.glob(pattern)))
    english = read("lessons/*/README.md", "lessons/*/exercises.md", "README.md", "src/README.md")
    words = english.decode().split()[:4000]
    records = [{"id": number, "user": chance.choice(("anna", "boris", "chen")),
                "text": " ".join(chance.choices(words, k=9)), "time": 1_700_000_000 + 7 * number,
                "price": round(chance.random() * 1000, 2)} for number in range(1500)]
    picture = bitmap(chance)
    made = {
        "english": english,
        "json": json.dumps(records).encode(),
        "cyrillic": " ".join(chance.choices(RUSSIAN, k=20_000)).encode(),
        "source": read("src/*/*.cpp", "src/*/*.hpp"),
        "html": read("clients/browser/*.html", "clients/browser/*.js", "clients/browser/*.css"),
        "bitmap": picture,
        "packed-image": zlib.compress(picture),
        "random": chance.randbytes(200_000),
        "zeros": bytes(500_000),
        "periodic": b"abcdefghijklmnopq" * 20_000,
        "message": json.dumps(records[0]).encode(),
        "note": " ".join(words[:300]).encode(),
    }
    return {name: data for name, data in made.items() if data}


def mixed(size: int) -> bytes:
    """A stream in which all of them follow each other in small parts."""
    chance = random.Random(7692)
    kinds = list(files().values())
    data = bytearray()
    while len(data) < size:
        kind = chance.choice(kinds)
        begin = chance.randrange(len(kind))
        data += kind[begin:begin + chance.randrange(600)]
    return bytes(data[:size])


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files().items():
        (folder / name).write_bytes(data)
