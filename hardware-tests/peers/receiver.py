#!/usr/bin/env python3
"""A receiver of the offset contract on the standard library, its rules written from docs/uplink-http.md alone:
receiver.py FILE [PORT]. It prints its port. It speaks gzip and plain units, takes no media and asks for no token.

FILE gets one line per unit, the state of its epoch and its records, fsynced before the answer: both are there or none.
A start reads the states back and cuts off a last line that a crash left torn.
"""
import fcntl, gzip, io, json, os, re, sys, zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

LIMIT = 16 << 20
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(?:\s*:\s*(?={))?|[{}\[\]]')
MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError, EOFError, zlib.error, gzip.BadGzipFile)
file, known, lock, good = open(sys.argv[1], "a+b", buffering=0), {}, Lock(), 0  # known: key -> epoch -> state, oldest first
fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
for line in open(sys.argv[1], "rb"):
    if not line.endswith(b"\n"):
        break
    unit = json.loads(line)
    known.setdefault(unit["key"], {})[unit["state"]["epoch"]] = unit["state"]
    good += len(line)
file.truncate(good)
os.fsync(file.fileno())
os.fsync(os.open(os.path.dirname(os.path.abspath(sys.argv[1])), os.O_RDONLY))


class Refused(Exception):
    """Nothing was stored: status, code, detail."""


def judge(epochs, unit, first, to):
    """The table, from the top: status, state to answer with, and where to store from (None: nothing to store)."""
    epoch, previous, followed = unit["epoch"], unit.get("previous"), {s["previous"] for s in epochs.values()}
    if epoch in epochs:
        state = epochs[epoch]
        if to <= state["next"]:
            return 200, state, None  # 1
        if first > state["next"]:
            return 409, state, None  # 2
        if epoch in followed:
            raise Refused(403, "gateway-id-in-use", "gateway id in use by another home")  # 3
        return 200, {**state, "next": to}, state["next"]  # 4
    state = {"epoch": epoch, "first": first, "next": to, "previous": previous and previous["epoch"], "fork": False}
    if epochs and state["previous"] not in epochs:
        if unit.get("fork") is not True:
            return 409, list(epochs.values())[-1], None  # 7
        state["fork"] = True  # 6
    elif epochs:
        before, end = epochs[previous["epoch"]], int(previous["to"])
        if before["next"] < end:
            return 409, before, None  # 8
        state["fork"] = before["epoch"] in followed or before["next"] > end  # 9
        if first > end and not state["fork"]:
            return 409, before, None  # 10
    return 200, state, first  # 5, 6, 9, 11


def parse(line):
    """A line with null for its data, and the data as it stands there."""
    depth, start = 0, None
    for token in TOKEN.finditer(line):
        text = token.group()
        if depth == 1 and text.startswith('"data"') and text[-1] != '"':
            start = token.end()
        depth += (text in "{[") - (text in "}]")
        if start is not None and depth == 1 and text == "}":
            return json.loads(line[:start] + "null" + line[token.end():]), line[start:token.end()]
    return json.loads(line), None


def records(lines, at, to, start, origin):
    """What is stored of the lines of a unit, from start on."""
    kept = []
    for line in lines:
        record, data = parse(line)
        gap, first = record.get("gap"), at
        at = int(gap["to"]) if gap else at + 1
        if at < first or int(gap["from"] if gap else record["sequenceNumber"]) != first:
            raise ValueError("a number is missing or out of order")
        if gap:
            gap["from"] = str(max(first, start))
        elif data is None and not isinstance(record.get("dataBase64"), str):
            raise ValueError("a record without data")
        elif "origin.gateway" not in record["attributes"]:
            own = {"origin.sequence": str(first), "origin.arrival": record["arrivalTime"]}
            record["attributes"].update({**origin, **own})
        if at > start or at == first == start:
            record.pop("data", None)
            kept.append(json.dumps(record)[:-1] + (',"data":' + data if data else "") + "}")
    if at != to:
        raise ValueError("the lines do not cover the range")
    return kept


def receive(path, body):
    lines = body.decode().removesuffix("\n").split("\n")
    unit = json.loads(lines[0])
    first, to, key = int(unit["from"]), int(unit["to"]), path + "?lane=" + unit.get("lane", "main")
    gateway, _, shard = path.split("/")[3:]
    if unit["v"] != 1 or not 0 < first < to or not re.fullmatch("[0-9a-f]{16}", unit["epoch"]):
        raise ValueError("the first line")
    with lock:  # a unit may come again while it is still being stored
        epochs = known.get(key, {})
        status, state, start = judge(epochs, unit, first, to)
        if start is not None:
            origin = {"origin.gateway": gateway, "origin.epoch": unit["epoch"], "origin.shard": shard}
            store({"key": key, "state": state, "records": records(lines[1:], first, to, start, origin)})
            known[key] = {**epochs, unit["epoch"]: state}
    return status, {"epoch": state["epoch"], "next": str(state["next"]), "fork": state["fork"]}


def store(unit):
    line, end = json.dumps(unit).encode() + b"\n", os.path.getsize(sys.argv[1])
    try:
        if file.write(line) < len(line):
            raise OSError("no room")
        os.fsync(file.fileno())
    except OSError as e:
        file.truncate(end)
        raise Refused(503, "log-refused", str(e))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        states = known.get(path + "?" + (query or "lane=main"), {}).values()
        self.answer(200, {"epochs": [{"epoch": s["epoch"], "first": str(s["first"]), "next": str(s["next"])} for s in states]})

    def do_PUT(self):
        self.take()
        self.answer(501, {"code": "no-such-path", "detail": "media is not taken here"})

    def do_POST(self):
        try:
            self.answer(*self.post())
        except Refused as e:
            self.answer(e.args[0], {"code": e.args[1], "detail": e.args[2]})
        except MALFORMED as e:
            self.answer(400, {"code": "unit-malformed", "detail": repr(e)})

    def post(self):
        body, encoding = self.take(), self.headers.get("Content-Encoding", "identity")
        if encoding not in ("gzip", "identity"):
            raise Refused(415, "encoding-not-supported", "gzip or nothing")
        if encoding == "gzip" and len(body) <= LIMIT:
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(LIMIT + 1)
        if len(body) > LIMIT:
            raise Refused(413, "unit-too-large", "")
        return receive(self.path, body)

    def take(self):
        """The body: all of it is read before an answer, and not much more than LIMIT is kept."""
        kept, left = bytearray(), int(self.headers["Content-Length"])
        while left and (part := self.rfile.read(min(left, 1 << 16))):
            left -= len(part)
            kept += part if len(kept) <= LIMIT else b""
        return bytes(kept)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/problem+json" if "code" in value else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
