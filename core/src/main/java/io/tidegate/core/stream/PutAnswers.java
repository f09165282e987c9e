package io.tidegate.core.stream;

import java.util.List;

/** The answers of one commit to one producer, in the order in which the records were offered. */
public record PutAnswers(List<PutAnswer> answers) {
    public PutAnswers {
        answers = List.copyOf(answers);
    }
}
