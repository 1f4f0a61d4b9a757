package io.flotilla.kv.machine;

import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.ChangedSession;
import java.util.List;

/**
 * One round for a hold, or a part of one. Immutable.
 *
 * @param after the change number that it was asked from
 * @param upTo the hold's change number once it is written; not below {@code after}
 */
public record HoldUpdate(long after, long upTo, List<ChangedRow> rows, List<ChangedSession> sessions) {}
