package io.flotilla.raft.embed;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.HostConfig;
import io.flotilla.raft.host.HostListener;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.ReadCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.runtime.Lane;
import io.flotilla.raft.transport.MessageCodec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node of a small fleet, with its threads, files and network: groups of replicas that keep a {@link ReplicatedState}
 * each. Thread-safe. Futures are completed on threads of the node: what follows them must be quick and must not block.
 *
 * <p>Commands and queries go to the leader of their group. On another node they fail with a {@link ProposalException} that
 * names the leader; carrying them there is the program's. Commands are done at most once; one whose outcome is not known
 * is never done again by itself.
 */
public final class RaftNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RaftNode.class);
    private static final long CLOSE_SECONDS = 30;
    private static final long LOOK_NANOS = 10_000_000L;

    private final EmbeddedPorts ports;
    private final RaftHost host;
    private final Lane lane;
    private final CompletableFuture<Throwable> failure;
    private volatile boolean closed;

    /** @param failure completed by whoever sees that the node can't go on */
    RaftNode(
            EmbeddedPorts ports,
            HostConfig config,
            Membership members,
            Map<Long, NodeGroup> groups,
            CompletableFuture<Throwable> failure) {
        this.ports = ports;
        this.failure = failure;
        this.lane = ports.runtime().lane("node");
        this.host = new RaftHost(
                config,
                ports.runtime(),
                ports.log(),
                ports.records(),
                ports.transport(),
                group -> groups.get(group.groupId()).open(ports.disk()),
                ports.disk(),
                new Listener());
        failure.thenAccept(cause -> {
            LOG.error("{}: the node can't go on", ports.self(), cause);
            host.close();
        });
        host.start();
        groups.keySet().forEach(id -> host.createGroup(new GroupDescriptor(id, members, new byte[0])));
    }

    /**
     * A node that is not open yet.
     *
     * @param id its name, for its whole life: 1 to 64 of the characters {@code A-Z a-z 0-9 . _ -}
     * @param directory its files, created if there are none; no other node's
     */
    public static RaftNodeBuilder builder(String id, Path directory) {
        return new RaftNodeBuilder(new NodeId(id), directory);
    }

    /**
     * Replicates a command, of {@link MessageCodec#MAX_PAYLOAD_BYTES} at most. The array belongs to the node from here on.
     *
     * @return the answer of {@link ReplicatedState#apply} once the command is committed and applied here; else a {@link
     *     ProposalException}
     * @throws IllegalArgumentException if the command is too large
     */
    public CompletableFuture<byte[]> propose(long group, byte[] command) {
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        host.propose(group, command, new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                answer.complete((byte[]) result);
            }

            @Override
            public void refused(Refusal refusal) {
                answer.completeExceptionally(new ProposalException(group, refusal));
            }
        });
        return answer;
    }

    /**
     * Asks the state, linearizably: every command answered before this call is seen.
     *
     * @param type of the group's state
     * @param query must not change or keep the state; called again if what it gave may not be told any more
     * @return what the query gave, or a {@link ProposalException}
     */
    public <S extends ReplicatedState, T> CompletableFuture<T> read(long group, Class<S> type, Function<S, T> query) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        host.read(group, new ReadCallback() {
            @Override
            public Runnable read(StateMachine machine) {
                try {
                    ReplicatedState state = machine.as(SavedMachine.class).state();
                    T result = query.apply(type.cast(state));
                    return () -> answer.complete(result);
                } catch (RuntimeException e) {
                    return () -> answer.completeExceptionally(e);
                }
            }

            @Override
            public void refused(Refusal refusal) {
                answer.completeExceptionally(new ProposalException(group, refusal));
            }
        });
        return answer;
    }

    /**
     * Waits for this node to lead a group. It may have ceased to when you read this.
     *
     * @param timeout how long to wait for that
     * @return this node; a {@link TimeoutException} if it did not lead in time
     */
    public CompletableFuture<RaftNode> leading(long group, Duration timeout) {
        CompletableFuture<RaftNode> leading = new CompletableFuture<>();
        long end = ports.runtime().clock().nanos() + timeout.toNanos();
        lane.execute(() -> look(group, end, leading));
        return leading;
    }

    private void look(long group, long end, CompletableFuture<RaftNode> leading) {
        GroupStatus status = host.status(group);
        if (status != null && status.state().role() == RoleName.LEADER) {
            leading.complete(this);
        } else if (closed || ports.runtime().clock().nanos() - end >= 0) {
            leading.completeExceptionally(new TimeoutException(
                    "node " + ports.self() + " does not lead group " + group + (closed ? ": it is closed" : "")));
        } else if (!leading.isDone()) {
            lane.after(LOOK_NANOS, () -> look(group, end, leading));
        }
    }

    /**
     * Completes, with the cause, when the node can't go on: its disk failed, or its code. It does nothing any more then; the
     * process should end.
     */
    public CompletableFuture<Throwable> failure() {
        return failure.copy();
    }

    /** All that a host can do and tell, past this class. Closed with the node. */
    public RaftHost host() {
        return host;
    }

    /**
     * Stops in order: open commands end, with an unknown outcome; files and port are free on return, after some seconds at
     * most. May be called again; not on a thread of the node.
     */
    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        host.close();
        try {
            host.closed().get(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // what was acknowledged is in the log
            LOG.warn("{}: not everything could be closed in order", ports.self(), e);
        }
        ports.close();
    }

    private final class Listener implements HostListener {
        @Override
        public void groupFailed(long groupId, Throwable cause) {
            LOG.error("{}: the replica of group {} is halted", ports.self(), groupId, cause);
        }

        @Override
        public void nodeFailed(Throwable cause) {
            failure.complete(cause);
        }
    }
}
