package io.flotilla.it.history;

/** What a client asked of one key. Values are byte strings read as ISO-8859-1. */
public sealed interface KeyCall {
    record Read() implements KeyCall {}

    record Put(String value) implements KeyCall {}

    record Delete() implements KeyCall {}

    record Append(String suffix) implements KeyCall {}

    record Increment(long delta) implements KeyCall {}

    record SwapIfValue(String expected, String value) implements KeyCall {}

    record SwapIfVersion(long expected, String value) implements KeyCall {}

    record SwapIfAbsent(String value) implements KeyCall {}
}
