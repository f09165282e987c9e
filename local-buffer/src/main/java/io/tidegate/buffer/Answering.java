package io.tidegate.buffer;

import io.tidegate.core.stream.PutAnswers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.tinylog.Logger;

/**
 * Tells producers, and whoever waits for a unit, what became of what they gave. What listeners throw is their fault; it
 * must not stop the log.
 *
 * <p>Confined to the log's writer.
 */
final class Answering {
    private final CommitQueue queue;

    Answering(CommitQueue queue) {
        this.queue = queue;
    }

    static Submission.Answers none() {
        return new Submission.Answers(new LinkedHashMap<>(), new ArrayList<>());
    }

    /**
     * @param releasedBytes what the answered weighed in the queue
     */
    void tell(Submission.Answers answers, long releasedBytes) {
        answers.puts()
                .forEach((producer, list) -> guarded(() -> producer.listener().onAnswers(new PutAnswers(list))));
        answers.completions().forEach(Answering::guarded);
        tellWritable(queue.release(releasedBytes));
    }

    /** There is room again for those who were turned away. */
    void letIn() {
        tellWritable(queue.letIn());
    }

    private static void tellWritable(List<QueuedProducer> producers) {
        producers.forEach(producer -> guarded(() -> producer.listener().onWritable()));
    }

    static void guarded(Runnable callback) {
        try {
            callback.run();
        } catch (RuntimeException e) {
            Logger.error(e, "A listener of the log threw");
        }
    }
}
