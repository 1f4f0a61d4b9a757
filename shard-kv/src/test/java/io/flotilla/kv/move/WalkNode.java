package io.flotilla.kv.move;

import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveStatus;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** A node of the walk: a driver, new after each crash, over the replicas that outlive it. Judges what the driver asks for. */
final class WalkNode implements MoveFacts, MoveActions, MoveMetrics {
    private static final long NEVER = Long.MIN_VALUE;

    final NodeId id;
    private final DriverWalk walk;
    boolean isAlive = true;
    boolean isCutOff;
    /** Since when it lives and hears others. */
    long reachableSince;

    long knownConfiguration;
    private MoveDriver driver;
    private int life;
    private long stepAt;
    private boolean stepping;
    private final SortedMap<MoveKey, Long> freezes = new TreeMap<>();
    /** By group the term in which they were asked for. */
    private final SortedMap<Long, Long> freezeTerms = new TreeMap<>();

    private final SortedSet<Long> guarded = new TreeSet<>();
    private final List<MoveReport> outbox = new ArrayList<>();
    private long longestPause = NEVER;

    WalkNode(NodeId id, DriverWalk walk) {
        this.id = id;
        this.walk = walk;
        begin();
    }

    private void begin() {
        life++;
        freezes.clear();
        guarded.clear();
        outbox.clear();
        driver = new MoveDriver(id, DriverWalk.LIMITS, walk::now, this, this, this);
        knownConfiguration = 0;
    }

    void crash() {
        isAlive = false;
        walk.groups.values().forEach(group -> group.crash(id));
    }

    void restart() {
        isAlive = true;
        begin();
    }

    boolean isReachable() {
        return isAlive && !isCutOff;
    }

    void configured() {
        if (isReachable() && knownConfiguration < walk.controller.newest().getNumber()) {
            knownConfiguration = walk.controller.newest().getNumber();
            driver.configured(walk.controller.newest());
            step();
        }
    }

    void awaited(MoveReport drop) {
        if (isReachable()) {
            driver.awaited(drop);
        }
    }

    void told(NodeId from, io.flotilla.kv.proto.HoldReport report) {
        if (isReachable()) {
            driver.told(from, report);
            step();
        }
    }

    void tick() {
        if (isAlive
                && (driver.isBusy()
                        ? walk.now() - stepAt >= 20 * DriverWalk.MILLI
                        : walk.now() - stepAt >= 500 * DriverWalk.MILLI)) {
            step();
        }
    }

    private void step() {
        if (stepping) {
            return;
        }
        stepping = true;
        stepAt = walk.now();
        driver.step();
        stepping = false;
    }

    List<MoveStatus> statuses() {
        return driver.statuses(0);
    }

    boolean isBusy() {
        return driver.isBusy();
    }

    /** Runs on this node, if it is still the same process. */
    private Runnable mine(Runnable task) {
        int of = life;
        return () -> {
            if (isAlive && life == of) {
                task.run();
                step();
            }
        };
    }

    @Override
    public SortedSet<Long> concerned() {
        SortedSet<Long> concerned = new TreeSet<>();
        walk.groups.forEach((group, state) -> {
            if (state.replicas.containsKey(id)) {
                concerned.add(group);
            }
        });
        return concerned;
    }

    @Override
    public ReplicaFacts of(long group) {
        FakeGroup state = walk.groups.get(group);
        return state.replicas.containsKey(id)
                ? state.facts(id, other -> !isCutOff && walk.nodes.get(other).isReachable())
                : null;
    }

    @Override
    public void ask(MoveRequest request, Answer answer) {
        FakeGroup group = walk.groups.get(request.getGroup());
        if (request.hasFreeze()) {
            judgeFreeze(request);
        }
        NodeId whom = walk.whoIsBelievedToLead(group);
        send(whom, request, answer);
    }

    @Override
    public void ask(NodeId node, MoveRequest request, Answer answer) {
        send(node, request, answer);
    }

    private void send(NodeId whom, MoveRequest request, Answer answer) {
        WalkNode other = whom == null ? null : walk.nodes.get(whom);
        walk.send(
                this,
                other,
                () -> WalkAnswers.answer(walk, other, request, reply -> {
                    walk.send(other, this, mine(() -> {
                        if (reply == null) {
                            answer.failed("not the leader");
                        } else {
                            answer.replied(reply);
                        }
                    }));
                }));
    }

    private void judgeFreeze(MoveRequest request) {
        MoveKey key = new MoveKey(request.getMove(), request.getShard());
        FakeGroup target = walk.groups.get(walk.controller.shard(key.shard()).getTarget());
        FakeShard source = walk.groups.get(request.getGroup()).truth.shard(key.shard());
        if (target == null
                || !walk.controller.isOpen(key)
                || source.stageOf(key.move()).getNumber() > 1) {
            return;
        }
        FakeGroup.Replica own = target.replicas.get(id);
        walk.check(
                request.getFreeze().getTargetTerm() == own.leadsIn,
                "%s asks for the freeze in another term than its own",
                id);
        walk.check(!target.changesMembership, "the freeze is asked for while the membership changes");
        long holders = target.replicas.values().stream()
                .map(replica -> replica.shard(key.shard()))
                .filter(shard -> holds(shard, key, request.getFreeze().getAfter()))
                .count();
        walk.check(
                holders >= target.majority() || own.leadsIn != target.term,
                "the freeze of %s names change number %s, which %s hold",
                key,
                request.getFreeze().getAfter(),
                holders);
        Long term = freezeTerms.put(target.id, own.leadsIn);
        if (term == null || term != own.leadsIn) {
            freezes.keySet()
                    .removeIf(other -> walk.controller.shard(other.shard()).getTarget() == target.id);
        }
        freezes.putIfAbsent(key, walk.now());
        freezes.forEach((other, asked) -> walk.check(
                other.equals(key)
                        || !walk.controller.isOpen(other)
                        || walk.controller.shard(other.shard()).getTarget() != target.id
                        || own.shard(other.shard()).fence >= other.move()
                        || walk.now() - asked >= DriverWalk.LIMITS.turnNanos(),
                "%s is asked to freeze while %s is",
                key,
                other));
    }

