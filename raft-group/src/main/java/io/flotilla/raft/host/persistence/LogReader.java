package io.flotilla.raft.host.persistence;

import io.flotilla.raft.core.LoadRequest;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.host.shared.HostState;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.runtime.Lane;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/**
 * Reads entries that are no longer in memory, on a lane of its own. A core has at most one request open per follower,
 * which bounds what waits here. Thread-safe.
 */
public final class LogReader {
    private final HostState state;
    private final Lane lane;
    private final Consumer<Throwable> nodeFailed;

    public LogReader(HostState state, Lane lane, Consumer<Throwable> nodeFailed) {
        this.state = state;
        this.lane = lane;
        this.nodeFailed = nodeFailed;
    }

    public Lane lane() {
        return lane;
    }

    public void load(LogOwner owner, LoadRequest request) {
        lane.execute(() -> read(owner, request));
    }

    /** Runs the log's own work between two readings. */
    void upkeep(LogStore.Upkeep work) {
        lane.execute(() -> {
            if (state.isDown()) {
                return;
            }
            try {
                work.run();
            } catch (IOException | RuntimeException | Error e) {
                nodeFailed.accept(e);
            }
        });
    }

    private void read(LogOwner owner, LoadRequest request) {
        if (state.isDown()) {
            return;
        }
        List<Entry> entries;
        try {
            entries = state.log.read(owner.groupId(), request.from(), request.to(), request.maxBytes());
        } catch (IllegalArgumentException e) {
            entries = List.of(); // cut off by a new leader since it was asked for
        } catch (IOException | RuntimeException | Error e) {
            nodeFailed.accept(e);
            return;
        }
        List<Entry> found = entries;
        lane.goOn(() -> owner.loaded(request, found));
    }
}
