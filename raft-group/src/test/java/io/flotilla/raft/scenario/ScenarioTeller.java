package io.flotilla.raft.scenario;

import io.flotilla.raft.core.Command;
import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.LoadRequest;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RaftCore;
import io.flotilla.raft.core.RestoredState;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.core.TestReplica;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.message.Message;
import io.flotilla.raft.core.transfer.OtherDisks;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Makes commands of what the cores of one group were told. Plays them while it goes on, for how a call is best said
 * depends on what has happened: which writes it completes, whether a tick made a node campaign.
 */
final class ScenarioTeller {
    private final ScenarioWorld world = new ScenarioWorld();
    private final List<String> lines = new ArrayList<>();
    private final Map<Object, NodeId> cores = new IdentityHashMap<>();
    /** The last one of each node. */
    private final Map<NodeId, RaftCore> lives = new TreeMap<>();

    /** Those that end because their replicas are dropped, and whose nodes don't start them again. */
    private final Set<Object> dropped = Collections.newSetFromMap(new IdentityHashMap<>());

    private final Map<NodeId, StringJoiner> turns = new TreeMap<>();
    /** What the nodes' clocks showed last, and what they showed when the scenario's clocks showed nothing. */
    private final Map<NodeId, Long> clocks = new TreeMap<>();

    private final Map<NodeId, Long> starts = new TreeMap<>();
    /** What they show in the scenario after all that was said. */
    private final Map<NodeId, Long> shown = new TreeMap<>();

    private final Map<Object, OtherDisks> disks = new IdentityHashMap<>();

    private long tickNanos;
    private String broken;

    /** What is broken when the scenario is told to its end, or null. */
    String broken() {
        return broken;
    }

    /** Where the replicas of the scenario are not in the end what the cores that they stand for are, in words. */
    List<String> differences() {
        List<String> differences = new ArrayList<>();
        lives.forEach((node, core) -> {
            SoftState told = world.state(node);
            SoftState then = dropped.contains(core) ? null : core.softState();
            if (!Objects.equals(told, then)) {
                differences.add(node + " is " + told + ", not " + then);
            }
        });
        return differences;
    }

    /** @return the commands, up to where something breaks */
    List<String> tell(List<CoreTap.Call> calls, long group) {
        List<CoreTap.Call> ofGroup = ofGroup(calls, group);
        findDropped(ofGroup);
        for (CoreTap.Call call : ofGroup) {
            if (broken == null) {
                tell(call);
            }
        }
        List.copyOf(turns.keySet()).forEach(this::endTurn);
        return broken == null ? withWhatWasUnderWay() : lines;
    }

    /** What broke may have been on its way to a disk or a machine: to one of them, and not to all. */
    private List<String> withWhatWasUnderWay() {
        for (NodeId node : new TreeSet<>(cores.values())) {
            List<String> more = new ArrayList<>(lines);
            int writes = world.writes(node);
            if (writes > 0) {
                more.add("persist " + node + " " + writes);
            }
            more.add("apply " + node);
            Playback playback = Playback.of(more);
            if (playback.broken() != null) {
                broken = playback.broken();
                return playback.lines();
            }
        }
        return lines;
    }

    private static List<CoreTap.Call> ofGroup(List<CoreTap.Call> calls, long group) {
        Map<Object, Long> groups = new IdentityHashMap<>();
        List<CoreTap.Call> ofGroup = new ArrayList<>();
        for (CoreTap.Call call : calls) {
            if (call.method().equals("RaftCore")) {
                groups.put(call.core(), call.group());
            }
            if (groups.getOrDefault(call.core(), -1L) == group) {
                ofGroup.add(call);
            }
        }
        return ofGroup;
    }

