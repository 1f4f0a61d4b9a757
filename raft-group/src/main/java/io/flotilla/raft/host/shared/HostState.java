package io.flotilla.raft.host.shared;

import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.MembershipCallback;
import io.flotilla.raft.host.ProgressCallback;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.RetireCallback;
import io.flotilla.raft.host.TransferCallback;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.runtime.NodeRuntime;
import io.flotilla.raft.transport.Transport;

/** What all rooms of one host share. Thread-safe. */
public class HostState {
    /** After so long callers that heard busy may try again. */
    public static final long RETRY_MILLIS = 20;

    public final HostConfig config;
    public final NodeRuntime runtime;
    public final Clock clock;
    public final Pace pace;
    public final LogStore log;
    public final Transport transport;
    public final HostListener listener;
    public final HostCounters counters = new HostCounters();
    public final SyncTimes syncTimes;

    private final long began;
    private volatile Throwable failure;
    private volatile boolean closing;

    public HostState(HostConfig config, NodeRuntime runtime, LogStore log, Transport transport, HostListener listener) {
        this.config = config;
        this.runtime = runtime;
        this.clock = runtime.clock();
        this.pace = new Pace(runtime, config.limits().gatherBytes());
        this.syncTimes = new SyncTimes(clock, config.tickNanos());
        this.began = clock.nanos();
        this.log = log;
        this.transport = transport;
        this.listener = listener;
    }

    /** The monotonic clock of this host's cores and leases, now: nanoseconds since the host was made. */
    public final long nanos() {
        return clock.nanos() - began;
    }

    /** Whether nothing new may begin: the log failed, or the host is being closed. */
    public final boolean isDown() {
        return closing || failure != null;
    }

    /** Whether the log failed: then nothing may be acknowledged any more. */
    public final boolean hasFailed() {
        return failure != null;
    }

    public final void closing() {
        closing = true;
    }

    /** @return false if it had failed before, or is closing anyway */
    public final boolean fail(Throwable cause) {
        synchronized (this) {
            if (failure != null) {
                return false;
            }
            failure = cause;
        }
        return !closing;
    }

    /** Tells a caller. One that throws has a defect; the lane's failure handler hears of it. */
    public static void refuse(ProposalCallback callback, Refusal refusal, Lane lane) {
        try {
            callback.refused(refusal);
        } catch (RuntimeException | Error e) {
            report(e, lane);
        }
    }

    public static void refuse(ReadCallback callback, Refusal refusal, Lane lane) {
        try {
            callback.refused(refusal);
        } catch (RuntimeException | Error e) {
            report(e, lane);
        }
    }

    public static void refuse(TransferCallback callback, Refusal refusal, Lane lane) {
        tell(() -> callback.refused(refusal), lane);
    }

    public static void refuse(MembershipCallback callback, Refusal refusal, Lane lane) {
        tell(() -> callback.refused(refusal), lane);
    }

    public static void refuse(ProgressCallback callback, Refusal refusal, Lane lane) {
        tell(() -> callback.refused(refusal), lane);
    }

    public static void refuse(RetireCallback callback, Refusal refusal, Lane lane) {
        tell(() -> callback.refused(refusal), lane);
    }

    /** Calls a caller back; as {@link #refuse} if that throws. */
    public static void tell(Runnable call, Lane lane) {
        try {
            call.run();
        } catch (RuntimeException | Error e) {
            report(e, lane);
        }
    }

    /** Lets the lane's failure handler hear of a caller's defect without disturbing the work at hand. */
    public static void report(Throwable defect, Lane lane) {
        lane.execute(() -> {
            if (defect instanceof RuntimeException e) {
                throw e;
            }
            throw (Error) defect;
        });
    }
}
