#!/usr/bin/env python3
"""A receiver of the offset contract (docs/uplink-http.md) on the standard library: receiver.py FILE [PORT].

FILE gets one line per unit: {"key", "epochs", "records"}, fsynced before the answer; read back at the start.
"""
import gzip, json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

file, known, lock = open(sys.argv[1], "a+b"), {}, Lock()
file.seek(0)
good = 0
for line in file:
    if not line.endswith(b"\n"):
        break  # the last write was cut short; nothing was answered for it
    unit = json.loads(line)
    known[unit["key"]] = unit["epochs"]
    good += len(line)
file.truncate(good)


def judge(epochs, unit):
    """The rules, from the top: (status, index of the epoch to name, store from, is a fork)."""
    first, to, previous = int(unit["from"]), int(unit["to"]), unit["previous"]
    names = [e["epoch"] for e in epochs]
    followed = {e["previous"] for e in epochs}
    if unit["epoch"] in names:
        at = names.index(unit["epoch"])
        if to <= epochs[at]["next"]:
            return 200, at, None, False
        if first > epochs[at]["next"]:
            return 409, at, None, False
        return (403, at, None, False) if unit["epoch"] in followed else (200, at, epochs[at]["next"], False)
    if not epochs:
        return 200, None, first, False
    if not previous or previous["epoch"] not in names:
        return (200, None, first, True) if unit.get("fork") else (409, len(epochs) - 1, None, False)
    at, end = names.index(previous["epoch"]), int(previous["to"])
    if epochs[at]["next"] < end:
        return 409, at, None, False
    fork = previous["epoch"] in followed or epochs[at]["next"] > end
    return (409, at, None, False) if first > end and not fork else (200, None, first, fork)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        epochs = known.get(self.path, [])
        self.answer(200, {"epochs": [{"epoch": e["epoch"], "first": str(e["first"]), "next": str(e["next"])} for e in epochs]})

    def do_POST(self):
        body, encoding = self.rfile.read(int(self.headers["Content-Length"])), self.headers.get("Content-Encoding", "identity")
        if encoding not in ("gzip", "identity"):
            return self.answer(415, {"detail": "gzip or nothing"})
        lines = (gzip.decompress(body) if encoding == "gzip" else body).split(b"\n")
        unit = json.loads(lines[0])
        with lock:
            epochs = [dict(e) for e in known.get(self.path, [])]
            status, at, start, fork = judge(epochs, unit)
            if status == 403:
                return self.answer(403, {"detail": "gateway id in use by another home"})
            if start is not None:
                records = [line.decode() for line in lines[1:] if line and int(json.loads(line).get("sequenceNumber", 0)) >= start]
                if at is None:
                    epochs.append({"epoch": unit["epoch"], "first": start, "previous": (unit["previous"] or {}).get("epoch"), "fork": fork})
                    at = len(epochs) - 1
                epochs[at]["next"] = int(unit["to"])
                file.write(json.dumps({"key": self.path, "epochs": epochs, "records": records}).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
                known[self.path] = epochs
            self.answer(status, {"epoch": epochs[at]["epoch"], "next": str(epochs[at]["next"]), "fork": epochs[at]["fork"]})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