    /** If a crash comes before the tombstone is durable, the node finds the replica again, as it was. */
    private void findDropped(List<CoreTap.Call> calls) {
        Map<Object, CoreTap.Call> begins = new IdentityHashMap<>();
        calls.stream().filter(call -> call.method().equals("RaftCore")).forEach(call -> begins.put(call.core(), call));
        Map<NodeId, Long> next = new TreeMap<>();
        for (int i = calls.size() - 1; i >= 0; i--) {
            CoreTap.Call begin = begins.get(calls.get(i).core());
            NodeId node = (NodeId) begin.arguments()[2];
            long joined = ((RestoredState) begin.arguments()[3]).joined();
            if (calls.get(i) == begin) {
                next.put(node, joined);
            } else if (calls.get(i).method().equals("retired") && next.getOrDefault(node, -1L) != joined) {
                dropped.add(begin.core());
            }
        }
    }

    private void tell(CoreTap.Call call) {
        Object[] args = call.arguments();
        NodeId node = cores.get(call.core());
        if (node == null && !call.method().equals("RaftCore")) {
            return;
        }
        switch (call.method()) {
            case "RaftCore" -> begin(call.core(), args);
            case "now" -> clocks.put(node, (Long) args[0]);
            case "otherDisks" -> disks(node, call.core(), (OtherDisks) args[0]);
            case "tick" -> tick(node, (Long) args[0]);
            case "receive" -> receive(node, (NodeId) args[0], Words.of((Message) args[1]));
            case "propose" -> propose(node, (List<?>) args[0]);
            case "readIndex" -> say(node, "read " + node + " " + args[0]);
            case "transfer" -> say(node, "transfer " + node + " " + args[0]);
            case "readIndexHere" -> say(node, "read " + node + " " + args[0] + " here");
            case "changeMembership" -> say(node, "change " + node + " " + Words.of((MembershipChange) args[0]));
            case "persisted" -> say(node, "persist " + node + " to " + args[0]);
            case "loaded" -> load(node, (LoadRequest) args[0], ((List<?>) args[1]).size());
            case "applied" -> say(node, "apply " + node + " " + args[0]);
            case "compact" -> say(node, "compact " + node + " " + args[0]);
            case "wantsSnapshot" -> say(node, "offer " + node + " " + args[0] + " " + Words.of((EntryId) args[1]));
            case "install" -> say(node, "install " + node + " " + Words.of(((SnapshotBase) args[0]).last()));
            case "installed" -> say(node, "installed " + node);
            case "snapshotSent" -> say(node, "sent " + node + " " + args[0] + " " + Words.of((EntryId) args[1]));
            case "snapshotFailed" -> say(node, "failed " + node + " " + args[0]);
            case "drain" -> endTurn(node);
            case "retired" -> {
                endTurn(node);
                if (dropped.contains(call.core())) {
                    play("retire " + node + " " + args[0]);
                }
            }
            default -> {}
        }
    }

    /** Told with each tick: only what is news is said. */
    private void disks(NodeId node, Object core, OtherDisks others) {
        if (!others.equals(disks.getOrDefault(core, OtherDisks.NONE))) {
            disks.put(core, others);
            say(node, "disks " + node + Words.of(others));
        }
    }

    private void begin(Object core, Object[] args) {
        CoreConfig config = (CoreConfig) args[0];
        NodeId node = (NodeId) args[2];
        RestoredState restored = (RestoredState) args[3];
        tickNanos = (Long) args[1];
        if (lines.isEmpty()) {
            SortedSet<NodeId> all = restored.membership().all();
            StringJoiner names = new StringJoiner(" ");
            all.forEach(id -> names.add(id.value()));
            play(configuration(config));
            play("nodes " + names);
            play("slow disk " + names);
            play("slow machine " + names);
        }
        endTurn(node);
        lives.put(node, (RaftCore) core);
        if (world.has(node, restored.joined())) {
            // what was written and not yet told to be
            int unheard = world.writesUntil(node, restored);
            if (unheard > 0) {
                play("sync " + node + " " + unheard);
            }
            play("crash " + node);
            play("restart " + node + " kept " + restored.applied() + " seed " + args[4]);
        } else {
            play("newcomer " + node + " joined " + restored.joined() + " term "
                    + restored.hardState().term() + " floor " + Words.of(restored.floor()) + " seed " + args[4]);
            if (!world.has(node, restored.joined())) {
                return; // nobody in the scenario knows why it is there: what it says is as good as lost
            }
            play("slow disk " + node);
            play("slow machine " + node);
        }
        cores.put(core, node);
        clocks.put(node, (Long) args[5]);
        starts.put(node, (Long) args[5] - world.nanos(node) * tickNanos / TestReplica.TICK_NANOS);
        shown.put(node, world.nanos(node));
    }

