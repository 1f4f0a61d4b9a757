package io.flotilla.raft.scenario;

import io.flotilla.raft.core.ChangeResult;
import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.Outbound;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.ProposeResult;
import io.flotilla.raft.core.ReadGrant;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.TestReplica;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.sim.invariant.LinearizableReads;
import io.flotilla.raft.sim.invariant.SafetyProperties;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * A group of production cores, played by commands. Time passes and messages move only where a command says so; all
 * safety properties are checked at everything that happens. The commands are listed in the scenarios' README.
 */
final class ScenarioWorld {
    private static final int MAX_ROUNDS = 1_000;

    private final SafetyProperties properties = new SafetyProperties();
    private final LinearizableReads reads = new LinearizableReads();
    /** What was committed anywhere when a read was asked for. */
    private final Map<Long, Long> readFloors = new TreeMap<>();

    private long highestCommit;
    private final Map<String, ScenarioNode> nodes = new TreeMap<>();
    private final Wire wire = new Wire();
    private final List<String> transcript = new ArrayList<>();
    private final List<String> sent = new ArrayList<>();
    private CoreConfig config = new CoreConfig(10, 2, 1 << 10, 8, 8 << 10, 1 << 20, 1 << 20, 1 << 20, true);
    private Membership membership;
    private boolean muted;
    private String last;
    /** The command that is carried out, as it should be said another time. */
    private String said;

    /** What was carried out of the last line. */
    private StringJoiner done = new StringJoiner("");

    private boolean inTurn;
    private boolean lenient;
    private long seed = 1;

    /**
     * Carries out one line: a command, or several with semicolons between them that a node handles in one turn.
     *
     * @return what came of it
     * @throws NotNow if it can't be carried out as things are
     * @throws io.flotilla.raft.sim.invariant.Violation if it broke a property
     */
    List<String> play(String line) {
        play(line, false);
        return List.copyOf(transcript);
    }

    /**
     * Carries out what makes sense of a line, and leaves out the rest. Where a message is not there, another one of its
     * kind will do.
     *
     * @return what was carried out, or null if nothing was
     */
    String playWhatFits(String line) {
        return play(line, true);
    }

    private String play(String line, boolean whatFits) {
        transcript.clear();
        last = line;
        lenient = whatFits;
        boolean quietly = line.startsWith("quietly ");
        String[] commands = (quietly ? line.substring("quietly ".length()) : line).split(";");
        inTurn = commands.length > 1;
        Set<ScenarioNode> touched = new LinkedHashSet<>();
        done = new StringJoiner("; ", quietly ? "quietly " : "", "").setEmptyValue("");
        for (String command : commands) {
            said = command.strip();
            try {
                ScenarioNode node = carryOut(said.split("\\s+"), said);
                done.add(said);
                if (node != null) {
                    touched.add(node);
                }
            } catch (NotNow e) {
                if (!whatFits) {
                    throw e;
                }
            } catch (AssertionError e) {
                done.add(said);
                throw e;
            }
        }
        touched.forEach(this::settle);
        if (quietly) {
            transcript.removeIf(told -> told.contains(" -> "));
        }
        return done.length() == 0 ? null : done.toString();
    }

    /** What was carried out of the line that was played last, as it should be said another time. */
    String carriedOut() {
        return done.toString();
    }

    /** What happened by the line that was played last. */
    List<String> transcript() {
        return List.copyOf(transcript);
    }

    boolean knows(NodeId node) {
        return nodes.containsKey(node.value());
    }

    long ticks(NodeId node) {
        return nodes.get(node.value()).replica.ticks;
    }

    long nanos(NodeId node) {
        return nodes.get(node.value()).replica.nanos;
    }

    /** How many writes of a node wait for its disk. */
    int writes(NodeId node) {
        return nodes.get(node.value()).replica.writes.size();
    }

    /** How many of a node's writes there must be on disk so that it looks like this. */
    int writesUntil(NodeId node, HardState state, long lastIndex, EntryId base) {
        return nodes.get(node.value()).writesUntil(state, lastIndex, base);
    }

    /** The line that was played last. */
    String last() {
        return last;
    }

