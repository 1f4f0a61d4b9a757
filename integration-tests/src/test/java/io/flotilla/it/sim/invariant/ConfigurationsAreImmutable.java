package io.flotilla.it.sim.invariant;

import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.ServerFrame;
import io.flotilla.raft.sim.invariant.Violation;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/** A configuration that was shown to anyone under a number is the only one ever shown under it. */
public final class ConfigurationsAreImmutable {
    private final Map<Long, Configuration> shown = new HashMap<>();
    private final Consumer<Configuration> watcher;

    public ConfigurationsAreImmutable() {
        this(configuration -> {});
    }

    /** @param watcher told of each configuration when it is shown first */
    public ConfigurationsAreImmutable(Consumer<Configuration> watcher) {
        this.watcher = watcher;
    }

    public void sent(ServerFrame frame) {
        for (Response response : frame.getResponsesList()) {
            if (response.hasConfiguration()) {
                check(response.getConfiguration());
            } else if (response.hasConfigurationDelta()) {
                check(response.getConfigurationDelta());
            }
        }
    }

    /** What it makes of the configuration that it begins with is shown, too. */
    private void check(ConfigurationDelta delta) {
        Configuration from = shown.get(delta.getFrom());
        // nodes may know one from their own log that nobody had to be told
        if (from != null) {
            check(ConfigurationDeltas.apply(from, delta));
        }
    }

    private void check(Configuration configuration) {
        Configuration known = shown.putIfAbsent(configuration.getNumber(), configuration);
        if (known == null) {
            watcher.accept(configuration);
        } else if (!known.equals(configuration)) {
            throw new Violation(
                    "ConfigurationsAreImmutable",
                    "configuration %d was shown as%n%s%nand as%n%s",
                    configuration.getNumber(),
                    known,
                    configuration);
        }
    }

    /** The highest number shown so far; 0 if none. */
    public long newest() {
        return shown.keySet().stream().mapToLong(Long::longValue).max().orElse(0);
    }
}
