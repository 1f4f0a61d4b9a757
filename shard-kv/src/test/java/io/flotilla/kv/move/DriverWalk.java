package io.flotilla.kv.move;

import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.ShardWrites;
import io.flotilla.kv.proto.WriteCommand;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiFunction;

/**
 * Drivers on the nodes of two fake groups and a fake controller, under everything that may happen to them, from a seed: moves there
 * and back, cancellations at any time, nodes that crash, are cut off, or stay dead, leaders that were replaced and don't know it,
 * messages that are lost, late or doubled, copies that are slow or find no room. Then the faults stop, and all moves must end.
 */
public final class DriverWalk implements BiFunction<Long, String, String> {
    static final long MILLI = 1_000_000L;
    static final long SECOND = 1_000 * MILLI;
    static final MoveLimits LIMITS = new MoveLimits(
            SECOND,
            1_000,
            10,
            3,
            SECOND / 2,
            6 * SECOND,
            3 * SECOND,
            2_000,
            SECOND / 2,
            2 * SECOND,
            4 * SECOND,
            15 * SECOND,
            3 * SECOND);

    private static final int SHARDS = 4;
    private static final long FAULTS_UNTIL = 40 * SECOND;
    private static final long END = 160 * SECOND;

    /** What was seen to be broken. */
    static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1;

