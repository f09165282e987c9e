package io.tidegate.gateway.demo;

import java.nio.file.Path;
import java.time.Duration;

/** What the user wants of a demo. */
record DemoOptions(Path directory, Duration duration, boolean video, boolean json) {}
