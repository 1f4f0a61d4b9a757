package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.Writes.ref;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.ReadRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.Scan;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveReply.Stage;
import io.flotilla.raft.core.log.Entry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Two groups hand one shard to and fro under writes, retries, goodbyes, cancels, repeated and late commands, crashes and snapshots,
 * against a map that is told of each write once. Each of two nodes has a replica of both groups in one engine.
 */
class MovesModelTest {
    private static final String[] KEYS = {"a", "b", "ba", "c", "d", "l"};
    private static final long[] GROUPS = {3, 5};
    private static final long ID = Writes.low().getId();
    private static final int STEPS = 220;

    private SplittableRandom random;
    private int seed;
    private ModelTest.Model model;
    private MemoryEngine[] engines;
    /** By group and node. */
    private MovingGroup[][] replicas;
    /** Up to where each replica's log has come: what lies behind it is asked of the guard. */
    private int[][] appended;
    /** What the entries of each group did, wherever they were applied. */
    private List<Map<Long, Object>> results;

    private long clock;
    private List<WriteRequest> sent;
    private Map<Long, Long> nextSequence;
    private long[] incarnations;

    /** The group that serves, or whose move is under way. */
    private int owner;

    private long lastMove;
    private long term;
    /** Of the move under way; 0 if there is none. */
    private long move;

    private boolean frozen;
    /** Each command of a move that was ever proposed, by group: any may come again. */
    private List<List<KvCommand>> past;

    private int moved;
    private int cancelled;

