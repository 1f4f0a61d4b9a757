package io.flotilla.raft.scenario;

import io.flotilla.raft.core.ChangeResult;
import io.flotilla.raft.core.Command;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.Outbound;
import io.flotilla.raft.core.PersistBatch;
import io.flotilla.raft.core.ProposeResult;
import io.flotilla.raft.core.ReadGrant;
import io.flotilla.raft.core.RestoredState;
import io.flotilla.raft.core.RoleName;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.TestReplica;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.sim.invariant.LinearizableReads;
import io.flotilla.raft.sim.invariant.SafetyProperties;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/**
 * A group of production cores, played by commands. Time passes and messages move only where a command says so; all
 * safety properties are checked at everything that happens. The commands are listed in the scenarios' README.
 */
final class ScenarioWorld {
    private final SafetyProperties properties = new SafetyProperties();
    private final LinearizableReads reads = new LinearizableReads();

    private record Read(NodeId node, long number) {}

    /** What was committed anywhere when a read was asked for. */
    private final Map<Read, Long> readFloors = new HashMap<>();

    private long highestCommit;
    private final Wire wire = new Wire();
    private final Cast cast = new Cast(properties, this::send);
    private final Owner owner = new Owner(cast);
    private final Post post = new Post(wire, cast, this::settle);
    private final List<String> transcript = new ArrayList<>();
    private final List<String> sent = new ArrayList<>();
    private boolean muted;
    private String last;
    /** The command that is carried out, as it should be said another time. */
    private String said;

    /** What was carried out of the last line. */
    private StringJoiner done = new StringJoiner("");

    private boolean inTurn;
    private boolean lenient;

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
                ScenarioNode node = carryOut(said.split(" "), said);
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

    /** Whether a node has a replica, up or down, that joined there. */
    boolean has(NodeId node, long joined) {
        return cast.has(node.value())
                && cast.node(node.value()).tombstone() == null
                && cast.node(node.value()).replica.joined == joined;
    }

    /** What a node's replica is, or null if the node has none, or is down. */
    SoftState state(NodeId node) {
        return cast.has(node.value()) && !cast.node(node.value()).isDown
                ? cast.node(node.value()).replica.state()
                : null;
    }

    long ticks(NodeId node) {
        return cast.node(node.value()).replica.ticks;
    }

    long nanos(NodeId node) {
        return cast.node(node.value()).replica.nanos;
    }

    /** How many writes of a node wait for its disk, or for its core to be told. */
    int writes(NodeId node) {
        return cast.node(node.value()).writes();
    }

    /** How many of a node's writes there must be on disk so that this is found there. */
    int writesUntil(NodeId node, RestoredState found) {
        return cast.node(node.value()).writesUntil(found);
    }

    /** How many of a node's writes there must be on disk so that it has sent a message that waits for them; else 0. */
    int writesUntilSent(NodeId from, NodeId to, String message) {
        return cast.has(from.value()) && !wire.has(from, to, message)
                ? cast.node(from.value()).writesUntilSent(to, message)
                : 0;
    }

    /** The line that was played last. */
    String last() {
        return last;
    }