    private static boolean holds(FakeShard shard, MoveKey key, long changeNumber) {
        FakeShard.Copy copy = shard.copies.get(key.move());
        return shard.fence >= key.move() || copy != null && copy.whole() && copy.changeNumber() >= changeNumber;
    }

    @Override
    public void propose(long group, KvCommand command, boolean isGuarded, End end) {
        FakeGroup state = walk.groups.get(group);
        judge(state, command, isGuarded);
        long office = group << 32 | state.replicas.get(id).leadsIn;
        if (isGuarded) {
            walk.check(guarded.add(office), "a second guarded entry of group %s", group);
        }
        int of = life;
        state.propose(id, command, isGuarded, refused -> {
            walk.later(1, () -> {
                if (!isAlive || life != of) {
                    return;
                }
                if (isGuarded) {
                    guarded.remove(office);
                }
                if (refused.isEmpty()) {
                    end.done();
                } else {
                    end.failed(refused);
                }
                step();
            });
        });
    }

    private void judge(FakeGroup group, KvCommand command, boolean isGuarded) {
        FakeGroup.Replica own = group.replicas.get(id);
        walk.check(own.leadsIn > 0 && group.isCaughtUp(id), "%s proposes without leading", id);
        long shard = FakeGroup.shardOf(command);
        switch (command.getKindCase()) {
            case ADOPT -> {
                walk.check(isGuarded, "Adopt without the guard");
                walk.check(
                        command.getAdopt().getSerializedSize() <= DriverWalk.LIMITS.adoptBytes(),
                        "Adopt of %s bytes",
                        command.getAdopt().getSerializedSize());
                walk.check(
                        command.getAdopt().getCounters().getChangeNumber()
                                        - command.getAdopt().getHoldChangeNumber()
                                == command.getAdopt().getRowsCount(),
                        "Adopt lacks changes: %s",
                        command);
            }
            case CANCEL -> {
                MoveKey key = new MoveKey(command.getCancel().getMove(), shard);
                boolean isSource = walk.controller.shard(shard).getGroup() == group.id;
                walk.check(
                        !walk.controller.isOpen(key)
                                || isSource && walk.controller.shard(shard).getCancelled(),
                        "%s cancels %s, which is open",
                        group.id,
                        key);
            }
            case DROP -> judgeDrop(new MoveKey(command.getDrop().getMove(), shard), own);
            default -> walk.check(false, "%s is not this driver's to propose", command);
        }
    }

    private void judgeDrop(MoveKey key, FakeGroup.Replica own) {
        walk.check(!walk.controller.isOpen(key), "%s is dropped while it is open", key);
        FakeGroup target = walk.groups.get(own.shard(key.shard()).target);
        for (var replica : target.replicas.entrySet()) {
            WalkNode node = walk.nodes.get(replica.getKey());
            boolean isLive = node.isReachable()
                    && walk.now() - node.reachableSince > DriverWalk.LIMITS.dropNanos()
                    && isReachable()
                    && walk.now() - reachableSince > DriverWalk.LIMITS.dropNanos();
            walk.check(
                    !isLive
                            || replica.getValue().shard(key.shard()).fence >= key.move()
                            || walk.now() - walk.overSince(key) >= DriverWalk.LIMITS.dropNanos(),
                    "%s is dropped, and %s has not adopted it",
                    key,
                    node.id);
        }
    }

    @Override
    public void transferLeadership(long group, NodeId to, End end) {
        FakeGroup state = walk.groups.get(group);
        walk.check(
                state.replicas.get(to).shards.values().stream()
                        .anyMatch(shard ->
                                shard.copies.values().stream().anyMatch(FakeShard.Copy::whole) || shard.fence > 0),
                "leadership goes to %s, which holds nothing",
                to);
        walk.later(50, mine(() -> {
            if (id.equals(state.leader)) {
                state.elect(to, node -> walk.nodes.get(node).isReachable());
                state.hears(id);
            }
            if (id.equals(state.leader)) {
                end.failed(to + " did not take over");
            } else {
                end.done();
            }
        }));
    }

    @Override
    public void holdMembership(long group, long nanos, End end) {
        FakeGroup state = walk.groups.get(group);
        walk.check(nanos <= DriverWalk.LIMITS.membershipNanos(), "the membership is held for %s ns", nanos);
        if (state.changesMembership) {
            end.failed("a change is under way");
        } else {
            state.membershipHeldUntil = walk.now() + nanos;
            end.done();
        }
    }

    @Override
    public boolean report(MoveReport report) {
        outbox.add(report);
        return true;
    }

    /** What waits for the controller, oldest first. */
    List<MoveReport> outbox() {
        return outbox;
    }

    @Override
    public void adopted(long pauseNanos, long bytes) {
        longestPause = Math.max(longestPause, pauseNanos);
    }

    @Override
    public void cancelled() {}

    @Override
    public void dropped() {}

    @Override
    public void failed() {}
}
