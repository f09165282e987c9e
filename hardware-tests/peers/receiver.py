#!/usr/bin/env python3
"""A small receiver, its rules written from docs/uplink-http.md alone: receiver.py FILE [PORT]. It prints its port.
gzip and plain units; no media, no token, few checks. FILE gets a line per unit, fsynced before the answer."""
import gzip, io, json, os, re, sys, threading, urllib.parse, zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
LIMIT, file, shards, lock = 16 << 20, open(sys.argv[1], "a+b"), {}, threading.Lock()  # shards: key -> epoch -> state

def remember(key, head, fork):
    new = {"epoch": head["epoch"], "first": head["from"], "previous": head["previous"] or {}, "fork": fork}
    state = shards.setdefault(key, {}).setdefault(head["epoch"], new)
    state["next"] = head["to"]
    return state

def parse(body):
    """The header and (from, to, line) of every line after it."""
    lines = body.decode().split("\n")
    head, spans = json.loads(lines[0]), []
    at = start = int(head["from"])
    for text in lines[1:-1]:
        line = json.loads(text, parse_int=float)
        low = int(line["gap"]["from"] if "gap" in line else line["sequenceNumber"])
        high = int(line["gap"]["to"]) if "gap" in line else low + 1
        if low != at or high < low:
            raise ValueError("numbers do not follow")
        spans.append((low, high, text))
        at = high
    if lines[-1] or head["v"] != 1 or not start < at == int(head["to"]) or head["previous"] and not head["previous"]["to"]:
        raise ValueError("not a unit")
    return head, spans

def judge(key, head, spans):
    """The table of the page from the top."""
    known, old, start, end = shards.get(key, {}), head["previous"] or {}, int(head["from"]), int(head["to"])
    mine, before, fork = known.get(head["epoch"]), known.get(old.get("epoch")), False
    named = lambda e: any(s["previous"].get("epoch") == e and s is not mine for s in known.values())
    if mine:
        have, fork = int(mine["next"]), mine["fork"]
        if end <= have or start > have:
            return 200 if end <= have else 409, mine
        if named(head["epoch"]):
            return 403, {"code": "gateway-id-in-use", "detail": "gateway id in use by another home"}
        spans = [(max(s[0], have), *s[1:]) for s in spans if s[0] >= have or s[1] > have]
        low, high, text = spans[0]
        if "gap" in (gap := json.loads(text, parse_int=float)):
            gap["gap"]["from"] = str(low)
            spans[0] = low, high, json.dumps(gap)
    elif not known and start > 1:
        return 409, {"epoch": head["epoch"], "next": "1", "fork": False}
    elif known and not before:
        if head.get("fork") is not True:
            return 409, list(known.values())[-1]
        fork = True
    elif known:
        fork = int(before["next"]) >= int(old["to"]) and (named(old["epoch"]) or int(before["next"]) > int(old["to"]))
        if not fork and (int(before["next"]) < int(old["to"]) or start > int(old["to"])):
            return 409, before
    try:
        unit = {"key": key, "header": head, "fork": fork, "records": [s[2] for s in spans]}
        file.write(json.dumps(unit).encode() + b"\n"), file.flush(), os.fsync(file.fileno())
    except OSError:
        os._exit(1)  # a new start tells how much is there
    return 200, remember(key, head, fork)

class Handler(BaseHTTPRequestHandler):
    log_message = lambda *_: None  # no line per request

    protocol_version, disable_nagle_algorithm, timeout = "HTTP/1.1", True, 60

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        path, encoding = urllib.parse.urlsplit(self.path), self.headers.get("Content-Encoding", "identity")
        shard = re.fullmatch(r"/sync/v1/([\w.-]+/[\w.-]+/shardId-\d{12})", path.path)
        status, answer = 404, {"code": "no-such-path"}
        if self.command == "PUT":
            status, answer = 501, {"code": "no-such-path", "detail": "media is not taken here"}
        elif shard and self.command == "GET":
            lane = urllib.parse.parse_qs(path.query).get("lane", ["main"])[0]
            with lock:
                known = shards.get(shard[1] + "/" + lane, {}).values()
                status, answer = 200, {"epochs": [{k: s[k] for k in ("epoch", "first", "next")} for s in known]}
        elif encoding not in ("gzip", "identity"):
            status, answer = 415, {"code": "encoding-not-supported"}
        elif shard:
            try:
                raw = gzip.GzipFile(fileobj=io.BytesIO(body)).read(LIMIT + 1) if encoding == "gzip" else body
                status, answer = 413, {"code": "unit-too-large"}
                if len(raw) <= LIMIT:
                    head, spans = parse(raw)
                    with lock:
                        status, answer = judge(shard[1] + "/" + head["lane"], head, spans)
                        answer = {k: answer[k] for k in ("epoch", "next", "fork", "code", "detail") if k in answer}
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError, EOFError, OSError, zlib.error):
                status, answer = 400, {"code": "unit-malformed"}
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/problem+json" if "code" in answer else "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_POST

file.seek(0)
good = 0
for line in file:
    if not line.endswith(b"\n"):
        break
    unit = json.loads(line)
    remember(unit["key"], unit["header"], unit["fork"])
    good += len(line)
file.truncate(good), os.fsync(file.fileno())
server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
