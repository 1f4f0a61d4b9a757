package io.flotilla.client;

/**
 * What came of a batch.
 *
 * @param done whether all conditions held and all writes were made; otherwise nothing changed
 * @param version the version that all written keys have now; if not done, that of the first key whose condition
 *     failed, 0 if it is absent
 */
public record BatchResult(boolean done, long version) {}
