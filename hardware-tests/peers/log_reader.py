#!/usr/bin/env python3
"""Reads a log directory of format 1 by docs/design/0008-log-format-1.md alone, and prints what is in it, a line each.

usage: log_reader.py DIRECTORY [KEY]...   (a copy: SQLite recovers its write-ahead log in place; needs the command zstd)

KEY is a master key of an encrypted log, 64 hexadecimal digits.
"""
import hashlib
import hmac
import os
import re
import sqlite3
import struct
import subprocess
import sys

REASONS = ["expired", "evicted", "corrupt", "rejected", "filtered", "unsynced", "renumbered"]


def crc32c_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


TABLE = crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for octet in data:
        crc = TABLE[(crc ^ octet) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


# -- encryption: docs/design/0005-encryption-at-rest.md, RFC 5869, RFC 8439


def hkdf(secret, salt, info, length):
    pseudo = hmac.new(salt or bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(pseudo, info + b"\1", hashlib.sha256).digest()[:length]


def key_id(master):
    return int.from_bytes(hkdf(master, b"", b"tidegate log key id 1", 8), "big") >> 1


def chacha_block(key, counter, nonce):
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce))
    x = state[:]
    for _ in range(10):
        for a, b, c, d in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            for to, plus, turn, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[to] = x[to] + x[plus] & 0xFFFFFFFF
                v = x[turn] ^ x[to]
                x[turn] = (v << by | v >> 32 - by) & 0xFFFFFFFF
    return struct.pack("<16I", *((one + other) & 0xFFFFFFFF for one, other in zip(x, state)))


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:32], "little")) & (1 << 128) - 1).to_bytes(16, "little")