    @Test
    void aShardGoesToAndFro() {
        int moves = 0;
        int cancels = 0;
        for (seed = 1; seed <= 250; seed++) {
            try {
                run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
            moves += moved;
            cancels += cancelled;
        }
        assertThat(moves).isGreaterThan(500);
        assertThat(cancels).isGreaterThan(50);
    }

    private void run() {
        random = new SplittableRandom(seed);
        model = new ModelTest.Model();
        engines = new MemoryEngine[] {new MemoryEngine(), new MemoryEngine()};
        replicas = new MovingGroup[2][2];
        appended = new int[2][2];
        results = List.of(new LinkedHashMap<>(), new LinkedHashMap<>());
        past = List.of(new ArrayList<>(), new ArrayList<>());
        sent = new ArrayList<>();
        nextSequence = new LinkedHashMap<>();
        incarnations = new long[4];
        clock = Writes.NOW;
        owner = 0;
        lastMove = 9;
        move = 0;
        moved = 0;
        cancelled = 0;
        List<Entry> first = new ArrayList<>();
        List<Entry> second = new ArrayList<>();
        for (int node = 0; node < 2; node++) {
            open(node, first, second);
        }
        for (int step = 0; step < STEPS; step++) {
            step();
            atMostOneServes();
        }
        finish();
    }

    private void open(int node, List<Entry> first, List<Entry> second) {
        KvMachines machines = new KvMachines(engines[node], new TestClock());
        replicas[0][node] = new MovingGroup(GROUPS[0], engines[node], machines, first, List.of(Writes.low()));
        replicas[1][node] = new MovingGroup(GROUPS[1], engines[node], machines, second, List.of());
    }

    private void step() {
        switch (random.nextInt(16)) {
            case 0, 1, 2, 3, 4:
                write();
                break;
            case 5:
                goodbye();
                break;
            case 6, 7:
                copy(any());
                break;
            case 8:
                round(any());
                break;
            case 9, 10:
                drive();
                break;
            case 11:
                again();
                break;
            case 12:
                advance(random.nextInt(2), any(), random.nextInt(1, 6));
                break;
            case 13:
                snapshot(random.nextInt(2), any());
                break;
            case 14:
                int node = any();
                if (random.nextInt(3) > 0) {
                    engines[node].flush();
                } else {
                    replicas[0][node].machines.tidy();
                }
                break;
            default:
                if (random.nextInt(3) == 0) {
                    crash(any());
                } else {
                    replicas[random.nextInt(2)][any()].machine.writeBack();
                }
        }
        for (MovingGroup[] group : replicas) {
            if (random.nextInt(6) == 0 && group[0].machine.appliedIndex() == group[1].machine.appliedIndex()) {
                assertThat(group[0].machine.checksum()).isEqualTo(group[1].machine.checksum());
            }
        }
    }

    private int any() {
        return random.nextInt(2);
    }

    private void crash(int node) {
        long[] durable = {
            replicas[0][node].machine.durableIndex(), replicas[1][node].machine.durableIndex(),
        };
        engines[node] = engines[node].crash(random);
        open(node, replicas[0][node].log, replicas[1][node].log);
        for (int group = 0; group < 2; group++) {
            assertThat(replicas[group][node].machine.appliedIndex()).isGreaterThanOrEqualTo(durable[group]);
        }
    }

    // ---- logs ----

    /** Appends an entry, and applies it where it can be. @return what it did; null if no replica can apply it yet */
    private Object propose(int group, KvCommand command) {
        Entry entry = replicas[group][0].append(command);
        int node = any();
        if (!advance(group, node, Integer.MAX_VALUE)) {
            advance(group, 1 - node, Integer.MAX_VALUE);
        }
        return results.get(group).get(entry.index());
    }

    /** Applies up to so many more entries. @return false if one was held back */
    private boolean advance(int group, int node, int count) {
        MovingGroup replica = replicas[group][node];
        for (int i = 0; i < count && replica.machine.appliedIndex() < replica.log.size(); i++) {
            int index = (int) replica.machine.appliedIndex() + 1;
            Entry entry = replica.log.get(index - 1);
            if (entry.flags() == Entry.GUARDED && index > appended[group][node] && !replica.holds(entry)) {
                if (random.nextBoolean()) {
                    engines[node].flush();
                } else if (random.nextBoolean()) {
                    copy(node);
                } else {
                    round(node);
                }
                if (!replica.holds(entry)) {
                    return false;
                }
            }
            appended[group][node] = Math.max(appended[group][node], index);
            Object result = replica.machine.apply(List.of(entry)).get(0);
            Object before = results.get(group).putIfAbsent((long) index, result);
            if (before != null) {
                assertThat(result).as("entry %s", index).isEqualTo(before);
            }
        }
        return true;
    }

    private void snapshot(int group, int node) {
        MovingGroup to = replicas[group][node];
        MovingGroup from = replicas[group][1 - node];
        if (from.machine.appliedIndex() > to.machine.appliedIndex()) {
            KvSnapshots.transfer(from.machine, to.machine, random.nextInt(1, 2_000));
            appended[group][node] = Math.max(appended[group][node], (int) from.machine.appliedIndex());
        }
    }

    // ---- clients ----

    private void write() {
        clock += random.nextInt(10) == 0 ? random.nextInt(70_000) : random.nextInt(-100, 500);
        WriteRequest write;
        if (!sent.isEmpty() && random.nextInt(3) == 0) {
            write = sent.get(random.nextInt(sent.size()));
        } else {
            int session = random.nextInt(1, 4);
            long sequence = nextSequence.merge((long) session, 1L, Long::sum);
            write = Writes.write(session + 100 * incarnations[session], sequence, mutation()).toBuilder()
                    .setFirstUnacknowledged(Math.max(1, sequence - random.nextInt(6)))
                    .setNotAfterMillis(clock + random.nextInt(5_000))
                    .build();
            sent.add(write);
        }
        int group = random.nextInt(4) > 0 ? owner : 1 - owner;
        Shard route = route(group);
        if (route == null) {
            return;
        }
        WriteRequest routed = write.toBuilder().setShard(ref(route)).build();
        Object result = propose(group, MovingGroup.writes(clock, routed));
        assertThat(result).as("some replica holds what is in the log").isNotNull();
        WriteOutcome outcome = (WriteOutcome) ((List<?>) result).get(0);
        if (outcome.refusal() == null || outcome.refusal().getKind() != Refusal.Kind.STALE_ROUTE) {
            model.check(seed, routed, outcome);
        }
    }

    /** The shard as some replica of the group has it, if any does. */
    private Shard route(int group) {
        Shard shard = replicas[group][any()].shard(ID);
        return shard != null ? shard : replicas[group][0].shard(ID);
    }

    private void goodbye() {
        int session = random.nextInt(1, 4);
        Shard route = route(owner);
        if (route == null) {
            return;
        }
        long gone = session + 100 * incarnations[session];
        Object result = propose(
                owner,
                MovingGroup.goodbyes(
                        clock,
                        Writes.goodbye(gone).toBuilder().setShard(ref(route)).build()));
        // the client is done with it, whatever came of it
        incarnations[session]++;
        nextSequence.remove((long) session);
        sent.removeIf(write -> write.getSessionHigh() == gone);
        assertThat(result).isNotNull();
        CommandOutcome outcome = (CommandOutcome) ((List<?>) result).get(0);
        assertThat(outcome.refusal() == null || outcome.refusal().getKind() == Refusal.Kind.STALE_ROUTE)
                .isTrue();
    }

    private Mutation mutation() {
        String key = KEYS[random.nextInt(KEYS.length)];
        switch (random.nextInt(6)) {
            case 0:
                return Writes.put(key, "" + random.nextInt(9));
            case 1:
                return Writes.delete(key);
            case 2:
                return Writes.increment(key, 1);
            case 3:
                return Writes.batch(
                        Writes.append(key, "1"),
                        Writes.delete(KEYS[random.nextInt(KEYS.length)]),
                        Writes.put(key, "2"));
            case 4:
                return Writes.cas(key, Writes.absent(), "7");
            default:
                return Writes.append(key, "" + random.nextInt(9));
        }
    }

    // ---- moves ----

    private int target() {
        return 1 - owner;
    }

    /** A part of a copy from some replica of the owner, or a pull of a peer's hold. */
    private void copy(int node) {
        if (move == 0) {
            return;
        }
        MovingGroup to = replicas[target()][node];
        MovingGroup from = replicas[owner][any()];
        Shard shard = from.shard(ID);
        if (shard == null) {
            return;
        }
        if (random.nextInt(6) == 0) {
            to.pull(replicas[target()][1 - node], shard, move);
            return;
        }
        HoldPlace place = to.machine.moves().beginHold(shard, move);
        ShardCopy copy =
                place == null || place.isWhole() ? null : from.machine.moves().copy(ID, move);
        if (copy == null) {
            return;
        }
        try (copy) {
            ByteString last = place.copiedBehind();
            int count = random.nextInt(1, 6);
            try (HoldImport rows = place.newImport()) {
                if (last.isEmpty()) {
                    MovingGroup.copySessions(copy, rows);
                }
                last = MovingGroup.copyRows(copy, rows, last, count);
                rows.ingest();
            }
            boolean whole;
            try (CopyCursor rest = copy.rows(last)) {
                whole = !rest.next();
            }
            if (whole) {
                to.machine.moves().completeCopy(place, copy.changeNumber(), place.readSessions());
            } else {
                to.machine.moves().advanceCopy(place, last);
            }
        }
    }

    private void round(int node) {
        if (move != 0) {
            replicas[target()][node].round(replicas[owner][any()], ID, move, random.nextInt(1, 400));
        }
    }

    private void remember(int group, KvCommand command) {
        past.get(group).add(command);
    }

    /** The next step of the move under way, or a new one. */
    private void drive() {
        MovingGroup source = replicas[owner][any()];
        if (move == 0) {
            Shard shard = route(owner);
            if (shard == null) {
                return;
            }
            KvCommand out = MovingGroup.moveOut(ID, lastMove + 1, shard.getEpoch(), GROUPS[target()], 60);
            remember(owner, out);
            move = ++lastMove;
            frozen = false;
            propose(owner, out);
        } else if (!frozen && random.nextInt(6) == 0) {
            KvCommand cancel = MovingGroup.cancel(ID, move);
            remember(owner, cancel);
            propose(owner, cancel);
            settle();
        } else if (!frozen) {
            if (durable(0) >= 0 || durable(1) >= 0) {
                KvCommand freeze = MovingGroup.freeze(ID, move, ++term);
                remember(owner, freeze);
                propose(owner, freeze);
            }
            settle();
        } else if (source.machine.moves().state(ID, move).stage() == Stage.FROZEN) {
            adopt(source);
        }
    }

    private long durable(int node) {
        PublishedHold hold = replicas[target()][node].published().hold(ID, move);
        return hold == null ? -1 : hold.durableChangeNumber();
    }

    /** How the source's log has decided. */
    private void settle() {
        for (MovingGroup replica : replicas[owner]) {
            if (replica.machine.appliedIndex() == replica.log.size()) {
                MoveOutcome state = replica.machine.moves().state(ID, move);
                frozen = state.stage() == Stage.FROZEN;
                if (state.stage() == Stage.OVER) {
                    cancelled++;
                    KvCommand cancel = MovingGroup.cancel(ID, move);
                    remember(target(), cancel);
                    propose(target(), cancel);
                    move = 0;
                }
                return;
            }
        }
    }

    private void adopt(MovingGroup source) {
        int node = durable(0) >= 0 && (random.nextBoolean() || durable(1) < 0) ? 0 : 1;
        long least = durable(node);
        if (least < 0 || !advance(target(), node, Integer.MAX_VALUE)) {
            return;
        }
        if (durable(1 - node) >= 0) {
            least = Math.min(least, durable(1 - node));
        }
        KvCommand adopt = source.adopt(ID, move, least);
        remember(target(), adopt);
        // whoever proposes it holds it
        appendTo(target(), node, adopt);
        if (replicas[target()][node].machine.moves().state(ID, move).stage() != Stage.OVER) {
            return;
        }
        KvCommand drop = MovingGroup.drop(ID, move);
        remember(owner, drop);
        moved++;
        if (random.nextBoolean() && advance(target(), 1 - node, Integer.MAX_VALUE)) {
            propose(owner, drop);
        }
        owner = target();
        move = 0;
    }

    private void appendTo(int group, int node, KvCommand command) {
        replicas[group][node].append(command);
        assertThat(advance(group, node, Integer.MAX_VALUE)).isTrue();
    }

    /** A command of a move comes again, or late. */
    private void again() {
        int group = random.nextInt(2);
        List<KvCommand> commands = past.get(group);
        if (!commands.isEmpty()) {
            KvCommand command = commands.get(random.nextInt(commands.size()));
            // a Drop is asked for once all have adopted: one that comes too early is another test's
            if (!command.hasDrop() || (isCaughtUp(1 - group, 0) && isCaughtUp(1 - group, 1))) {
                propose(group, command);
            }
        }
        if (move != 0) {
            settle();
        }
    }

    // ---- what is judged ----

    private void atMostOneServes() {
        int serving = 0;
        for (MovingGroup[] group : replicas) {
            for (MovingGroup replica : group) {
                if (replica.machine.appliedIndex() == replica.log.size()
                        && replica.published().gauge(ID) != null) {
                    serving++;
                    break;
                }
            }
        }
        assertThat(serving).isLessThanOrEqualTo(1);
    }

    /** Everything stops, and the move under way goes on to its end. */
    private void finish() {
        for (int attempt = 0; attempt < 200 && !isAtRest(); attempt++) {
            for (int group = 0; group < 2; group++) {
                for (int node = 0; node < 2; node++) {
                    if (!advance(group, node, Integer.MAX_VALUE)) {
                        snapshot(group, node);
                    }
                }
            }
            if (move != 0) {
                copy(any());
                round(any());
                engines[0].flush();
                engines[1].flush();
                drive();
            }
        }
        assertThat(move).as("a move that never ends").isZero();
        for (MovingGroup[] group : replicas) {
            assertThat(group[0].machine.checksum()).isEqualTo(group[1].machine.checksum());
        }
        for (MovingGroup replica : replicas[owner]) {
            List<String> lines = new ArrayList<>();
            Response.Builder response = Response.newBuilder();
            replica.machine.read(
                    ReadRequest.newBuilder()
                            .setShard(ref(replica.shard(ID)))
                            .setScan(Scan.getDefaultInstance())
                            .build(),
                    response);
            ModelTest.Model.add(lines, response.getRead().getScan());
            assertThat(lines).isEqualTo(model.lines());
        }
        for (int node = 0; node < 2; node++) {
            assertThat(replicas[owner][node].published().hold(ID, lastMove)).isNull();
        }
    }

    private boolean isCaughtUp(int group, int node) {
        MovingGroup replica = replicas[group][node];
        return replica.machine.appliedIndex() == replica.log.size();
    }

    private boolean isAtRest() {
        return move == 0 && isCaughtUp(0, 0) && isCaughtUp(0, 1) && isCaughtUp(1, 0) && isCaughtUp(1, 1);
    }
}
