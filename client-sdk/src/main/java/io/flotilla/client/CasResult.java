package io.flotilla.client;

import java.util.Optional;

/**
 * What came of a compare-and-set.
 *
 * @param done whether the expectation held and the value was written
 * @param version the new version if done; otherwise the present one, 0 if the key is absent
 * @param present if not done, the value found in place of the expected one; empty if the key is absent. Always empty
 *     if done
 */
public record CasResult(boolean done, long version, Optional<byte[]> present) {}