    /** @return the node to settle once the turn is over, or null if there is nothing left to do */
    private ScenarioNode carryOut(String[] words, String command) {
        switch (words[0]) {
            case "nodes" -> create(words);
            case "config" -> configure(words);
            case "log" -> preset(words);
            case "campaign" -> campaign(up(words[1]));
            case "elect" -> elect(up(words[1]));
            case "tick" -> {
                if (inTurn) {
                    up(words[1]).replica.tick();
                    return node(words[1]);
                }
                tick(words);
            }
            case "clock" -> up(words[1]).replica.ticks = Long.parseLong(words[2]);
            case "time" -> up(words[1]).replica.at(Long.parseLong(words[2]));
            case "deliver" -> {
                if (words.length > 3) {
                    return deliverOne(words[1], words[2], rest(command, 3));
                }
                deliverWaiting(words);
            }
            case "drop" -> drop(words, command);
            case "cut" -> wire.cut(node(words[1]).id, node(words[2]).id);
            case "partition" -> partition(words);
            case "heal" -> wire.healAll();
            case "slow" -> slow(words, true);
            case "fast" -> slow(words, false);
            case "crash" -> crash(up(words[1]));
            case "restart" -> restart(node(words[1]), words);
            case "image" -> image(up(words[1]), up(words[2]));
            case "state" -> state(words);
            case "lease" -> lease(up(words[1]));
            default -> {
                return input(words);
            }
        }
        return null;
    }

    /** What goes into a core and lets it owe something. */
    private ScenarioNode input(String[] words) {
        ScenarioNode node = up(words.length > 1 ? words[1] : "");
        switch (words[0]) {
            case "transfer" -> node.replica.core.transfer(node(words[2]).id);
            case "read" -> {
                readFloors.put(Long.parseLong(words[2]), highestCommit);
                if (words.length > 3) {
                    node.replica.core.readIndexHere(Long.parseLong(words[2]));
                } else {
                    node.replica.core.readIndex(Long.parseLong(words[2]));
                }
            }
            case "change" -> change(node, words);
            case "propose" -> propose(node, words);
            case "persist" -> persist(node, words);
            case "apply" -> node.apply(words.length > 2 ? Long.parseLong(words[2]) : Long.MAX_VALUE);
            case "compact" -> {
                long index = words.length > 2 ? Long.parseLong(words[2]) : node.replica.answeredApply;
                node.replica.machineDurable = Math.max(node.replica.machineDurable, index);
                node.replica.core.compact(index);
            }
            case "offer" -> node.replica.core.wantsSnapshot(Long.parseLong(words[2]), Words.entryId(words[3]));
            case "install" -> node.install(imageUpTo(Words.entryId(words[2])));
            case "installed" -> node.installed();
            case "sent" -> node.replica.core.snapshotSent(node(words[2]).id, Words.entryId(words[3]));
            case "failed" -> node.replica.core.snapshotFailed(node(words[2]).id);
            default -> throw new IllegalArgumentException("there is no command '" + String.join(" ", words) + "'");
        }
        return node;
    }

    private static String rest(String command, int from) {
        return command.split("\\s+", from + 1)[from];
    }

    private void create(String[] words) {
        List<NodeId> ids = Arrays.stream(words).skip(1).map(NodeId::new).toList();
        membership = Membership.of(ids);
        ids.forEach(id -> put(id, HardState.INITIAL, List.of()));
    }

    private void put(NodeId id, HardState state, List<Entry> log) {
        TestReplica replica = new TestReplica(id, membership, config, state, log, 0, seed++, this::send);
        nodes.put(id.value(), new ScenarioNode(replica, properties));
    }

