package io.tidegate.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

class DiskBudgetTest {
    private static final Path HOME = Path.of("home");
    private static final long FLOOR = 1_000;

    /** Has 500 bytes to give up, and notes what it is asked for. */
    private static final class User implements DiskUser {
        private final Deque<Long> asked = new ArrayDeque<>();
        private long bytes = 500;

        @Override
        public long usedBytes() {
            return bytes;
        }

        @Override
        public long reclaim(long bytesMin) {
            asked.add(bytesMin);
            long given = Math.min(bytes, bytesMin);
            bytes -= given;
            return given;
        }
    }

    private static DiskBudget budget(long bytesMax, DiskSpace space, User... users) {
        DiskBudget budget = new DiskBudget(HOME, bytesMax, FLOOR, space);
        List.of(users).forEach(budget::add);
        return budget;
    }

    @Test
    void whatIsMissing_isAskedFor_inTheOrderOfTheUsers() {
        User first = new User();
        User second = new User();
        assertThat(budget(Long.MAX_VALUE, new DiskSpace(path -> 300, path -> 9_000), first, second)
                        .balance())
                .isTrue();
        assertThat(first.asked).containsExactly(700L);
        assertThat(second.asked).containsExactly(200L);
    }

    /** As a file system does that hides its size, and every one whose question fails. */
    @Test
    void fileSystemThatSaysNothing_isNotTakenForAFullOne_andTheOtherLimitHolds() {
        User user = new User();
        DiskSpace silent = new DiskSpace(path -> 0, path -> 0);
        DiskBudget budget = budget(Long.MAX_VALUE, silent, user);
        assertThat(budget.status().freeBytes()).isEqualTo(Long.MAX_VALUE);
        assertThat(budget.balance()).isFalse();
        assertThat(user.asked).isEmpty();

        assertThat(budget(400, silent, user).balance()).isTrue();
        assertThat(user.asked).containsExactly(100L);
    }

    @Test
    void oneQuestionThatFails_isAskedAgain() {
        Deque<Long> answers = new ArrayDeque<>(List.of(0L, 5_000L));
        DiskSpace space = new DiskSpace(path -> answers.remove(), path -> 9_000);
        assertThat(space.usableBytes(HOME)).hasValue(5_000);
    }

    @Test
    void fullDisk_isOne() {
        User user = new User();
        assertThat(budget(Long.MAX_VALUE, new DiskSpace(path -> 0, path -> 9_000), user)
                        .balance())
                .isTrue();
        assertThat(user.asked).containsExactly(FLOOR);
    }
}
