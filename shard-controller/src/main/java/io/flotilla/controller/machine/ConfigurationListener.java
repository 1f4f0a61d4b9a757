package io.flotilla.controller.machine;

import io.flotilla.client.proto.Configuration;

/**
 * Told of each configuration as it is applied here, in order, also while the log is replayed; after an image was taken,
 * of those in it that somebody may need. The same one may come again. Must not block.
 */
@FunctionalInterface
public interface ConfigurationListener {
    void applied(Configuration configuration);
}
