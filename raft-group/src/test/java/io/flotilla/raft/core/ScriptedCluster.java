package io.flotilla.raft.core;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.message.Message;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * A group whose every message is delivered, dropped or held by hand. {@link #run} carries on until all is quiet; no
 * time passes meanwhile.
 */
final class ScriptedCluster {
    static final int ELECTION_TICKS = 10;
    static final int HEARTBEAT_TICKS = 2;
    static final CoreConfig CONFIG =
            new CoreConfig(ELECTION_TICKS, HEARTBEAT_TICKS, 1 << 10, 8, 8 << 10, 1 << 20, 1 << 20, 1 << 20, true);
    static final CoreConfig NO_PRE_VOTE =
            new CoreConfig(ELECTION_TICKS, HEARTBEAT_TICKS, 1 << 10, 8, 8 << 10, 1 << 20, 1 << 20, 1 << 20, false);

    record Envelope(NodeId from, NodeId to, Message message) {
        boolean is(Class<? extends Message> type) {
            return type.isInstance(message);
        }

        boolean isTo(String node) {
            return to.value().equals(node);
        }

        boolean isFrom(String node) {
            return from.value().equals(node);
        }
    }

    final Map<NodeId, TestReplica> replicas = new TreeMap<>();
    final List<Envelope> wire = new ArrayList<>();
    final List<Envelope> held = new ArrayList<>();
    final List<Envelope> sent = new ArrayList<>();
    private final Membership membership;
    private final List<NodeId> strangers = new ArrayList<>();
    private final CoreConfig config;
    private Predicate<Envelope> drop = envelope -> false;
    private Predicate<Envelope> hold = envelope -> false;
    private boolean muted;
    private long seed = 1;

    ScriptedCluster(CoreConfig config, String... nodes) {
        this.config = config;
        List<NodeId> ids = new ArrayList<>();
        for (String node : nodes) {
            ids.add(new NodeId(node));
        }
        membership = Membership.of(ids);
        for (NodeId id : ids) {
            put(id, HardState.INITIAL, List.of());
        }
    }

    /** The first {@code founders} of the nodes found the group; the others know nothing of it yet. */
    static ScriptedCluster with(int founders, String... nodes) {
        return new ScriptedCluster(founders, nodes);
    }

    private ScriptedCluster(int founders, String[] nodes) {
        this.config = CONFIG;
        List<NodeId> ids = new ArrayList<>();
        for (String node : nodes) {
            ids.add(new NodeId(node));
        }
        membership = Membership.of(ids.subList(0, founders));
        strangers.addAll(ids.subList(founders, ids.size()));
        for (NodeId id : ids) {
            put(id, HardState.INITIAL, List.of());
        }
    }

    ScriptedCluster(String... nodes) {
        this(CONFIG, nodes);
    }

    /**
     * The node started a while ago with entries of these terms, nothing applied, in the last one's term or {@code term}.
     */
    ScriptedCluster with(String node, long term, String votedFor, long... terms) {
        List<Entry> log = new ArrayList<>();
        for (int i = 0; i < terms.length; i++) {
            log.add(entry(terms[i], i + 1));
        }
        put(new NodeId(node), new HardState(term, votedFor == null ? null : new NodeId(votedFor)), log);
        at(node).at(ELECTION_TICKS * TestReplica.TICK_NANOS);
        return this;
    }

    private void put(NodeId id, HardState state, List<Entry> log) {
        Membership known = strangers.contains(id) ? Membership.NONE : membership;
        replicas.put(id, new TestReplica(id, known, config, state, log, 0, seed++, this::send));
    }

    static Entry entry(long term, long index) {
        return new Entry(term, index, EntryKind.COMMAND, (term + "/" + index).getBytes(StandardCharsets.US_ASCII));
    }

    private void send(NodeId from, Outbound out) {
        Envelope envelope = new Envelope(from, out.to(), out.message());
        if (muted) {
            return;
        }
        sent.add(envelope);
        if (drop.test(envelope)) {
            return;
        }
        (hold.test(envelope) ? held : wire).add(envelope);
    }

    TestReplica at(String node) {
        return replicas.get(new NodeId(node));
    }

    /** From now on such messages are lost; replaces what was said before. */
    void drop(Predicate<Envelope> lost) {
        drop = lost;
        wire.removeIf(lost);
    }

    void cutOff(String... nodes) {
        List<String> apart = List.of(nodes);
        drop(e -> apart.contains(e.from().value()) || apart.contains(e.to().value()));
    }

    void heal() {
        drop = envelope -> false;
    }

    /** From now on such messages wait in {@link #held}; replaces what was said before. */
    void hold(Predicate<Envelope> held) {
        hold = held;
    }

    void release() {
        hold = envelope -> false;
        wire.addAll(held);
        held.clear();
    }

    /** One message arrives, from whomever the script wants. */
    void inject(String from, String to, Message message) {
        at(to).receive(new NodeId(from), message);
        at(to).settle();
    }

    /** Everything now on the wire arrives, and is answered; the answers stay on the wire. */
    int deliverRound() {
        List<Envelope> arriving = new ArrayList<>(wire);
        wire.clear();
        for (Envelope envelope : arriving) {
            replicas.get(envelope.to()).receive(envelope.from(), envelope.message());
        }
        replicas.values().forEach(TestReplica::settle);
        return arriving.size();
    }

    /** Delivers until nothing is on its way. */
    void run() {
        replicas.values().forEach(TestReplica::settle);
        for (int round = 0; !wire.isEmpty(); round++) {
            Check.that(round < 1_000, "never quiet: %s", wire);
            deliverRound();
        }
    }

    /** A tick for each of the nodes, all of them if none is named, and everything that follows from it. */
    void tick(String... nodes) {
        if (nodes.length == 0) {
            replicas.values().forEach(TestReplica::tick);
        }
        for (String node : nodes) {
            at(node).tick();
        }
        run();
    }

    /** Ticks one node until it campaigns, without delivering anything. */
    void campaign(String node) {
        TestReplica replica = at(node);
        long term = replica.state().term();
        for (int i = 0; i < 3 * ELECTION_TICKS; i++) {
            if (replica.state().role() == RoleName.PRE_CANDIDATE
                    || (replica.state().role() == RoleName.CANDIDATE
                            && replica.state().term() > term)) {
                break;
            }
            replica.tick();
            replica.drain();
        }
        replica.settle();
    }

    /** Makes the node lead: the others have not heard from a leader lately, and say nothing themselves. */
    void elect(String node) {
        run();
        muted = true;
        for (TestReplica replica : replicas.values()) {
            for (int i = 0; i < ELECTION_TICKS && !replica.leads(); i++) {
                if (!replica.id.value().equals(node) && replica.state().role() == RoleName.FOLLOWER) {
                    replica.tick();
                    replica.settle();
                }
            }
        }
        muted = false;
        for (int i = 0; i < 10 * ELECTION_TICKS && !at(node).leads(); i++) {
            tick(node);
        }
        Check.that(at(node).leads(), "%s does not lead", node);
    }

    ProposeResult propose(String node, String... payloads) {
        List<Command> commands = new ArrayList<>();
        for (String payload : payloads) {
            commands.add(() -> payload.getBytes(StandardCharsets.US_ASCII));
        }
        return at(node).core.propose(commands);
    }

    ProposeResult proposeGuarded(String node, String payload) {
        return at(node).core.propose(List.of(new Command() {
            @Override
            public byte[] payload() {
                return payload.getBytes(StandardCharsets.US_ASCII);
            }

            @Override
            public int flags() {
                return Entry.GUARDED;
            }
        }));
    }

    List<Envelope> sent(Class<? extends Message> type, String from, String to) {
        return sent.stream()
                .filter(e -> e.is(type) && e.isFrom(from) && e.isTo(to))
                .toList();
    }

    /** The terms of a node's durable log. */
    List<Long> terms(String node) {
        return at(node).disk.entries.stream().map(Entry::term).toList();
    }

    List<String> commandsApplied(String node) {
        return at(node).applied.stream()
                .filter(e -> e.kind() == EntryKind.COMMAND)
                .map(e -> new String(e.payload(), StandardCharsets.US_ASCII))
                .toList();
    }
}