        Broken(String message) {
            super(message);
        }
    }

    final SortedMap<NodeId, WalkNode> nodes = new TreeMap<>();
    final SortedMap<Long, FakeGroup> groups = new TreeMap<>();
    FakeController controller;
    private final SortedMap<Long, List<Runnable>> agenda = new TreeMap<>();
    private final SortedMap<Long, Long> acknowledged = new TreeMap<>();
    private final SortedMap<MoveKey, Long> seenOpen = new TreeMap<>();
    private final SortedMap<NodeId, Integer> slowness = new TreeMap<>();
    private Random random;
    private boolean faulty = true;
    /** How rare faults are: the rarer, the further a move gets between two. */
    private int calm;

    private boolean controllerIsUp = true;
    private NodeId goneForGood;
    private long now = SECOND;
    private int adoptions;

    /** @return what was seen to be broken, or null */
    @Override
    public String apply(Long seed, String argument) {
        try {
            new DriverWalk().run(seed);
            return null;
        } catch (Broken e) {
            return e.getMessage();
        }
    }

    /** @return how many moves came to their end with a new owner */
    int run(long seed) {
        random = new Random(seed * 0x9E3779B97F4A7C15L);
        boolean shared = random.nextInt(3) == 0;
        calm = 1 + random.nextInt(6);
        List<NodeId> all = new ArrayList<>();
        for (int i = 1; i <= (shared ? 3 : 6); i++) {
            all.add(new NodeId("n" + i));
        }
        groups.put(1L, new FakeGroup(1, all.subList(0, 3)));
        groups.put(2L, new FakeGroup(2, shared ? all : all.subList(3, 6)));
        controller = new FakeController(groups.values(), SHARDS, 1);
        all.forEach(node -> nodes.put(node, new WalkNode(node, this)));
        for (long id = 1; id <= SHARDS; id++) {
            for (FakeGroup.Replica replica : groups.get(1L).replicas.values()) {
                serve(replica.shard(id));
            }
            serve(groups.get(1L).truth.shard(id));
            acknowledged.put(id, 0L);
        }
        if (random.nextInt(4) == 0) {
            goneForGood = all.get(random.nextInt(all.size()));
        }
        all.forEach(node -> slowness.put(node, random.nextInt(4) == 0 ? 20 : 1 + random.nextInt(3)));
        while (now < END && !(now > FAULTS_UNTIL + 5 * SECOND && isQuiet())) {
            turn();
        }
        check(isQuiet(), "stuck %s s after the faults ended: %s", (now - FAULTS_UNTIL) / SECOND, describe());
        return controller.adopted;
    }

    private static void serve(FakeShard shard) {
        shard.stage = ShardFacts.Stage.SERVING;
        shard.epoch = 1;
    }

    long now() {
        return now;
    }

    void check(boolean holds, String message, Object... arguments) {
        if (!holds) {
            throw new Broken(String.format("at %.3f s: ", now / 1e9) + String.format(message, arguments));
        }
    }

    void later(long millis, Runnable task) {
        agenda.computeIfAbsent(now + millis * MILLI, at -> new ArrayList<>()).add(task);
    }

    /** From node to node; lost, doubled and late while there are faults. */
    void send(WalkNode from, WalkNode to, Runnable delivery) {
        int copies = !faulty ? 1 : random.nextInt(10) == 0 ? 0 : random.nextInt(10) == 0 ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            boolean late = faulty && random.nextInt(30) == 0;
            later(late ? random.nextInt(5_000) : 1 + random.nextInt(10), () -> {
                if (to != null && to.isReachable() && from.isReachable()) {
                    delivery.run();
                }
            });
        }
    }

    /** The controller hears some of what waits for it, and asks for the drops that it was not told of. */
    private void report(WalkNode from) {
        if (!controllerIsUp || !from.isReachable()) {
            return;
        }
        for (MoveReport report : List.copyOf(from.outbox())) {
            controller.told(report);
            if (!faulty || random.nextInt(5) != 0) {
                from.outbox().remove(report);
            }
        }
        controller.awaited().forEach(from::awaited);
    }

    /** Whom a node would ask; a leader that was replaced sometimes. */
    NodeId whoIsBelievedToLead(FakeGroup group) {
        for (NodeId node : group.replicas.keySet()) {
            if (group.believesToLead(node) && !node.equals(group.leader) && random.nextInt(3) == 0) {
                return node;
            }
        }
        return group.leader;
    }

    /** When the move was seen open last. */
    long overSince(MoveKey key) {
        return seenOpen.getOrDefault(key, 0L);
    }

    /** One step of 2 ms. */
    private void turn() {
        now += 2 * MILLI;
        while (!agenda.isEmpty() && agenda.firstKey() <= now) {
            for (Runnable task : agenda.remove(agenda.firstKey())) {
                task.run();
            }
        }
        if (faulty && now > FAULTS_UNTIL) {
            heal();
        }
        if (faulty) {
            faults();
        }
        for (Shard shard : controller.newest().getShardsList()) {
            if (shard.getTarget() != 0) {
                seenOpen.put(new MoveKey(shard.getMoveId(), shard.getId()), now);
            }
        }
        groups.values().forEach(this::turn);
        for (WalkNode node : nodes.values()) {
            if (random.nextInt(faulty ? 50 : 10) == 0) {
                node.configured();
            }
            node.tick();
            if (random.nextInt(20) == 0) {
                report(node);
            }
        }
        if (random.nextInt(20) == 0) {
            write(1 + random.nextInt(SHARDS));
        }
        promises();
    }

    private void turn(FakeGroup group) {
        if (group.leader == null || !nodes.get(group.leader).isReachable()) {
            if (random.nextInt(300) == 0) {
                List<NodeId> members = List.copyOf(group.replicas.keySet());
                group.elect(
                        members.get(random.nextInt(members.size())),
                        node -> nodes.get(node).isReachable());
            }
        }
        for (NodeId node : group.replicas.keySet()) {
            if (!nodes.get(node).isReachable()) {
                continue;
            }
            if (group.leader != null && nodes.get(group.leader).isReachable()) {
                if (random.nextInt(200) == 0) {
                    group.hears(node);
                }
                if (!node.equals(group.leader) && random.nextInt(2) == 0) {
                    KvCommand heldBack = group.append(node);
                    if (heldBack != null && random.nextInt(50) == 0) {
                        pullFromLeader(group, node, heldBack);
                    }
                }
            }
            if (random.nextInt(2) == 0) {
                group.apply(node);
            }
            if (random.nextInt(10 * slowness.get(node)) == 0) {
                copy(group, node);
            }
        }
        group.commit();
        if (group.changesMembership) {
            group.changesMembership = random.nextInt(200) != 0;
        } else if (faulty && now > group.membershipHeldUntil && random.nextInt(3_000) == 0) {
            group.changesMembership = true;
        }
    }

    /** A replica that is held back takes its leader's copy, whole and anew, or a snapshot of a leader that has applied the entry. */
    private static void pullFromLeader(FakeGroup group, NodeId node, KvCommand heldBack) {
        long move = heldBack.getAdopt().getMove();
        long shard = FakeGroup.shardOf(heldBack);
        FakeShard.Copy whole =
                group.replicas.get(group.leader).shard(shard).copies.get(move);
        FakeShard own = group.replicas.get(node).shard(shard);
        if (group.replicas.get(group.leader).shard(shard).fence >= move) {
            group.install(node);
        } else if (whole != null && own.fence < move) {
            own.copies.put(move, whole);
        }
    }

    /** A replica takes the next part of each of its copies, and tells its leader. */
    private void copy(FakeGroup group, NodeId node) {
        for (long id = 1; id <= SHARDS; id++) {
            FakeShard own = group.replicas.get(node).shard(id);
            Shard configured = controller.shard(id);
            MoveKey key = new MoveKey(configured.getMoveId(), id);
            if (configured.getTarget() == group.id
                    && nodes.get(node).knownConfiguration >= key.move()
                    && own.fence < key.move()) {
                pull(own, key, groups.get(configured.getGroup()));
            }
            for (long move : own.copies.keySet()) {
                tell(group, node, id, move);
            }
        }
    }

    private void pull(FakeShard own, MoveKey key, FakeGroup source) {
        FakeShard.Copy copy = own.copies.get(key.move());
        if (copy != null && copy.gaveUp()) {
            return;
        }
        for (var replica : source.replicas.entrySet()) {
            FakeShard from = replica.getValue().shard(key.shard());
            boolean serves = from.move == key.move()
                    && (from.stage == ShardFacts.Stage.MOVING || from.stage == ShardFacts.Stage.FROZEN);
            if (!serves || !nodes.get(replica.getKey()).isReachable() || random.nextInt(2) == 0) {
                continue;
            }
            if (copy == null) {
                boolean noRoom = faulty && random.nextInt(calm * 100) == 0;
                own.copies.put(key.move(), new FakeShard.Copy(1, from.writesAtMoveOut, noRoom));
            } else if (!copy.whole()) {
                own.copies.put(key.move(), new FakeShard.Copy(copy.parts() + 1, copy.changeNumber(), false));
            } else if (from.writes > copy.changeNumber()) {
                own.copies.put(key.move(), new FakeShard.Copy(copy.parts(), from.writes, false));
            }
            return;
        }
    }

    private void tell(FakeGroup group, NodeId node, long shard, long move) {
        FakeShard own = group.replicas.get(node).shard(shard);
        FakeShard.Copy copy = own.copies.get(move);
        if (group.leader == null) {
            return;
        }
        HoldReport report = HoldReport.newBuilder()
                .setGroup(group.id)
                .setShard(shard)
                .setMove(move)
                .setWhole(copy.whole())
                .setChangeNumber(copy.changeNumber())
                .setCopiedBytes(copy.parts() * 100L)
                .setFence(own.fence)
                .setProblem(copy.gaveUp() ? "no room" : "")
                .setGivenUp(copy.gaveUp())
                .build();
        WalkNode leader = nodes.get(group.leader);
        send(nodes.get(node), leader, () -> leader.told(node, report));
    }

    /** A client writes at whoever serves the shard, and is answered once it is applied there. */
    private void write(long shard) {
        for (FakeGroup group : groups.values()) {
            if (group.leader != null
                    && nodes.get(group.leader).isReachable()
                    && group.replicas.get(group.leader).shard(shard).serves()) {
                KvCommand command = KvCommand.newBuilder()
                        .setWrites(WriteCommand.newBuilder()
                                .addShards(ShardWrites.newBuilder().setShard(shard)))
                        .build();
                group.propose(group.leader, command, false, refused -> {
                    if (refused.isEmpty()) {
                        acknowledged.merge(shard, 1L, Long::sum);
                    }
                });
                return;
            }
        }
    }

    private void faults() {
        if (random.nextInt(500) == 0) {
            long shard = 1 + random.nextInt(SHARDS);
            controller.intend(shard, 3 - controller.shard(shard).getGroup());
        }
        if (random.nextInt(calm * 1_500) == 0) {
            controller.cancel(1 + random.nextInt(SHARDS));
        }
        if (random.nextInt(calm * 1_000) == 0) {
            controllerIsUp = !controllerIsUp;
        }
        for (WalkNode node : nodes.values()) {
            if (random.nextInt(calm * 2_000) == 0) {
                if (node.isAlive) {
                    node.crash();
                } else if (!node.id.equals(goneForGood)) {
                    node.restart();
                    node.reachableSince = now;
                }
            }
            if (random.nextInt(calm * 2_000) == 0) {
                node.isCutOff = !node.isCutOff;
                node.reachableSince = now;
            }
        }
        for (FakeGroup group : groups.values()) {
            if (random.nextInt(calm * 1_500) == 0) {
                List<NodeId> members = List.copyOf(group.replicas.keySet());
                group.elect(
                        members.get(random.nextInt(members.size())),
                        node -> nodes.get(node).isReachable());
            }
        }
    }

    private void heal() {
        faulty = false;
        controllerIsUp = true;
        for (WalkNode node : nodes.values()) {
            if (node.id.equals(goneForGood)) {
                node.crash();
            } else if (!node.isAlive) {
                node.restart();
            }
            node.isCutOff = false;
            node.reachableSince = now;
        }
    }

    private void promises() {
        for (long id = 1; id <= SHARDS; id++) {
            int serving = 0;
            for (FakeGroup group : groups.values()) {
                FakeShard shard = group.truth.shard(id);
                if (shard.serves()) {
                    serving++;
                    check(
                            shard.writes >= acknowledged.get(id),
                            "group %s serves shard %s with %s writes of %s",
                            group.id,
                            id,
                            shard.writes,
                            acknowledged.get(id));
                }
            }
            check(serving <= 1, "%s groups serve shard %s", serving, id);
        }
    }

    /** Whether all moves have ended everywhere. */
    private boolean isQuiet() {
        if (controller.anyOpen() || !controller.awaited().isEmpty()) {
            return false;
        }
        for (FakeGroup group : groups.values()) {
            for (var replica : group.replicas.entrySet()) {
                if (!nodes.get(replica.getKey()).isAlive) {
                    continue;
                }
                for (var shard : replica.getValue().shards.entrySet()) {
                    FakeShard state = shard.getValue();
                    boolean owns = controller.shard(shard.getKey()).getGroup() == group.id;
                    if (!state.copies.isEmpty()
                            || owns != (state.stage == ShardFacts.Stage.SERVING)
                            || state.stage == ShardFacts.Stage.FROZEN) {
                        return false;
                    }
                }
            }
        }
        return nodes.values().stream().noneMatch(node -> node.isAlive && node.isBusy());
    }

    private String describe() {
        StringBuilder text =
                new StringBuilder(controller.newest().getShardsList().toString());
        groups.values()
                .forEach(group -> group.replicas.forEach((node, replica) ->
                        replica.shards.forEach((id, shard) -> text.append(String.format(
                                "%ngroup %s %s%s shard %s %s by %s fence %s copies %s",
                                group.id,
                                node,
                                node.equals(group.leader) ? "*" : nodes.get(node).isAlive ? "" : " dead",
                                id,
                                shard.stage,
                                shard.move,
                                shard.fence,
                                shard.copies)))));
        nodes.values()
                .forEach(node -> node.statuses()
                        .forEach(status -> text.append(node.id).append(' ').append(status)));
        return text.toString();
    }
}