def decrypt(master, sealed, associated):
    key = hkdf(master, sealed[:32], b"tidegate log data key 1", 32)
    nonce = bytes(4) + sealed[32:40]
    text, tag = sealed[40:-16], sealed[-16:]
    pad = lambda data: data + bytes(-len(data) % 16)
    mac = pad(associated) + pad(text) + struct.pack("<QQ", len(associated), len(text))
    if poly1305(chacha_block(key, 0, nonce)[:32], mac) != tag:
        raise ValueError("wrong key, or not what was encrypted")
    stream = b"".join(chacha_block(key, 1 + i, nonce) for i in range((len(text) + 63) // 64))
    return bytes(one ^ other for one, other in zip(text, stream))


class Reader:
    """Varints, texts and bytes, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def more(self):
        return self.at < len(self.data)

    def take(self, length):
        if self.at + length > len(self.data):
            raise ValueError("it ends too early")
        self.at += length
        return self.data[self.at - length:self.at]

    def octet(self):
        return self.take(1)[0]

    def unsigned(self):
        value = shift = 0
        while True:
            octet = self.octet()
            value |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                return value

    def signed(self):
        value = self.unsigned()
        return value >> 1 ^ -(value & 1)

    def bytes(self):
        return self.take(self.unsigned())

    def text(self):
        return self.bytes().decode("utf-8")

    def hash(self):
        return int.from_bytes(self.take(16), "big")

    def list(self, one):
        return [one() for _ in range(self.unsigned())]


class Log:
    def __init__(self):
        self.streams, self.shards, self.names = {}, {}, {}
        self.required, self.checkpoints, self.state, self.cuts = {}, {}, {}, {}
        self.gateway = ""

    # -- control entries: "Control entries" of the design note

    def fold(self, r):
        kind = r.octet()
        if kind == 1:
            name = r.text()
            self.streams[name] = stream_settings(r)
        elif kind == 2:
            self.open(r)
        elif kind == 4:
            self.checkpoint(r)
        elif kind == 5:
            key = r.text()
            value = r.bytes() if r.octet() else None
            self.state[key] = value
            if value is None:
                del self.state[key]
        elif kind == 6:
            self.move(self.shards.get(r.unsigned()), r)
        elif kind == 7:
            self.hole(self.shards.get(r.unsigned()), r, True)
        elif kind == 10:
            name, required, streams = r.text(), r.octet(), r.list(r.text)
            self.required.pop(name, None)
            if required:
                self.required[name] = streams
        elif kind == 11:
            name, stream = r.text(), r.text()
            for place in [p for p in self.checkpoints if p[0] == name and p[1] == () and p[2][0] == stream]:
                del self.checkpoints[place]
        elif kind == 24:
            self.shards[r.unsigned()]["open"] = False
        elif kind == 25:
            self.forget(r.unsigned())
        elif kind == 26:
            name = r.text()
            for ordinal in [o for o, s in self.shards.items() if s["stream"] == name]:
                self.forget(ordinal)
            self.streams.pop(name, None)
            for place in [p for p in self.checkpoints
                          if len(p[1]) > 0 and not any(s in self.streams for s in p[1])]:
                del self.checkpoints[place]
        elif kind == 32:
            self.gateway = r.text()
        elif kind == 33:
            shard = self.open(r)
            shard["next"], shard["horizon"] = r.unsigned(), r.unsigned()
            r.unsigned(), r.octet(), r.signed()
            shard["bytes"] = r.unsigned()
            for count in ("appended", "expired", "evicted", "corrupt"):
                shard[count] = r.unsigned()
            shard["epochs"] = r.list(lambda: [r.unsigned(), r.unsigned(), r.unsigned()])
        elif kind == 35:
            number, _, end = r.unsigned(), r.unsigned(), r.unsigned()
            self.cuts[number] = end
        elif kind == 36:
            self.hole(self.shards.get(r.unsigned()), r, False)
        # 3, 8, 9, 20, 21, 34, 52, 60, 61: epochs, readers, clocks, windows and counts of the past are not shown here

    def open(self, r):
        ordinal, stream, number = r.unsigned(), r.text(), r.unsigned()
        start, end, first = r.hash(), r.hash(), r.unsigned()
        shard = {"stream": stream, "number": number, "start": start, "end": end, "parents": r.list(r.unsigned),
                 "open": True, "next": first, "horizon": first, "bytes": 0, "appended": 0, "expired": 0, "evicted": 0,
                 "corrupt": 0, "epochs": [], "holes": []}
        self.shards[ordinal] = shard
        self.names[ordinal] = (stream, number)
        return shard

    def forget(self, ordinal):
        shard = self.shards.pop(ordinal)
        for place in [p for p in self.checkpoints if p[1] == () and p[2] == (shard["stream"], shard["number"])]:
            del self.checkpoints[place]

    def checkpoint(self, r):
        name, scope = r.text(), r.octet()
        place = (name, (), (r.text(), r.unsigned())) if scope == 0 else (name, tuple(sorted(r.list(r.text))), ())
        if r.octet() == 0:
            self.checkpoints[place] = str(r.unsigned()), r.bytes()
        else:
            self.checkpoints[place] = "%d:%d" % (r.unsigned(), r.unsigned()), r.bytes()

    def move(self, shard, r):
        horizon, _, reason, size, _ = r.unsigned(), r.unsigned(), r.octet(), r.unsigned(), r.signed()
        if shard is None:
            return
        lost = sum(max(0, min(to, horizon) - max(start, shard["horizon"])) for start, to, *_ in shard["holes"])
        shard["expired" if reason == 0 else "evicted"] += horizon - shard["horizon"] - lost
        shard["horizon"] = horizon
        shard["bytes"] = max(0, shard["bytes"] - size)
        shard["holes"] = [hole for hole in shard["holes"] if hole[1] > horizon]

    def hole(self, shard, r, counts):
        start, to, records, exact, reason, _ = r.unsigned(), r.unsigned(), r.unsigned(), r.octet(), r.octet(), r.signed()
        if shard is None or to <= shard["horizon"]:
            return
        start = max(start, shard["horizon"])
        if any(a <= start < b for a, b, *_ in shard["holes"]):
            return
        shard["holes"].append((start, to, REASONS[reason], exact))
        if counts and exact and reason == 2:
            shard["corrupt"] += to - start
            shard["appended"] += to - start if start >= shard["next"] else 0
        shard["next"] = max(shard["next"], to)

    def block(self, row):
        epoch = row[1]
        control = Reader(row[6])
        while control.more():
            self.fold(Reader(control.bytes()))
        for ordinal, first, count, size in directory(row[7]):
            shard = self.shards.get(ordinal)
            if shard is None:
                continue
            shard["next"] = first + count
            shard["appended"] += count
            shard["bytes"] += size
            if shard["epochs"] and shard["epochs"][-1][0] == epoch:
                shard["epochs"][-1][2] = first + count
            else:
                shard["epochs"].append([epoch, first, first + count])


def stream_settings(r):
    shards, retention, size, record, on_full, priority = (
        r.unsigned(), r.unsigned(), r.unsigned(), r.unsigned(), r.octet(), r.octet())
    mode, received, created = r.octet(), r.unsigned(), r.signed()
    return "shards %d retention %d bytes-max %d record-max %d on-full %s priority %s mode %s received-max %d created %d" % (
        shards, retention, size, record, ["drop-oldest", "reject"][on_full],
        ["", "bulk", "normal", "important"][priority], ["on-demand", "provisioned"][mode], received, created)


def directory(data):
    r = Reader(data)
    return r.list(lambda: (r.unsigned(), r.unsigned(), r.unsigned(), r.unsigned()))


def is_sound(row):
    data = struct.pack(">9q", *row[0:6], row[8], row[9], row[10])
    for part in (row[6], row[7], row[12]):
        data += struct.pack(">q", len(part)) + part
    return crc32c(data) == row[11]


def opened(row, segment, keys):
    """The row as it would be without encryption."""
    if row[9] == 0:
        return row
    associated = struct.pack(">bq9q", 1, segment, *row[0:6], row[8], row[9], row[10]) + row[7]
    plain = decrypt(keys[row[9]], row[12], associated)
    end = 4 + int.from_bytes(plain[:4], "big")
    return row[:6] + (plain[4:end],) + row[7:12] + (plain[end:],)


def body_of(row):
    if row[8] == 0:
        return row[12]
    done = subprocess.run(["zstd", "-d", "-c"], input=row[12], stdout=subprocess.PIPE, check=True)
    if len(done.stdout) != row[10]:
        raise ValueError("block %d inflates to %d bytes of %d" % (row[0], len(done.stdout), row[10]))
    return done.stdout


def records(row):
    runs = directory(row[7])
    if not runs:
        return
    r = Reader(body_of(row))
    keys = r.list(r.text)
    sets = r.list(lambda: (r.text(), r.list(lambda: (r.text(), r.text()))))
    following = [run[1] for run in runs]
    index = 0
    while r.more():
        run = r.unsigned()
        if run >= len(runs):
            missing = r.unsigned()
            following[run - len(runs)] += missing
            index += missing
            continue
        key, of = keys[r.unsigned()], sets[r.unsigned()]
        flags = r.octet()
        hash_key = str(r.hash()) if flags & 1 else "-"
        if flags & 2:
            r.signed()
        event = row[4] + (r.signed() if flags & 4 else 0)
        data = r.bytes()
        yield (runs[run][0], following[run], index, key, hash_key, event,
               ["device", "arrival", "clamped"][flags >> 4 & 3], of, data)
        following[run] += 1
        index += 1


def connect(path):
    connection = sqlite3.connect(path)
    connection.text_factory = bytes
    return connection


def read(path, keys):
    files = sorted(name for name in os.listdir(path) if re.fullmatch("[0-9]{8}\\.seg", name))
    log = Log()
    live = connect(os.path.join(path, files[-1]))
    for position, key, entry, crc in live.execute("SELECT position, key_id, entry, crc FROM snapshot ORDER BY position"):
        if crc32c(struct.pack(">qq", position, key) + entry) != crc:
            raise ValueError("row %d of the snapshot fails its CRC" % position)
        if key != 0:
            entry = decrypt(keys[key], entry, struct.pack(">bqqq", 2, int(files[-1][:8]), position, key))
        log.fold(Reader(entry))
    blocks = []
    for name in files:
        number = int(name[:8])
        segment = connect(os.path.join(path, name))
        if segment.execute("PRAGMA application_id").fetchone()[0] != 0x54474C47 or \
                segment.execute("PRAGMA user_version").fetchone()[0] != 1:
            raise ValueError(name + " is no segment of format 1")
        rows = segment.execute("SELECT lsn, epoch, boot, mono_ns, time_ms, time_quality, control, directory, codec,"
                               " key_id, raw_length, crc, body FROM block ORDER BY lsn")
        for row in rows:
            if row[0] >= log.cuts.get(number, 1 << 63):
                continue
            if not is_sound(row):
                print("block %d is damaged" % row[0], file=sys.stderr)
                continue
            row = opened(row, number, keys)
            blocks.append(row)
            if name == files[-1]:
                log.block(row)
    return log, blocks


def show(log, blocks):
    print("log of %s" % log.gateway)
    for name in sorted(log.streams):
        print("stream %s %s" % (name, log.streams[name]))
    for shard in sorted(log.shards.values(), key=lambda one: (one["stream"], one["number"])):
        print("shard %(stream)s/%(number)d %(start)d..%(end)d" % shard, "of", shard["parents"],
              "open" if shard["open"] else "closed", "next %(next)d horizon %(horizon)d bytes %(bytes)d "
              "appended %(appended)d expired %(expired)d evicted %(evicted)d corrupt %(corrupt)d" % shard)
        for epoch, first, end in shard["epochs"]:
            print("epoch %s/%d %016x %d..%d" % (shard["stream"], shard["number"], epoch, first, end))
        for start, to, reason, exact in shard["holes"]:
            print("hole %s/%d %d..%d %s%s" % (shard["stream"], shard["number"], start, to, reason,
                                              "" if exact else " at most"))
    for name in sorted(log.required):
        print("required", name, ",".join(log.required[name]))
    for (name, streams, shard), (place, opaque) in sorted(log.checkpoints.items()):
        print("place %s in %s: %s %s" % (name, ",".join(streams) if streams else "%s/%d" % shard, place, opaque.hex()))
    for key in sorted(log.state):
        print("state %s %s" % (key, log.state[key].hex()))
    for row in blocks:
        for ordinal, number, index, key, hash_key, event, origin, (kind, attributes), data in records(row):
            shard = log.shards.get(ordinal)
            if shard is None or number < shard["horizon"]:
                continue
            print("record %s/%d %d at %d:%d epoch %016x key %s hash %s arrived %d %s event %d %s %s {%s} %d %s" % (
                shard["stream"], shard["number"], number, row[0], index, row[1], key, hash_key, row[4],
                ["synced", "estimated"][row[5]], event, origin, kind,
                ",".join("%s=%s" % pair for pair in attributes), len(data), hashlib.sha256(data).hexdigest()))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.stdout.reconfigure(encoding="utf-8")
    masters = [bytes.fromhex(key) for key in sys.argv[2:]]
    show(*read(sys.argv[1], {key_id(master): master for master in masters}))
