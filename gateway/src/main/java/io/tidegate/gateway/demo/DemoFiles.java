package io.tidegate.gateway.demo;

import io.tidegate.gateway.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The demo's state directory, made new at each start: {@code gateway/}, {@code central/}, {@code devices/}, and the
 * gateway's configuration. Only a directory that is empty or that a demo made is taken.
 */
record DemoFiles(Path directory) {
    private static final String MARK = "made-by-tidegate-demo";

    static DemoFiles prepare(Path directory) throws IOException {
        if (Files.isDirectory(directory) && !Files.exists(directory.resolve(MARK))) {
            try (Stream<Path> found = Files.list(directory)) {
                if (found.findAny().isPresent()) {
                    throw CommandFailure.usage("the directory " + directory
                            + " is not empty and no demo made it, expected an empty one; name another with --home DIR");
                }
            }
        }
        DemoFiles files = new DemoFiles(directory);
        Files.createDirectories(directory);
        Files.writeString(directory.resolve(MARK), "A demo's state: deleted when the next demo starts here.\n");
        for (Path part : List.of(files.gateway(), files.central(), files.devices())) {
            delete(part);
            Files.createDirectories(part);
        }
        return files;
    }

    private static void delete(Path part) throws IOException {
        if (!Files.exists(part)) {
            return;
        }
        try (Stream<Path> found = Files.walk(part)) {
            for (Path each : found.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    Path gateway() {
        return directory.resolve("gateway");
    }

    Path central() {
        return directory.resolve("central");
    }

    Path devices() {
        return directory.resolve("devices");
    }

    Path config() {
        return directory.resolve("gateway.yaml");
    }

    /** A secret that only this user may read. */
    void writeToken(String token) throws IOException {
        Path file = directory.resolve("central.token");
        Files.deleteIfExists(file);
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, token + "\n");
    }

    void writeConfig(int linkPort, boolean video) throws IOException {
        Files.writeString(directory.resolve("overheat.sql"), """
                -- Readings above 60 degrees, as they come.
                SELECT device, seq, temp FROM telemetry WHERE temp > 60
                """);
        String text = """
                gateway:
                  clock: trusted
                http:
                  port: 0
                mqtt:
                  listener:
                    port: 0
                coap:
                  port: 0
                routes:
                  - name: mqtt
                    match: mqtt:plant/{device}/reading
                    partition-key: "${device}"
                    sequence: $.seq
                  - name: coap
                    match: coap:plant/{device}/reading
                    partition-key: "${device}"
                    sequence: $.seq
                rules:
                  - name: overheat
                    file: overheat.sql
                    into: overheat
                uplinks:
                  - name: central
                    type: http
                    url: http://127.0.0.1:%d
                    token: ${file:central.token}
                    interval: 500ms
                    retry-max: 2s
                """.formatted(linkPort);
        String cameras = """
                cameras:
                  - name: front
                    url: synthetic
                """;
        Files.writeString(config(), video ? text + cameras : text);
    }
}
