package io.flotilla.ops.node.configuration;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Who is told of new configurations. Each hears what changed since it was told last, once it has taken that: so one who
 * is slow hears of many changes at once, and what is kept of it here is a number. One whose configuration is too old, or who has
 * none, is told the newest as a whole. Belongs to the node's lane.
 */
public final class Watchers {
    /** One who watches. Calls come on the node's lane and must not block. */
    public interface Watcher {
        /** Whether it has taken what it was told. If not, {@link Watchers#takes} is called when it has. */
        boolean isReady();

        void told(Configuration whole);

        void told(ConfigurationDelta delta);
    }

    private final RecentDeltas deltas = new RecentDeltas();
    /** By stream. */
    private final Map<Object, Watch> watches = new LinkedHashMap<>();

    private Configuration newest;

    private static final class Watch {
        final Watcher watcher;
        /** The number of the configuration that it has, once it took what it was told. */
        long has;

        Watch(Watcher watcher, long has) {
            this.watcher = watcher;
            this.has = has;
        }
    }

    /** @param delta from the one before; null if there was none */
    void changed(ConfigurationDelta delta, Configuration now) {
        newest = now;
        if (delta != null) {
            deltas.add(delta);
        }
        new ArrayList<>(watches.values()).forEach(this::tell);
    }

    /**
     * The stream watches from now on, in place of what it watched before.
     *
     * @param above the number of the configuration that it has; 0 if it has none
     */
    public void watch(Object stream, long above, Watcher watcher) {
        Watch watch = new Watch(watcher, above);
        watches.put(stream, watch);
        tell(watch);
    }

    /** The stream has taken what it was told. Does nothing if it does not watch. */
    public void takes(Object stream) {
        Watch watch = watches.get(stream);
        if (watch != null) {
            tell(watch);
        }
    }

    /** What changed since that configuration; null if that is not known, or more than the newest one as a whole. */
    public ConfigurationDelta changesSince(long number) {
        ConfigurationDelta delta = deltas.since(number);
        return delta == null || delta.getSerializedSize() > newest.getSerializedSize() ? null : delta;
    }

    public void unwatch(Object stream) {
        watches.remove(stream);
    }

    private void tell(Watch watch) {
        if (newest == null || newest.getNumber() <= watch.has || !watch.watcher.isReady()) {
            return;
        }
        ConfigurationDelta delta = changesSince(watch.has);
        watch.has = newest.getNumber();
        if (delta == null) {
            watch.watcher.told(newest);
        } else {
            watch.watcher.told(delta);
        }
    }
}
