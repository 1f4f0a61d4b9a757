package io.flotilla.kv.move.copy;

import io.flotilla.client.proto.Shard;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Clock;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Who may give one replica what it shall hold: replicas of the owner, less those that broke off lately; and the peer that sent what can't
 * be appended without. Belongs to the transfer lane.
 */
final class CopyGivers {
    /** For so many times {@link CopyLimits#retryNanos} it is believed that a replica here can't append an entry. */
    private static final int HELD_BACK = 6;

    private final HoldKey key;
    private final Clock clock;
    private final CopyLimits limits;
    private final SourceSurvey survey;
    private final Map<NodeId, Long> avoidedUntil = new TreeMap<>();
    /** Null if it is not known here. */
    private OwnerReplicas owner;
    /** Null if there never was one. */
    private Peer peer;

    private long peerToldAt;
    private boolean isPeerOfNoUse;

    /**
     * Who sent an Adopt that can't be appended here.
     *
     * @param shard as it shall be served
     * @param needed the change number that a hold must have
     */
    record Peer(NodeId node, Shard shard, long needed) {}

    CopyGivers(HoldKey key, CopyPorts ports, CopyLimits limits, SourceSurvey survey) {
        this.key = key;
        this.clock = ports.clock();
        this.limits = limits;
        this.survey = survey;
    }

    /** @return whether that is news */
    boolean setOwner(OwnerReplicas replicas) {
        boolean isNews = replicas != null && !replicas.equals(owner);
        owner = replicas;
        return isNews;
    }

    OwnerReplicas owner() {
        return owner;
    }

    void heldBack(Peer by) {
        if (!by.equals(peer)) {
            isPeerOfNoUse = false;
        }
        peer = by;
        peerToldAt = clock.nanos();
    }

    /** Whether an entry can't be appended now for the lack of a hold with that number. */
    boolean isHeldBack(long durable) {
        return peer != null && durable < peer.needed && clock.nanos() - peerToldAt < HELD_BACK * limits.retryNanos();
    }

    /** The peer to pull from, if the owner gives nothing; null if there is none. @param durable the hold's number as it is */
    Peer peer(long durable) {
        return isHeldBack(durable) && !isPeerOfNoUse ? peer : null;
    }

    /** The peer said that it has no such hold. */
    void peerHasNone() {
        isPeerOfNoUse = true;
    }

    /** A replica of the owner broke off, or was of no use. */
    void avoid(NodeId node, long nanos) {
        avoidedUntil.put(node, clock.nanos() + nanos);
    }

    /** As {@link SourceSurvey#begin}. */
    void survey(long atLeast, Consumer<SourceSurvey.Result> result) {
        long now = clock.nanos();
        avoidedUntil.values().removeIf(until -> now - until >= 0);
        survey.begin(key, owner, new ArrayList<>(avoidedUntil.keySet()), atLeast, result);
    }
}
