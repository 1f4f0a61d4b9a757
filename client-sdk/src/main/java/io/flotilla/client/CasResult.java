package io.flotilla.client;

import java.util.Optional;

/**
 * What came of a compare-and-set.
 *
 * @param done whether the expectation held and the value was written
 * @param version the new version if done; otherwise the one that the key had when the expectation was found not to hold, 0 if
 *     it was absent
 * @param present if not done, the value found in place of the expected one; empty if the key was absent, or if the value is
 *     not known. Always empty if done
 * @param presentKnown if not done, whether {@code present} says what was there. False if the answer got lost, had to
 *     be asked for again, and the key was changed meanwhile, for nodes keep the outcome of a write for retries, not the values of
 *     others; or if many compare-and-sets failed at once on values of more than 8 MiB together. Read the key to see what it has now. Always true if done
 */
public record CasResult(boolean done, long version, Optional<byte[]> present, boolean presentKnown) {}
