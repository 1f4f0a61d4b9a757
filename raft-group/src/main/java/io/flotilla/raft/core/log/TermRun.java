package io.flotilla.raft.core.log;

/** All entries from {@code firstIndex} up to the next run's first index (or the log's end) have {@code term}. */
public record TermRun(long firstIndex, long term) {}
