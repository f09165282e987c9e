package io.tidegate.capture;

import io.tidegate.core.stream.MediaBytes;

/** A durable fragment: how it was framed, and its moof and mdat boxes, to be closed by who takes them. */
record StoredFragment(SegmentFormat.FragmentFrame frame, MediaBytes bytes) {}