    private static String configuration(CoreConfig config) {
        return "config election " + config.electionTicks() + " heartbeat " + config.heartbeatTicks() + " append "
                + config.maxAppendBytes() + " inflight " + config.maxInflightMessages() + " window "
                + config.maxInflightBytes() + " uncommitted " + config.maxUncommittedBytes() + " apply "
                + config.maxApplyBytes() + " resident " + config.maxResidentBytes() + " prevote "
                + (config.preVote() ? "on" : "off");
    }

    private void tick(NodeId node, long number) {
        time(node, scenarioTime(node) - TestReplica.TICK_NANOS);
        if (number != world.ticks(node) + ticksInTurn(node) + 1) {
            say(node, "clock " + node + " " + (number - 1));
        }
        say(node, "tick " + node);
        shown.put(node, scenarioTime(node));
    }

    /** What the node's clock shows, in the scenario's time. */
    private long scenarioTime(NodeId node) {
        return (clocks.get(node) - starts.get(node)) * TestReplica.TICK_NANOS / tickNanos;
    }

    private void time(NodeId node, long time) {
        if (shown.get(node) != time) {
            say(node, "time " + node + " " + time);
            shown.put(node, time);
        }
    }

    private long ticksInTurn(NodeId node) {
        StringJoiner turn = turns.get(node);
        if (turn == null) {
            return 0;
        }
        String text = turn.toString();
        int clock = text.lastIndexOf("clock ");
        long ticks = text.substring(Math.max(0, clock)).split("tick ", -1).length - 1;
        return clock < 0 ? ticks : ticks + Long.parseLong(text.substring(clock).split("[ ;]+")[2]) - world.ticks(node);
    }

    /** What a node wrote may have let a message go before its core was told that it is on disk. */
    private void receive(NodeId node, NodeId from, String message) {
        int writes = world.writesUntilSent(from, node, message);
        if (writes > 0) {
            play("sync " + from + " " + writes);
        }
        time(node, scenarioTime(node));
        say(node, "deliver " + from + " " + node + " " + message);
    }

    private void load(NodeId node, LoadRequest request, int entries) {
        NodeId purpose = request.purpose() == null ? node : request.purpose();
        say(node, "load " + node + " " + purpose + " " + entries);
    }

    private void propose(NodeId node, List<?> commands) {
        StringBuilder text = new StringBuilder("propose " + node);
        for (Object command : commands) {
            text.append(' ').append(new String(((Command) command).payload(), StandardCharsets.US_ASCII));
        }
        say(node, text.toString());
    }

    private void say(NodeId node, String command) {
        turns.computeIfAbsent(node, id -> new StringJoiner("; ")).add(command);
    }

    private void endTurn(NodeId node) {
        StringJoiner turn = turns.remove(node);
        if (turn != null) {
            play(turn.toString());
        }
    }

    private void play(String line) {
        if (broken != null) {
            return;
        }
        try {
            String played = world.playWhatFits(line);
            if (played != null) {
                lines.add(played);
            }
        } catch (AssertionError e) {
            lines.add(world.carriedOut());
            broken = Playback.nameOf(e);
        }
    }
}