    /** @return the node to settle once the turn is over, or null if there is nothing left to do */
    private ScenarioNode carryOut(String[] words, String command) {
        switch (words[0]) {
            case "nodes" -> cast.found(words);
            case "newcomer" -> said = owner.newcomer(words, lenient);
            case "retire" -> {
                said = owner.retire(words, lenient);
                transcript.addAll(sent);
                sent.clear();
                transcript.add(cast.node(words[1]).describe());
            }
            case "config" -> cast.configure(words);
            case "log" -> cast.preset(words);
            case "campaign" -> campaign(cast.up(words[1]));
            case "elect" -> elect(cast.up(words[1]));
            case "tick" -> {
                if (inTurn) {
                    cast.up(words[1]).replica.tick();
                    return cast.node(words[1]);
                }
                tick(words);
            }
            case "pass" -> pass(Integer.parseInt(words[1]));
            case "clock" -> cast.up(words[1]).replica.ticks = Long.parseLong(words[2]);
            case "time" -> cast.up(words[1]).replica.at(Long.parseLong(words[2]));
            case "deliver" -> {
                if (words.length > 3) {
                    return deliverOne(words[1], words[2], rest(command, 3));
                } else if (words.length > 1) {
                    post.deliver(words[1], words[2]);
                } else {
                    post.untilQuiet();
                }
            }
            case "drop" -> {
                int lost = post.drop(
                        words.length > 1 ? words[1] : "*",
                        words.length > 1 ? words[2] : "*",
                        words.length > 3 ? rest(command, 3) : "");
                transcript.add(lost == 1 ? "lost" : "lost: " + lost + " messages");
            }
            case "cut" -> wire.cut(cast.node(words[1]).id, cast.node(words[2]).id);
            case "partition" -> post.partition(words);
            case "heal" -> wire.healAll();
            case "slow" -> slow(words, true);
            case "fast" -> slow(words, false);
            case "crash" -> cast.up(words[1]).crash();
            case "restart" -> {
                settle(cast.restart(words));
                state(new String[] {"state", words[1]});
            }
            case "snapshot" -> snapshot(cast.up(words[1]), cast.up(words[2]));
            case "state" -> state(words);
            case "lease" -> lease(cast.up(words[1]));
            default -> {
                return input(words);
            }
        }
        return null;
    }

    /** What goes into a core and lets it owe something. */
    private ScenarioNode input(String[] words) {
        ScenarioNode node = cast.up(words.length > 1 ? words[1] : "");
        switch (words[0]) {
            case "transfer" -> node.replica.core.transfer(cast.named(words[2]));
            case "disks" -> node.replica.core.otherDisks(Words.disks(words));
            case "read" -> {
                readFloors.put(new Read(node.id, Long.parseLong(words[2])), highestCommit);
                if (words.length > 3) {
                    node.replica.core.readIndexHere(Long.parseLong(words[2]));
                } else {
                    node.replica.core.readIndex(Long.parseLong(words[2]));
                }
            }
            case "change" -> change(node, words);
            case "propose" -> propose(node, words);
            case "persist" -> persist(node, words);
            case "sync" -> sync(node, words);
            case "load" ->
                node.load(cast.named(words[2]), words.length > 3 ? Integer.parseInt(words[3]) : Integer.MAX_VALUE);
            case "apply" -> node.apply(words.length > 2 ? Long.parseLong(words[2]) : Long.MAX_VALUE);
            case "compact" -> {
                long index = words.length > 2 ? Long.parseLong(words[2]) : node.replica.answeredApply;
                node.replica.machineDurable =
                        Math.max(node.replica.machineDurable, Math.min(index, node.replica.handedOut));
                node.replica.core.compact(index);
            }
            case "offer" -> node.replica.core.wantsSnapshot(Long.parseLong(words[2]), Words.entryId(words[3]));
            case "install" -> install(node, Words.entryId(words[2]));
            case "installed" -> node.installed();
            case "sent" -> node.replica.core.snapshotSent(cast.named(words[2]), Words.entryId(words[3]));
            case "failed" -> node.replica.core.snapshotFailed(cast.named(words[2]));
            default -> throw new IllegalArgumentException("there is no command '" + String.join(" ", words) + "'");
        }
        return node;
    }

    private static String rest(String command, int from) {
        return command.split(" ", from + 1)[from];
    }

    private void campaign(ScenarioNode node) {
        SoftState before = node.replica.state();
        if (before.role() == RoleName.LEADER) {
            throw new NotNow("%s leads already", node.id);
        }
        boolean asks = false;
        for (int i = 0; i < 3 * cast.config().electionTicks() && !asks; i++) {
            node.replica.tick();
            SoftState now = node.replica.state();
            asks = now.term() > before.term()
                    || (now.role() == RoleName.PRE_CANDIDATE
                            && (before.role() != now.role()
                                    || node.replica.ticks % cast.config().heartbeatTicks() == 0));
        }
        settle(node);
    }

