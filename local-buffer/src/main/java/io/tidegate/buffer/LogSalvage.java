package io.tidegate.buffer;

import io.tidegate.core.runtime.Clock;
import io.tidegate.core.runtime.EffectiveClock;
import io.tidegate.core.runtime.ProcessLock;
import io.tidegate.core.stream.StreamLogException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * Rescues what a log still holds whose files are damaged, also where SQLite cannot open them: makes a new log of it that a
 * gateway opens like any other. The damaged one is only read, by a reader of our own. Nothing gets into the new one whose
 * checksum is not right.
 *
 * <p>Confined to one thread.
 */
public final class LogSalvage {
    private LogSalvage() {}

    /**
     * Whose log it is, and the machine that it is salvaged on.
     *
     * @param gatewayId of the home the log belongs to
     * @param encryption the keys of the damaged log; the new one is under the first, if there is one
     */
    public record Owner(
            String gatewayId,
            Clock clock,
            EffectiveClock effective,
            RandomGenerator random,
            LogEncryption encryption) {}

    /**
     * Salvages {@code HOME/log} into {@code TARGET/log}.
     *
     * @param target is made, complete or not at all; must not be there, or be an empty directory
     * @throws StreamLogException of category reject if there is no log, if it is in use, if the target is there, or if
     *     nothing in the log can be verified; of category fatal if the new log could not be written, or a key is missing
     */
    public static SalvageReport run(Path log, Path target, Owner owner) {
        try {
            List<Integer> numbers = check(log, target);
            Path unfinished = target.resolveSibling(target.getFileName() + ".unfinished");
            if (Files.exists(unfinished)) {
                throw reject(unfinished + " is left from a salvage that did not come to its end; remove it first");
            }
            try {
                SalvageReport report = salvage(log, numbers, unfinished, owner);
                Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
                SegmentFile.syncDirectory(target.toAbsolutePath().resolveSibling("."));
                return report;
            } finally {
                remove(unfinished);
            }
        } catch (IOException | SQLException e) {
            throw new StreamLogException(
                    StreamLogException.Category.FATAL,
                    "what was salvaged could not be written to " + target + ": " + e.getMessage(),
                    e);
        }
    }

    private static StreamLogException reject(String why) {
        return new StreamLogException(StreamLogException.Category.REJECT, why);
    }

    private static List<Integer> check(Path log, Path target) throws IOException {
        List<Integer> numbers = Files.isDirectory(log) ? SegmentFile.list(log) : List.of();
        if (numbers.isEmpty()) {
            throw reject("there is no log in " + log);
        }
        if (ProcessLock.isHeld(log.resolve("LOCK"))) {
            throw reject("the log in " + log + " is in use; stop the gateway first");
        }
        if (target.toAbsolutePath().normalize().startsWith(log.toAbsolutePath().normalize())) {
            throw reject(target + " lies in the damaged log, which is only read");
        }
        if (Files.exists(target)) {
            try (Stream<Path> files = Files.isDirectory(target) ? Files.list(target) : Stream.of(target)) {
                if (files.findAny().isPresent()) {
                    throw reject(target + " is there already; name a directory that is not");
                }
            }
        }
        return numbers;
    }

    private static SalvageReport salvage(Path log, List<Integer> numbers, Path home, Owner owner)
            throws IOException, SQLException {
        Path to = Files.createDirectories(home.resolve("log"));
        Sql.unpackBeside(to);
        ZstdLibrary.unpackBeside(to);
        SalvagePlan plan = SalvagePlan.of(log, numbers, owner.encryption());
        ShardLogSettings damaged = ShardLogSettings.of(log, owner.gatewayId()).withEncryption(owner.encryption());
        SalvageBuild build = new SalvageBuild(damaged, to, owner.effective(), plan);
        for (int number : numbers) {
            build.add(number);
        }
        if (!build.finish(numbers.get(numbers.size() - 1))) {
            throw reject("nothing in " + log + " can be verified: no commit, and no copy of the log's state");
        }
        // The way a gateway opens it: so it is one that can be opened, and readers will hear of what is missing.
        ShardLogSettings settings = ShardLogSettings.of(to, owner.gatewayId()).withEncryption(owner.encryption());
        try (ShardLog opened = ShardLog.open(settings, owner.clock(), owner.effective(), owner.random())) {
            opened.lookNow();
        }
        return build.tally().report();
    }

    private static void remove(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        List<Path> paths;
        try (Stream<Path> walked = Files.walk(directory)) {
            paths = walked.sorted((one, other) -> other.compareTo(one)).toList();
        }
        for (Path path : paths) {
            Files.delete(path);
        }
    }
}
