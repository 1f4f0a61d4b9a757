package io.flotilla.ops.node.configuration;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CreationRecord;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the replicas on this node what the newest configuration says; how, {@link ReplicaPlan} decides. It goes by what is
 * there, not by what happened: it may be called at any time, and twice. A configuration older than the newest that
 * was known changes nothing, for it looks at the newest alone. Belongs to the node's lane.
 */
public final class Reconciler {
    /** The replicas of this node. Calls don't block. */
    public interface ReplicaManager {
        boolean has(long group);

        /**
         * A replica begins.
         *
         * @param founding as a member from the beginning; else empty, until the group's leader adds it
         * @param since the index of the membership that made this node a member, if it is no founding one; 0 if it is not known
         * @return false if the group's replica here was dropped before, and must not begin so
         */
        boolean create(CreationRecord record, boolean founding, long since);

        /** Drops the replica of a group that has ended, for good. @param over told once, on any lane: done, or to be tried again */
        void retire(long group, Runnable over);
    }

    private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);
    private static final long AGAIN_NANOS = 1_000_000_000L;

    private final NodeId self;
    private final Lane lane;
    private final Supplier<Configuration> newest;
    private final CreationRecord controller;
    private final CreationRecords records;
    private final ReplicaManager replicas;
    private final LongConsumer fetch;
    /** Each group that ever had a replica here, as far as this process knows, with the configuration that created it. */
    private final TreeMap<Long, Long> created;

    private final TreeSet<Long> refused = new TreeSet<>();
    private final TreeSet<Long> ending = new TreeSet<>();
    private boolean again;

    /**
     * @param controller what the controller's group was created with
     * @param found the groups with a replica in the log, each with the number of the configuration that created it
     * @param fetch asks other nodes for what a group was created with; asked again at each call until it is known
     */
    public Reconciler(
            NodeId self,
            Lane lane,
            Supplier<Configuration> newest,
            CreationRecord controller,
            CreationRecords records,
            SortedMap<Long, Long> found,
            ReplicaManager replicas,
            LongConsumer fetch) {
        this.self = self;
        this.lane = lane;
        this.newest = newest;
        this.controller = controller;
        this.records = records;
        this.created = new TreeMap<>(found);
        this.replicas = replicas;
        this.fetch = fetch;
    }

    /** Does what there is to do. */
    public void reconcile() {
        TreeMap<Long, Long> here = new TreeMap<>(created);
        here.keySet().removeIf(group -> !replicas.has(group));
        for (ReplicaPlan.Step step : ReplicaPlan.steps(self, newest.get(), controller, here, records::find)) {
            if (step instanceof ReplicaPlan.Create create) {
                begin(create.record(), true, 0);
            } else if (step instanceof ReplicaPlan.Join join) {
                begin(join.record(), false, join.since());
            } else if (step instanceof ReplicaPlan.Fetch) {
                fetch.accept(step.group());
            } else {
                end(step.group());
            }
        }
    }

    private void begin(CreationRecord record, boolean founding, long since) {
        long group = record.getGroup();
        if (replicas.create(record, founding, since)) {
            refused.remove(group);
            created.put(group, record.getCreatedIn());
            LOG.info("{}: a replica of group {} begins{}", self, group, founding ? "" : ", empty");
        } else if (refused.add(group)) {
            LOG.warn("{}: group {} had a replica here that was dropped: it does not begin again", self, group);
        }
    }

    private void end(long group) {
        if (ending.add(group)) {
            LOG.info("{}: group {} has ended: its replica here is dropped", self, group);
            replicas.retire(
                    group,
                    () -> lane.execute(() -> {
                        ending.remove(group);
                        if (replicas.has(group)) {
                            later();
                        } else {
                            created.remove(group);
                            refused.remove(group);
                        }
                    }));
        }
    }

    private void later() {
        if (!again) {
            again = true;
            lane.after(AGAIN_NANOS, () -> {
                again = false;
                reconcile();
            });
        }
    }
}