    /** The others have not heard from a leader lately and say nothing themselves, until the node leads. */
    private void elect(ScenarioNode node) {
        muted = true;
        for (ScenarioNode other : cast.all()) {
            for (int i = 0; i < cast.config().electionTicks() && !other.replica.leads() && !other.isDown; i++) {
                if (other != node && other.replica.state().role() == RoleName.FOLLOWER) {
                    other.replica.tick();
                    other.settle();
                }
            }
        }
        muted = false;
        List<String> before = List.copyOf(transcript);
        for (int i = 0; i < 10 * cast.config().electionTicks() && !node.replica.leads(); i++) {
            node.replica.tick();
            settle(node);
            post.untilQuiet();
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
            for (ScenarioNode node : words[1].equals("all") ? cast.all() : List.of(cast.up(words[1]))) {
                if (!node.isDown) {
                    node.replica.tick();
                    settle(node);
                }
            }
        }
    }

    /** Time passes for all, and what is sent meanwhile arrives at once. */
    private void pass(int ticks) {
        for (int i = 0; i < ticks; i++) {
            tick(new String[] {"tick", "all"});
            post.untilQuiet();
        }
    }

    private void propose(ScenarioNode node, String[] words) {
        List<Command> commands = Arrays.stream(words)
                .skip(2)
                .map(word -> (Command) () -> word.getBytes(StandardCharsets.US_ASCII))
                .toList();
        ProposeResult result = node.replica.core.propose(commands);
        if (result instanceof ProposeResult.NotLeader notLeader) {
            transcript.add(node.id + ": refuses, does not lead; leader: " + notLeader.leader());
        } else if (result instanceof ProposeResult.Busy) {
            transcript.add(node.id + ": refuses, is busy");
        }
    }

    private void change(ScenarioNode node, String[] words) {
        ChangeResult result =
                node.replica.core.changeMembership(Words.change(List.of(words).subList(2, words.length)));
        if (result instanceof ChangeResult.NotLeader notLeader) {
            transcript.add(node.id + ": refuses, does not lead; leader: " + notLeader.leader());
        } else if (result instanceof ChangeResult.NotYet) {
            transcript.add(node.id + ": refuses, not yet");
        } else if (result instanceof ChangeResult.Invalid invalid) {
            transcript.add(node.id + ": refuses: " + invalid.reason());
        }
    }

    private ScenarioNode deliverOne(String from, String to, String beginning) {
        Wire.Letter letter = post.find(from, to, beginning, lenient);
        if (lenient) {
            said = "deliver " + from + " " + to + " " + letter.text;
        }
        return post.receive(letter);
    }

    private void install(ScenarioNode node, EntryId last) {
        TestReplica.Snapshot snapshot = cast.snapshotUpTo(last, lenient);
        node.install(snapshot);
        said = "install " + node.id + " " + Words.of(snapshot.last());
    }

    private void slow(String[] words, boolean slow) {
        for (int i = 2; i < words.length; i++) {
            ScenarioNode node = cast.up(words[i]);
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
        for (PersistBatch batch : node.persist(count)) {
            transcript.add(node.id + ": on disk: " + Words.of(batch));
        }
    }

    private void sync(ScenarioNode node, String[] words) {
        for (int i = words.length > 2 ? Integer.parseInt(words[2]) : 1; i > 0; i--) {
            transcript.add(node.id + ": on disk: " + Words.of(node.sync()));
        }
    }

    /** The leader's machine gives a snapshot, which reaches the follower whole. */
    private void snapshot(ScenarioNode from, ScenarioNode to) {
        TestReplica.Snapshot snapshot = from.replica.snapshot();
        if (snapshot == null) {
            throw new NotNow("%s has no snapshot", from.id);
        }
        from.replica.wantedSnapshots.remove(to.id);
        if (!to.replica.core.wantsSnapshot(from.replica.state().term(), snapshot.last()) || !to.install(snapshot)) {
            transcript.add(to.id + ": does not want a snapshot up to "
                    + snapshot.last().index());
        } else {
            transcript.add(to.id + ": takes over a snapshot up to " + Words.of(snapshot.last()));
            to.installed();
        }
        settle(to);
        from.replica.core.snapshotSent(to.id, snapshot.last());
        settle(from);
    }

    private void state(String[] words) {
        for (ScenarioNode node : cast.all()) {
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
            reads.answers(
                    ScenarioNode.GROUP, node.id, readFloors.get(new Read(node.id, grant.readId())), grant.index());
        }
        highestCommit = Math.max(highestCommit, node.replica.state().committed());
        transcript.addAll(node.news());
        transcript.addAll(sent);
        sent.clear();
    }
}
