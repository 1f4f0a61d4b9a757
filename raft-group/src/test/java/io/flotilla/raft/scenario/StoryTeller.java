package io.flotilla.raft.scenario;

import io.flotilla.raft.core.CoreConfig;
import io.flotilla.raft.core.ImageBase;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.RestoredState;
import io.flotilla.raft.core.TestReplica;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.message.Message;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Makes commands of what the cores of one group were told. Plays them while it goes on, for how a call is best said
 * depends on what has happened: which writes it completes, whether a tick made a node campaign.
 */
final class StoryTeller {
    private final ScenarioWorld world = new ScenarioWorld();
    private final List<String> lines = new ArrayList<>();
    private final Map<Object, NodeId> cores = new IdentityHashMap<>();
    private final Map<NodeId, StringJoiner> turns = new TreeMap<>();
    /** What the nodes' clocks showed last, and what they showed when the story's clocks showed nothing. */
    private final Map<NodeId, Long> clocks = new TreeMap<>();

    private final Map<NodeId, Long> starts = new TreeMap<>();
    private long tickNanos;
    private String broken;

    /** What is broken when the story is told to its end, or null. */
    String broken() {
        return broken;
    }

    /** @return the commands, up to where something breaks */
    List<String> tell(List<CoreTap.Call> calls, long group) {
        Map<Object, Long> groups = new IdentityHashMap<>();
        for (CoreTap.Call call : calls) {
            if (call.method().equals("RaftCore")) {
                groups.put(call.core(), call.group());
            }
            if (groups.getOrDefault(call.core(), -1L) == group && broken == null) {
                tell(call);
            }
        }
        List.copyOf(turns.keySet()).forEach(this::endTurn);
        // what broke may have been on its way to a disk or a machine
        for (NodeId node : new TreeSet<>(cores.values())) {
            int writes = world.writes(node);
            if (writes > 0) {
                play("persist " + node + " " + writes);
            }
            play("apply " + node);
        }
        return lines;
    }

    private void tell(CoreTap.Call call) {
        Object[] args = call.arguments();
        NodeId node = cores.get(call.core());
        if (node == null && !call.method().equals("RaftCore")) {
            return;
        }
        if (!call.method().equals("RaftCore")) {
            endTurnsOfOthers(node);
        }
        switch (call.method()) {
            case "RaftCore" -> begin(call.core(), args);
            case "now" -> clocks.put(node, (Long) args[0]);
            case "tick" -> tick(node, (Long) args[0]);
            case "receive" -> say(node, "deliver " + args[0] + " " + node + " " + Words.of((Message) args[1]));
            case "propose" -> propose(node, (List<?>) args[0]);
            case "readIndex" -> say(node, "read " + node + " " + args[0]);
            case "transfer" -> say(node, "transfer " + node + " " + args[0]);
            case "readIndexHere" -> say(node, "read " + node + " " + args[0] + " here");
            case "changeMembership" -> say(node, "change " + node + " " + Words.of((MembershipChange) args[0]));
            case "persisted" -> say(node, "persist " + node + " to " + args[0]);
            case "applied" -> say(node, "apply " + node + " " + args[0]);
            case "compact" -> say(node, "compact " + node + " " + args[0]);
            case "wantsSnapshot" -> say(node, "offer " + node + " " + args[0] + " " + Words.of((EntryId) args[1]));
            case "install" -> say(node, "install " + node + " " + Words.of(((ImageBase) args[0]).last()));
            case "installed" -> say(node, "installed " + node);
            case "snapshotSent" -> say(node, "sent " + node + " " + args[0] + " " + Words.of((EntryId) args[1]));
            case "snapshotFailed" -> say(node, "failed " + node + " " + args[0]);
            case "drain" -> endTurn(node);
            default -> {}
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
        if (!world.knows(node)) {
            return; // it joined the group later: what it says is as good as lost
        }
        endTurn(node);
        cores.put(core, node);
        // what was written and not yet told to be
        int unheard = world.writesUntil(node, restored.hardState(), restored.lastIndex(), restored.base());
        if (unheard > 0) {
            play("persist " + node + " " + unheard);
        }
        play("crash " + node);
        play("restart " + node + " kept " + restored.applied() + " seed " + args[4]);
        clocks.put(node, (Long) args[5]);
        starts.put(node, (Long) args[5] - world.nanos(node) * tickNanos / TestReplica.TICK_NANOS);
    }

    private static String configuration(CoreConfig config) {
        return "config election " + config.electionTicks() + " heartbeat " + config.heartbeatTicks() + " append "
                + config.maxAppendBytes() + " inflight " + config.maxInflightMessages() + " window "
                + config.maxInflightBytes() + " uncommitted " + config.maxUncommittedBytes() + " apply "
                + config.maxApplyBytes() + " resident " + config.maxResidentBytes() + " prevote "
                + (config.preVote() ? "on" : "off");
    }

    private void tick(NodeId node, long number) {
        long nanos = (clocks.get(node) - starts.get(node)) * TestReplica.TICK_NANOS / tickNanos;
        if (ticksInTurn(node) == 0 && nanos > world.nanos(node) + 2 * TestReplica.TICK_NANOS) {
            say(node, "time " + node + " " + nanos);
        }
        if (number != world.ticks(node) + ticksInTurn(node) + 1) {
            say(node, "clock " + node + " " + (number - 1));
        }
        say(node, "tick " + node);
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

    private void propose(NodeId node, List<?> payloads) {
        StringBuilder text = new StringBuilder("propose " + node);
        for (Object payload : payloads) {
            text.append(' ').append(new String((byte[]) payload, StandardCharsets.US_ASCII));
        }
        say(node, text.toString());
    }

    private void say(NodeId node, String command) {
        turns.computeIfAbsent(node, id -> new StringJoiner("; ")).add(command);
    }

    /**
     * Where nothing is owed, no drain ends a turn. The turns of others are over when a node says something; what they wrote has
     * let messages go, which may arrive here.
     */
    private void endTurnsOfOthers(NodeId node) {
        if (turns.size() > (turns.containsKey(node) ? 1 : 0)) {
            List.copyOf(turns.keySet()).stream()
                    .filter(other ->
                            !other.equals(node) && turns.get(other).toString().contains("persist "))
                    .forEach(this::endTurn);
        }
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
        } catch (IllegalArgumentException e) {
            return; // of a node that joined later
        } catch (AssertionError e) {
            lines.add(world.carriedOut());
            broken = Playback.nameOf(e);
        }
    }
}
