#!/usr/bin/python3
"""A camera: serves one H.264 clip over RTSP, again and again, as rtsp://127.0.0.1:PORT/cam.

usage: rtsp_server.py CLIP.h264 [PORT [RATE]]   (Annex B with delimiters, RATE frames a second, 25; port 0 or none: any)

Prints "listening PORT" once it can be reached. Clients share one stream. Ends with its standard input.
Needs python3-gi, gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-{base,good,bad}.
"""
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PIPELINE = (
    "( appsrc name=clip is-live=true block=true format=time max-bytes=200000 "
    "caps=video/x-h264,stream-format=byte-stream,alignment=au,framerate={rate}/1 "
    "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)
DELIMITER = b"\x00\x00\x00\x01\x09"  # the access unit delimiter before each picture


def pictures(path):
    with open(path, "rb") as file:
        units = file.read().split(DELIMITER)
    return [DELIMITER + unit for unit in units[1:]]


class Clip(GstRtspServer.RTSPMediaFactory):
    """The clip without an end: pictures with the times of one long recording."""

    def __init__(self, path, rate):
        super().__init__()
        self.pictures = pictures(path)
        self.duration = Gst.SECOND // rate
        self.count = 0
        self.set_launch(PIPELINE.format(rate=rate))
        self.set_shared(True)

    def start(self, media):
        self.count = 0
        media.get_element().get_child_by_name("clip").connect("need-data", self.push)

    def push(self, source, _length):
        buffer = Gst.Buffer.new_wrapped(self.pictures[self.count % len(self.pictures)])
        buffer.pts = buffer.dts = self.count * self.duration
        buffer.duration = self.duration
        self.count += 1
        source.emit("push-buffer", buffer)


def main():
    clip = sys.argv[1]
    port = sys.argv[2] if len(sys.argv) > 2 else "0"
    rate = int(sys.argv[3]) if len(sys.argv) > 3 else 25
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = Clip(clip, rate)
    factory.connect("media-configure", lambda _, media: factory.start(media))
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    loop = GLib.MainLoop()
    print("listening", server.get_bound_port(), flush=True)

    def end_with_parent():
        sys.stdin.read()
        loop.quit()

    threading.Thread(target=end_with_parent, daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
