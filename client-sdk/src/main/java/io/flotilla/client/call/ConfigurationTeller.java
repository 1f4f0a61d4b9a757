package io.flotilla.client.call;

import io.flotilla.client.net.ClientRuntime;
import io.flotilla.client.proto.Configuration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells one listener of configurations, one at a time: while it is busy with one, those that come are left out but for the
 * newest. {@link #tell} belongs to the loop.
 */
final class ConfigurationTeller {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigurationTeller.class);

    private final Consumer<Configuration> listener;
    private final ClientRuntime runtime;
    private final AtomicReference<Configuration> next = new AtomicReference<>();
    /** How often there was something to tell since the one who tells began. */
    private final AtomicInteger told = new AtomicInteger();

    ConfigurationTeller(Consumer<Configuration> listener, ClientRuntime runtime) {
        this.listener = listener;
        this.runtime = runtime;
    }

    void tell(Configuration configuration) {
        next.set(configuration);
        if (told.getAndIncrement() == 0) {
            runtime.callBack(this::run);
        }
    }

    private void run() {
        int seen = 1;
        do {
            Configuration newest = next.getAndSet(null);
            if (newest != null) {
                try {
                    listener.accept(newest);
                } catch (RuntimeException failed) {
                    LOG.error("a listener of configurations failed", failed);
                }
            }
            seen = told.addAndGet(-seen);
        } while (seen != 0);
    }
}
