package io.flotilla.it.history;

/** What a client was told about one key. */
public sealed interface KeyAnswer {
    /** A read found nothing. */
    record Absent() implements KeyAnswer {}

    /** A read found this. */
    record Found(String value, long version) implements KeyAnswer {}

    /** A write was done and gave the key this version. */
    record Written(long version) implements KeyAnswer {}

    /** A delete was done. */
    record Deleted(boolean existed) implements KeyAnswer {}

    /** An increment was done and led to this number. */
    record Number(long value) implements KeyAnswer {}

    /** A swap's condition did not hold. @param present the value that was there, or null */
    record NotSwapped(String present) implements KeyAnswer {}

    /** The same, told by the version of what was there. @param version 0 if nothing was there */
    record NotDone(long version) implements KeyAnswer {}
}
