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
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.sim.invariant.SafetyProperties;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** The nodes of a story: how they come to be, are found, go down and are back. */
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
            throw new IllegalArgumentException("there is no node '" + name + "'");
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

    /** {@code nodes a b c}: those that found the group. */
    void found(String[] words) {
        List<NodeId> ids = Arrays.stream(words).skip(1).map(NodeId::new).toList();
        founders = Membership.of(ids);
        ids.forEach(id -> put(replica(id, founders, HardState.INITIAL, List.of())));
    }

    /** {@code newcomer d}: the owner of the group gives a new member an empty replica, which was told of nobody. */
    void newcomer(String name) {
        if (has(name)) {
            throw new NotNow("%s has a replica", name);
        }
        NodeId id = new NodeId(name);
        long joined = nodes.values().stream()
                .map(node -> node.replica.core.membership())
                .filter(entry -> entry.membership().contains(id))
                .mapToLong(MembershipEntry::index)
                .max()
                .orElseThrow(() -> new NotNow("nobody knows of a membership with %s", name));
        TestReplica replica = replica(id, Membership.NONE, HardState.INITIAL, List.of());
        replica.joined = joined;
        replica.restart(0, seed++);
        put(replica);
    }

    private TestReplica replica(NodeId id, Membership known, HardState state, List<Entry> log) {
        return new TestReplica(id, known, config, state, log, 0, seed++, network);
    }

    private void put(TestReplica replica) {
        nodes.put(replica.id.value(), new ScenarioNode(replica, founders, properties));
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
        if (!node.isDown) {
            throw new NotNow("%s runs", node.id);
        }
        long kept = node.replica.machineDurable;
        long ownSeed = seed;
        for (int i = 2; i < words.length; i += 2) {
            if (words[i].equals("kept")) {
                kept = Math.max(kept, Math.min(Long.parseLong(words[i + 1]), node.replica.handedOut));
            } else {
                ownSeed = Long.parseLong(words[i + 1]);
            }
        }
        node.restart(kept, ownSeed);
        return node;
    }

    /** What a machine that has applied up to an entry gives as its image. */
    TestReplica.Image imageUpTo(EntryId last) {
        for (ScenarioNode node : nodes.values()) {
            if (node.replica.answeredApply >= last.index()) {
                return new TestReplica.Image(
                        last,
                        node.replica.core.membershipAt(last.index()),
                        List.copyOf(node.replica.applied.subList(0, (int) last.index())));
            }
        }
        throw new NotNow("nobody has applied up to %s", last);
    }

    /** {@code config election 10 heartbeat 2 append 1024 inflight 8 window 8192 prevote on}, before {@code nodes}. */
    void configure(String[] words) {
        Map<String, String> given = new TreeMap<>();
        for (int i = 1; i < words.length; i += 2) {
            given.put(words[i], words[i + 1]);
        }
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
        if (!given.isEmpty()) {
            throw new IllegalArgumentException("unknown settings: " + given);
        }
    }

    private static int number(Map<String, String> given, String name, int usual) {
        String value = given.remove(name);
        return value == null ? usual : Integer.parseInt(value);
    }
}
