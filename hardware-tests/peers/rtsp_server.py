#!/usr/bin/python3
"""A camera: serves one H.264 clip over RTSP, again and again, as rtsp://127.0.0.1:PORT/cam.

usage: rtsp_server.py CLIP.h264 [PORT]      (an Annex B file with a constant frame rate; port 0 or none: any)

Prints "listening PORT" once it can be reached. Clients share one stream. Ends with its standard input.
Needs python3-gi, gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-{base,good,bad}.
"""
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

# multifilesrc repeats the clip without an end; h264parse and the rate in the caps give the frames their times.
PIPELINE = (
    '( multifilesrc location="{clip}" loop=true '
    "! video/x-h264,stream-format=byte-stream,framerate={rate}/1 "
    "! h264parse config-interval=1 ! identity sync=true single-segment=true ! rtph264pay name=pay0 pt=96 )"
)


def main():
    clip = sys.argv[1]
    port = sys.argv[2] if len(sys.argv) > 2 else "0"
    rate = sys.argv[3] if len(sys.argv) > 3 else "25"
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(PIPELINE.format(clip=clip, rate=rate))
    factory.set_shared(True)
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
