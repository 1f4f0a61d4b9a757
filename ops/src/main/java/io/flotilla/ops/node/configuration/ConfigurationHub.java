package io.flotilla.ops.node.configuration;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.raft.disk.StateFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The newest configuration that this node knows, whoever told it; numbers only grow. Kept in a file, so that a node
 * that starts alone knows its fleet. Belongs to the node's lane; {@link #newest} may be asked by any thread.
 */
public final class ConfigurationHub {
    /** What follows a new configuration. */
    public interface Followers {
        void changed(Configuration newest);

        void diskFailed(IOException cause);
    }

    private final StateFile file;
    private final String fleetId;
    private final Followers followers;
    /** Those in which groups were created, as far as they passed here. */
    private final TreeMap<Long, Configuration> creators = new TreeMap<>();

    private final Map<Watch, Consumer<Configuration>> watches = new LinkedHashMap<>();
    private volatile Configuration newest;

    /** Who watches: a stream, and the request in it. */
    public record Watch(Object stream, long request) {}

    public ConfigurationHub(StateFile file, String fleetId, Followers followers) {
        this.file = file;
        this.fleetId = fleetId;
        this.followers = followers;
    }

    /** The newest configuration; null if none is known yet. Any thread. */
    public Configuration newest() {
        return newest;
    }

    /** Takes what the last run wrote down. Called once, first. */
    public void load() throws IOException {
        byte[] bytes = file.read().orElse(null);
        if (bytes == null) {
            return;
        }
        Configuration found;
        try {
            found = Configuration.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw file.damaged("holds no configuration");
        }
        if (!found.getFleetId().equals(fleetId)) {
            throw file.damaged("holds a configuration of fleet " + found.getFleetId() + ", not " + fleetId);
        }
        publish(found);
    }

    /** Somebody says that there is this configuration. */
    public void offer(Configuration configuration) {
        if (!configuration.getFleetId().equals(fleetId)) {
            return;
        }
        remember(configuration);
        if (newest != null && configuration.getNumber() <= newest.getNumber()) {
            return;
        }
        try {
            file.write(configuration.toByteArray());
        } catch (IOException e) {
            followers.diskFailed(e);
            return;
        }
        publish(configuration);
    }

    /** The configuration that created the group, if it has passed here; else null. */
    public Configuration creatorOf(Group group) {
        return creators.get(group.getCreatedIn());
    }

    /** Tells of the newest configuration now if it is above the number, and of each newer one. */
    public void watch(Watch watch, long above, Consumer<Configuration> told) {
        watches.put(watch, told);
        Configuration now = newest;
        if (now != null && now.getNumber() > above) {
            told.accept(now);
        }
    }

    /** How many watches the stream has. */
    public long watches(Object stream) {
        return watches.keySet().stream()
                .filter(watch -> watch.stream() == stream)
                .count();
    }

    public void unwatch(Object stream) {
        watches.keySet().removeIf(watch -> watch.stream() == stream);
    }

    private void publish(Configuration configuration) {
        remember(configuration);
        newest = configuration;
        followers.changed(configuration);
        List<Consumer<Configuration>> told = new ArrayList<>(watches.values());
        told.forEach(watcher -> watcher.accept(configuration));
    }

    private void remember(Configuration configuration) {
        if (!creators.containsKey(configuration.getNumber())) {
            for (Group group : configuration.getGroupsList()) {
                if (group.getCreatedIn() == configuration.getNumber()) {
                    creators.put(configuration.getNumber(), configuration);
                    return;
                }
            }
        }
    }
}
