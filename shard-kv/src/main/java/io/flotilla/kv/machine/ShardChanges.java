package io.flotilla.kv.machine;

import io.flotilla.kv.proto.ChangedRow;
import io.flotilla.kv.proto.ChangedSession;
import java.util.List;

/**
 * What changed in a shard after a change number, in the order in which it last changed at first sight: each changed key's row and
 * each changed session as it is now, or its absence, once. Immutable.
 *
 * @param changeNumber the shard's, as applied here
 * @param fromChangeNumber at MoveOut: rounds begin there
 * @param upTo everything up to this change number is in it
 * @param upToPart and so many parts of the command after it, to be handed in where the next answer shall go on
 * @param more whether there is something after it
 */
public record ShardChanges(
        long changeNumber,
        long fromChangeNumber,
        long upTo,
        long upToPart,
        boolean more,
        List<ChangedRow> rows,
        List<ChangedSession> sessions) {}
