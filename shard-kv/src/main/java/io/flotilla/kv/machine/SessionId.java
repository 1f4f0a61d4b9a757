package io.flotilla.kv.machine;

/** A client's random identity. */
record SessionId(long high, long low) {}
