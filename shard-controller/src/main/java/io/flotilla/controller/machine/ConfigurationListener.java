package io.flotilla.controller.machine;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import java.util.List;

/**
 * Told of each configuration as it is applied here, in order, also while the log is replayed; after a file was read or a
 * snapshot was taken, of the newest one. The same one may come again. Must not block.
 */
@FunctionalInterface
public interface ConfigurationListener {
    /** @param created the records of the groups that it created; of all present groups after a file or a snapshot */
    void applied(Configuration configuration, List<CreationRecord> created);
}
