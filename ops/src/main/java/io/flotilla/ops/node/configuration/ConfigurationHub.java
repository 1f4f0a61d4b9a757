package io.flotilla.ops.node.configuration;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.configuration.ConfigurationDeltas;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationDelta;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.client.proto.Response;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Lane;
import java.io.IOException;
import java.util.List;

/**
 * The newest configuration that this node knows, whoever told it; numbers only grow. Kept in a file, so that a node
 * that starts alone knows its fleet: written before it is followed where it says where replicas belong, else within a second,
 * for the file is as large as the configuration. Belongs to the node's lane; {@link #newest} may be asked by any thread.
 */
public final class ConfigurationHub {
    /** Of the file's content: see {@link StateFile}. */
    public static final int FILE_VERSION = 2;

    private static final long REST_NANOS = 1_000_000_000L;

    /** What follows a new configuration. */
    public interface Followers {
        void changed(Configuration newest);

        /** What groups were created with is known now; the configuration was known before. */
        void recordsLearnt();

        void diskFailed(IOException cause);
    }

    private final StateFile file;
    private final String fleetId;
    private final Lane lane;
    private final Followers followers;
    private final CreationRecords records = new CreationRecords();
    private final Watchers watchers = new Watchers();
    private volatile Configuration newest;
    private Cancellable rest;
    private boolean unwritten;

    public ConfigurationHub(StateFile file, String fleetId, Lane lane, Followers followers) {
        this.file = file;
        this.fleetId = fleetId;
        this.lane = lane;
        this.followers = followers;
    }

    /** The newest configuration; null if none is known yet. Any thread. */
    public Configuration newest() {
        return newest;
    }

    /** 0 if none is known yet. Any thread. */
    public long number() {
        Configuration known = newest;
        return known == null ? 0 : known.getNumber();
    }

    /** Any thread. */
    public CreationRecords records() {
        return records;
    }

    public Watchers watchers() {
        return watchers;
    }

    /** Takes what the last run wrote down; nobody is told. Called once, first. */
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
        newest = found;
        watchers.changed(null, found);
    }

    /** Somebody says that there is this configuration, and that groups were created with these records. */
    public void offer(Configuration configuration, List<CreationRecord> created) {
        if (!configuration.getFleetId().equals(fleetId)) {
            return;
        }
        created.forEach(records::add);
        boolean isNews = configuration.getNumber() > number();
        if (!created.isEmpty()) {
            records.retain(isNews ? configuration : newest);
        }
        if (isNews) {
            publish(newest == null ? null : ConfigurationDeltas.between(newest, configuration), configuration);
        } else if (!created.isEmpty()) {
            followers.recordsLearnt();
        }
    }

    /**
     * Somebody says what changed.
     *
     * @return false if it does not fit what is known here, and may be news: then the whole has to be asked for
     */
    public boolean offer(ConfigurationDelta delta) {
        if (delta.getNumber() <= number()) {
            return true;
        }
        if (newest == null || delta.getFrom() != newest.getNumber()) {
            return false;
        }
        Configuration next;
        try {
            next = ConfigurationDeltas.apply(newest, delta);
        } catch (IllegalArgumentException senseless) {
            return false;
        }
        publish(delta, next);
        return true;
    }

    /** Somebody who was asked for what is new says so, whole or as what changed; what does not fit is passed over. */
    public void answered(Response response) {
        if (response.hasConfiguration()) {
            offer(response.getConfiguration(), List.of());
        } else if (response.hasConfigurationDelta()) {
            offer(response.getConfigurationDelta());
        }
    }

    private void publish(ConfigurationDelta delta, Configuration configuration) {
        newest = configuration;
        boolean placesReplicas = delta == null
                || delta.getGroupsCount() > 0
                || delta.getRemovedGroupsCount() > 0
                || delta.getControllerReplicasCount() > 0;
        if (delta != null && delta.getRemovedGroupsCount() > 0) {
            records.retain(configuration);
        }
        if (placesReplicas || rest == null) {
            if (!write()) {
                return;
            }
        } else {
            unwritten = true;
        }
        followers.changed(configuration);
        watchers.changed(delta, configuration);
    }

    private boolean write() {
        unwritten = false;
        if (rest != null) {
            rest.cancel();
        }
        try {
            file.write(newest.toByteArray());
        } catch (IOException e) {
            followers.diskFailed(e);
            return false;
        }
        rest = lane.after(REST_NANOS, () -> {
            rest = null;
            if (unwritten) {
                write();
            }
        });
        return true;
    }
}
