package io.tidegate.gateway.http;

import tools.jackson.core.JacksonException;
import tools.jackson.core.exc.StreamConstraintsException;

/** What is wrong with a text that should be JSON, in words for who sent it. Stateless. */
final class JsonFault {
    private JsonFault() {}

    /** Without the parser's advice to programmers, which follows a colon or stands in brackets with backticks. */
    static String of(JacksonException failure) {
        String message = String.valueOf(failure.getOriginalMessage());
        if (failure instanceof StreamConstraintsException) {
            return message.replaceAll(", from `[^`]*`", "");
        }
        return message.replaceAll(": enable `[^`]*` to allow", "");
    }
}
