package io.flotilla.raft.scenario;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.Outbound;
import io.flotilla.raft.core.TestReplica;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.sim.invariant.SafetyProperties;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** The nodes of a scenario: how they come to be, are found, go down and are back. */
final class Cast {
    private final SafetyProperties properties;
    private final BiConsumer<NodeId, Outbound> network;
    private final Map<String, ScenarioNode> nodes = new TreeMap<>();
    private CoreConfig config = new CoreConfig(10, 2, 1 << 10, 8, 8 << 10, 1 << 20, 1 << 20, 1 << 20, true);
    private Membership founders;
    private long seed = 1;

    Cast(SafetyProperties properties, BiConsumer<NodeId, Outbound> network) {
        this.properties = properties;
        this.network = network;
        properties.askForMemberships(group -> nodes.values().stream()
                .filter(node -> !node.isDown)
                .map(node -> node.replica.core.membership())
                .toList());
    }

    /** For a replica of which nothing else is said. */
    long nextSeed() {
        return seed++;
    }

    CoreConfig config() {
        return config;
    }

    /** Sorted by name. */
    List<ScenarioNode> all() {
        return List.copyOf(nodes.values());
    }

    boolean has(String name) {
        return nodes.containsKey(name);
    }

    ScenarioNode node(String name) {
        ScenarioNode node = nodes.get(name);
        if (node == null) {
            throw new NotNow("there is no node '%s'", name);
        }
        return node;
    }

    ScenarioNode up(String name) {
        ScenarioNode node = node(name);
        if (node.isDown) {
            throw new NotNow("%s is down", name);
        }
        return node;
    }

    /** A node by its name, which has a replica, or is to have one by a membership that somebody goes by. */
    NodeId named(String name) {
        NodeId id = new NodeId(name);
        boolean isNamed = nodes.values().stream()
                .anyMatch(node -> node.replica.core.membership().membership().contains(id));
        return isNamed ? id : node(name).id;
    }

    /** {@code nodes a b c}: those that found the group. */
    void found(String[] words) {
        List<NodeId> ids = Arrays.stream(words).skip(1).map(NodeId::new).toList();
        founders = Membership.of(ids);
        ids.forEach(id -> put(replica(id, founders, HardState.INITIAL, List.of())));
    }

    TestReplica replica(NodeId id, Membership known, HardState state, List<Entry> log) {
        return new TestReplica(id, known, config, state, log, 0, seed++, network);
    }

    /** In the place of what the node had before. */
    void put(TestReplica replica) {
        ScenarioNode node = new ScenarioNode(replica, founders, properties);
        ScenarioNode before = nodes.put(replica.id.value(), node);
        if (before != null) {
            node.isDiskSlow = before.isDiskSlow;
            node.isMachineSlow = before.isMachineSlow;
        }
    }

    /** {@code log a 1 1 2 [term 3] [vote b]}: what is on the disk of a node that just started. */
    void preset(String[] words) {
        List<Entry> log = new ArrayList<>();
        long term = 0;
        NodeId vote = null;
        for (int i = 2; i < words.length; i++) {
            if (words[i].equals("term")) {
                term = Long.parseLong(words[++i]);
            } else if (words[i].equals("vote")) {
                vote = node(words[++i]).id;
            } else {
                long of = Long.parseLong(words[i]);
                term = Math.max(term, of);
                log.add(command(of, log.size() + 1, of + "/" + (log.size() + 1)));
            }
        }
        put(replica(node(words[1]).id, founders, new HardState(term, vote), log));
        node(words[1]).replica.at(config.electionTicks() * TestReplica.TICK_NANOS);
    }

    private static Entry command(long term, long index, String payload) {
        return new Entry(term, index, EntryKind.COMMAND, payload.getBytes(StandardCharsets.US_ASCII));
    }

    /** {@code restart a [kept 3] [seed 7]}: {@code kept} is what the state machine still holds. */
    ScenarioNode restart(String[] words) {
        ScenarioNode node = node(words[1]);
        if (!node.isDown || node.tombstone() != null) {
            throw new NotNow("%s %s", node.id, node.isDown ? "has no replica any more" : "runs");
        }
        long kept = 0;
        long ownSeed = seed;
        for (int i = 2; i < words.length; i += 2) {
            if (words[i].equals("kept")) {
                kept = Long.parseLong(words[i + 1]);
            } else {
                ownSeed = Long.parseLong(words[i + 1]);
            }
        }
        node.restart(kept, ownSeed);
        return node;
    }

    /**
     * What a machine that has applied up to an entry gives as its snapshot; its core was perhaps not told yet that it has.
     *
     * @param anyWillDo whether, if nobody has, a snapshot of all that anybody has applied will do
     */
    TestReplica.Snapshot snapshotUpTo(EntryId last, boolean anyWillDo) {
        TestReplica furthest = null;
        for (ScenarioNode node : nodes.values()) {
            if (node.replica.handedOut >= last.index()) {
                return snapshot(node.replica, last);
            }
            if (furthest == null || node.replica.handedOut > furthest.handedOut) {
                furthest = node.replica;
            }
        }
        if (!anyWillDo || furthest == null || furthest.handedOut == 0) {
            throw new NotNow("nobody has applied up to %s", last);
        }
        return snapshot(
                furthest, furthest.applied.get((int) furthest.handedOut - 1).id());
    }

    private TestReplica.Snapshot snapshot(TestReplica from, EntryId last) {
        return new TestReplica.Snapshot(
                last, membershipAt(from, last.index()), List.copyOf(from.applied.subList(0, (int) last.index())));
    }

    /** The membership in force at an index, as the core says; if its log was cut since, as the entries say. */
    Membership membershipAt(TestReplica replica, long index) {
        if (index >= replica.core.base().index()) {
            return replica.core.membershipAt(index);
        }
        Membership membership = founders;
        for (Entry entry : replica.applied.subList(0, (int) index)) {
            if (entry.kind() == EntryKind.MEMBERSHIP) {
                membership = MembershipCodec.decode(entry.payload());
            }
        }
        return membership;
    }

    /** {@code config election 10 heartbeat 2 append 1024 inflight 8 window 8192 prevote on}, before {@code nodes}. */
    void configure(String[] words) {
        Map<String, String> given = given(words, 1);
        config = new CoreConfig(
                number(given, "election", config.electionTicks()),
                number(given, "heartbeat", config.heartbeatTicks()),
                number(given, "append", config.maxAppendBytes()),
                number(given, "inflight", config.maxInflightMessages()),
                number(given, "window", config.maxInflightBytes()),
                number(given, "uncommitted", config.maxUncommittedBytes()),
                number(given, "apply", config.maxApplyBytes()),
                number(given, "resident", config.maxResidentBytes()),
                !"off".equals(given.remove("prevote")));
        expectNoMore(given);
    }

    /** Names and values in turn. */
    static Map<String, String> given(String[] words, int from) {
        Map<String, String> given = new TreeMap<>();
        for (int i = from; i < words.length; i += 2) {
            given.put(words[i], words[i + 1]);
        }
        return given;
    }

    static void expectNoMore(Map<String, String> given) {
        if (!given.isEmpty()) {
            throw new IllegalArgumentException("unknown settings: " + given);
        }
    }

    private static int number(Map<String, String> given, String name, int usual) {
        String value = given.remove(name);
        return value == null ? usual : Integer.parseInt(value);
    }
}