    /** {@code config election 10 heartbeat 2 append 1024 inflight 8 window 8192 prevote on}, before {@code nodes}. */
    private void configure(String[] words) {
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

    /** {@code log a 1 1 2 [term 3] [vote b]}: what is on the disk of a node that just started. */
    private void preset(String[] words) {
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
        put(node(words[1]).id, new HardState(term, vote), log);
        node(words[1]).replica.at(config.electionTicks() * TestReplica.TICK_NANOS);
    }

    private static Entry command(long term, long index, String payload) {
        return new Entry(term, index, EntryKind.COMMAND, payload.getBytes(StandardCharsets.US_ASCII));
    }

    private void campaign(ScenarioNode node) {
        SoftState before = node.replica.state();
        if (before.role() == RoleName.LEADER) {
            throw new NotNow("%s leads already", node.id);
        }
        boolean asks = false;
        for (int i = 0; i < 3 * config.electionTicks() && !asks; i++) {
            node.replica.tick();
            SoftState now = node.replica.state();
            asks = now.term() > before.term()
                    || (now.role() == RoleName.PRE_CANDIDATE
                            && (before.role() != now.role() || node.replica.ticks % config.heartbeatTicks() == 0));
        }
        settle(node);
    }

    /** The others have not heard from a leader lately and say nothing themselves, until the node leads. */
    private void elect(ScenarioNode node) {
        muted = true;
        for (ScenarioNode other : nodes.values()) {
            for (int i = 0; i < config.electionTicks() && !other.replica.leads() && !other.isDown; i++) {
                if (other != node && other.replica.state().role() == RoleName.FOLLOWER) {
                    other.replica.tick();
                    other.settle();
                }
            }
        }
        muted = false;
        List<String> before = List.copyOf(transcript);
        for (int i = 0; i < 10 * config.electionTicks() && !node.replica.leads(); i++) {
            node.replica.tick();
            settle(node);
            untilQuiet();
        }
        transcript.clear();
        transcript.addAll(before);
        if (!node.replica.leads()) {
            throw new NotNow("%s is not elected", node.id);
        }
        transcript.add(node.id + ": leader in term " + node.replica.state().term());
    }

    private void tick(String[] words) {
        int times = words.length > 2 ? Integer.parseInt(words[2]) : 1;
        for (int i = 0; i < times; i++) {
            for (ScenarioNode node : words[1].equals("all") ? List.copyOf(nodes.values()) : List.of(up(words[1]))) {
                if (!node.isDown) {
                    node.replica.tick();
                    settle(node);
                }
            }
        }
    }

    private void propose(ScenarioNode node, String[] words) {
        List<byte[]> payloads = Arrays.stream(words)
                .skip(2)
                .map(word -> word.getBytes(StandardCharsets.US_ASCII))
                .toList();
        ProposeResult result = node.replica.core.propose(payloads);
        if (result instanceof ProposeResult.NotLeader notLeader) {
            transcript.add(node.id + ": refuses, does not lead; leader: " + notLeader.leader());
        } else if (result instanceof ProposeResult.Busy) {
            transcript.add(node.id + ": refuses, is busy");
        }
    }

    private void change(ScenarioNode node, String[] words) {
        ChangeResult result =
                node.replica.core.changeMembership(Words.change(List.of(words).subList(2, words.length)));
        if (!(result instanceof ChangeResult.Accepted)) {
            transcript.add(node.id + ": refuses: " + result);
        }
    }

    private Predicate<Wire.Letter> between(String from, String to) {
        return letter -> (from.equals("*") || letter.from.value().equals(from))
                && (to.equals("*") || letter.to.value().equals(to));
    }

    /** All that waits on a link, or everywhere until nothing is on its way any more. */
    private void deliverWaiting(String[] words) {
        if (words.length == 1) {
            untilQuiet();
            return;
        }
        List<Wire.Letter> letters = wire.waiting(between(words[1], words[2]));
        if (letters.isEmpty()) {
            throw new NotNow("nothing waits from %s to %s", words[1], words[2]);
        }
        letters.forEach(this::arrive);
    }

    private void untilQuiet() {
        for (int round = 0; ; round++) {
            List<Wire.Letter> letters = wire.waiting(letter -> true);
            if (letters.isEmpty()) {
                return;
            }
            if (round > MAX_ROUNDS) {
                throw new NotNow("never quiet: %s", letters);
            }
            letters.forEach(this::arrive);
        }
    }

    private void arrive(Wire.Letter letter) {
        ScenarioNode to = receive(letter);
        if (to != null) {
            settle(to);
        }
    }

    /** @return the receiver, or null if it is down */
    private ScenarioNode receive(Wire.Letter letter) {
        wire.taken(letter);
        ScenarioNode to = node(letter.to.value());
        if (to.isDown) {
            return null;
        }
        to.replica.receive(letter.from, letter.message);
        return to;
    }

    /** A message that begins like this: the oldest one that waits, else one that came or was lost before, again. */
    private ScenarioNode deliverOne(String from, String to, String beginning) {
        Wire.Letter letter = wire.find(from, to, beginning, lenient);
        if (letter == null) {
            throw new NotNow("%s never sent %s anything that begins with '%s'", from, to, beginning);
        }
        if (lenient) {
            said = "deliver " + from + " " + to + " " + letter.text;
        }
        up(to);
        return receive(letter);
    }

    private void drop(String[] words, String command) {
        Predicate<Wire.Letter> which = words.length == 1 ? letter -> true : between(words[1], words[2]);
        if (words.length > 3) {
            String beginning = rest(command, 3);
            which = which.and(letter -> letter.text.startsWith(beginning));
        }
        List<Wire.Letter> letters = wire.waiting(which);
        if (letters.isEmpty()) {
            throw new NotNow("no such message waits");
        }
        letters.forEach(wire::taken);
        transcript.add(letters.size() == 1 ? "lost" : "lost: " + letters.size() + " messages");
    }

    /** {@code partition a b | c d}: nothing passes between the sides. */
    private void partition(String[] words) {
        wire.healAll();
        Map<String, Integer> sides = new TreeMap<>();
        int side = 0;
        for (int i = 1; i < words.length; i++) {
            if (words[i].equals("|")) {
                side++;
            } else {
                sides.put(words[i], side);
            }
        }
        sides.forEach((from, one) -> sides.forEach((to, other) -> {
            if (!one.equals(other)) {
                wire.cut(node(from).id, node(to).id);
            }
        }));
    }

    private void slow(String[] words, boolean slow) {
        for (int i = 2; i < words.length; i++) {
            ScenarioNode node = up(words[i]);
            if (words[1].equals("disk")) {
                node.isDiskSlow = slow;
            } else if (words[1].equals("machine")) {
                node.isMachineSlow = slow;
            } else {
                throw new IllegalArgumentException(words[1] + " can't be slow: disk or machine");
            }
            settle(node);
        }
    }

    private void persist(ScenarioNode node, String[] words) {
        int count = 1;
        if (words.length > 3) {
            count = node.writesUpTo(Long.parseLong(words[3]));
            said = "persist " + node.id + " " + count;
        } else if (words.length > 2) {
            count = Integer.parseInt(words[2]);
        }
        for (int i = 0; i < count; i++) {
            PersistBatch batch = node.persist();
            transcript.add(node.id + ": on disk: " + Words.of(batch));
        }
    }

    private void crash(ScenarioNode node) {
        node.crash();
    }

    /** {@code restart a [kept 3] [seed 7]}: {@code kept} is what the state machine still holds. */
    private void restart(ScenarioNode node, String[] words) {
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
        settle(node);
        state(new String[] {"state", node.id.value()});
    }

    /** The leader's machine gives an image, which reaches the follower whole. */
    private void image(ScenarioNode from, ScenarioNode to) {
        TestReplica.Image image = from.replica.image();
        if (image == null) {
            throw new NotNow("%s has no image", from.id);
        }
        from.replica.wantedImages.remove(to.id);
        if (!to.replica.core.wantsSnapshot(from.replica.state().term(), image.last()) || !to.install(image)) {
            transcript.add(
                    to.id + ": does not want an image up to " + image.last().index());
        } else {
            transcript.add(to.id + ": takes over an image up to " + Words.of(image.last()));
            to.installed();
        }
        settle(to);
        from.replica.core.snapshotSent(to.id, image.last());
        settle(from);
    }

    private TestReplica.Image imageUpTo(EntryId last) {
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

    private void state(String[] words) {
        for (ScenarioNode node : nodes.values()) {
            if (words.length == 1 || List.of(words).subList(1, words.length).contains(node.id.value())) {
                transcript.add(node.describe());
            }
        }
    }

    private void lease(ScenarioNode node) {
        long left = node.replica.core.leaseUntil() - node.replica.nanos;
        transcript.add(
                node.id + (left > 0 ? ": a lease for " + left / TestReplica.TICK_NANOS + " ticks" : ": no lease"));
    }

    private void send(NodeId from, Outbound out) {
        if (muted) {
            return;
        }
        properties.sent(from, out.to(), ScenarioNode.GROUP, out.message());
        sent.add(wire.send(from, out.to(), out.message()));
    }

    /** Lets a node do what it has to do, and tells what became of it and what it sent. */
    private void settle(ScenarioNode node) {
        node.settle();
        for (ReadGrant grant : node.newGrants()) {
            reads.answers(ScenarioNode.GROUP, node.id, readFloors.get(grant.readId()), grant.index());
        }
        highestCommit = Math.max(highestCommit, node.replica.state().committed());
        transcript.addAll(node.news());
        transcript.addAll(sent);
        sent.clear();
    }

    private ScenarioNode node(String name) {
        ScenarioNode node = nodes.get(name);
        if (node == null) {
            throw new IllegalArgumentException("there is no node '" + name + "'");
        }
        return node;
    }

    private ScenarioNode up(String name) {
        ScenarioNode node = node(name);
        if (node.isDown) {
            throw new NotNow("%s is down", name);
        }
        return node;
    }
}
