package io.flotilla.raft.host;

import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.Tombstone;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.transport.Transport;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** What all parts of one host share. Thread-safe. */
final class HostState {
    final HostConfig config;
    final NodeRuntime runtime;
    final Clock clock;
    final Pace pace;
    final LogStore log;
    final Transport transport;
    final HostListener listener;
    final HostCounters counters = new HostCounters();

    /** By group id; only looked up, or sorted before it is walked through. */
    final ConcurrentMap<Long, Replica> replicas = new ConcurrentHashMap<>();

    /** Of dropped replicas, by group id. */
    final ConcurrentMap<Long, Tombstone> tombstones = new ConcurrentHashMap<>();

    private final long began;
    private volatile Throwable failure;
    private volatile boolean closing;

    HostState(HostConfig config, NodeRuntime runtime, LogStore log, Transport transport, HostListener listener) {
        this.config = config;
        this.runtime = runtime;
        this.clock = runtime.clock();
        this.pace = new Pace(runtime, config.limits().gatherBytes());
        this.began = clock.nanos();
        this.log = log;
        this.transport = transport;
        this.listener = listener;
    }

    /** The monotonic clock of this host's cores and leases, now: nanoseconds since the host was made. */
    long nanos() {
        return clock.nanos() - began;
    }

    /** Whether nothing new may begin: the log failed, or the host is being closed. */
    boolean isDown() {
        return closing || failure != null;
    }

    /** Whether the log failed: then nothing may be acknowledged any more. */
    boolean hasFailed() {
        return failure != null;
    }

    void closing() {
        closing = true;
    }

    /** @return false if it had failed before, or is closing anyway */
    boolean fail(Throwable cause) {
        synchronized (this) {
            if (failure != null) {
                return false;
            }
            failure = cause;
        }
        return !closing;
    }

    /** Tells a caller. One that throws has a defect; the lane's failure handler hears of it. */
    static void refuse(ProposalCallback callback, Refusal refusal, Lane lane) {
        try {
            callback.refused(refusal);
        } catch (RuntimeException | Error e) {
            report(e, lane);
        }
    }

    static void refuse(ReadCallback callback, Refusal refusal, Lane lane) {
        try {
            callback.refused(refusal);
        } catch (RuntimeException | Error e) {
            report(e, lane);
        }
    }

    static void refuse(TransferCallback callback, Refusal refusal, Lane lane) {
        tell(() -> callback.refused(refusal), lane);
    }

    static void refuse(MembershipCallback callback, Refusal refusal, Lane lane) {
        tell(() -> callback.refused(refusal), lane);
    }

    static void refuse(ProgressCallback callback, Refusal refusal, Lane lane) {
        tell(() -> callback.refused(refusal), lane);
    }

    static void refuse(RetireCallback callback, Refusal refusal, Lane lane) {
        tell(() -> callback.refused(refusal), lane);
    }

    /** Calls a caller back; as {@link #refuse} if that throws. */
    static void tell(Runnable call, Lane lane) {
        try {
            call.run();
        } catch (RuntimeException | Error e) {
            report(e, lane);
        }
    }

    /** Lets the lane's failure handler hear of a caller's defect without disturbing the work at hand. */
    static void report(Throwable defect, Lane lane) {
        lane.execute(() -> {
            if (defect instanceof RuntimeException e) {
                throw e;
            }
            throw (Error) defect;
        });
    }
}
