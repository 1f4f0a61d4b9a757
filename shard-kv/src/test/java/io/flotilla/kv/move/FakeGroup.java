package io.flotilla.kv.move;

import io.flotilla.kv.proto.KvCommand;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A fake of a Raft group: one log, of which each replica has appended and applied a part. An election takes a replica that a majority
 * can vote for and cuts off what that one has not appended. A leader that was replaced may go on believing that it leads.
 */
final class FakeGroup {
    static final class Replica {
        final SortedMap<Long, FakeShard> shards = new TreeMap<>();
        int appended;
        int applied;
        /** The term in which it leads or believes so; 0 if it follows. */
        long leadsIn;

        FakeShard shard(long id) {
            return shards.computeIfAbsent(id, none -> new FakeShard());
        }
    }

    /** @param command null for the first entry of a term */
    private record Entry(long term, KvCommand command, boolean guarded, NodeId proposer, Consumer<String> end) {}

    final long id;
    final SortedMap<NodeId, Replica> replicas = new TreeMap<>();
    /** What a replica that has applied exactly what is committed shows; it copies nothing. */
    final Replica truth = new Replica();

    NodeId leader;
    long term;
    boolean changesMembership;
    long membershipHeldUntil;
    private final List<Entry> log = new ArrayList<>();
    private int begin;
    private int committed;

    FakeGroup(long id, List<NodeId> nodes) {
        this.id = id;
        nodes.forEach(node -> replicas.put(node, new Replica()));
    }

    static long shardOf(KvCommand command) {
        return switch (command.getKindCase()) {
            case MOVE_OUT -> command.getMoveOut().getShard();
            case FREEZE -> command.getFreeze().getShard();
            case CANCEL -> command.getCancel().getShard();
            case ADOPT -> command.getAdopt().getShard().getId();
            case DROP -> command.getDrop().getShard();
            case WRITES -> command.getWrites().getShards(0).getShard();
            default -> throw new IllegalStateException("no such entry: " + command);
        };
    }

    int majority() {
        return replicas.size() / 2 + 1;
    }

    /** One of those that live becomes the leader, if a majority can vote for it. */
    void elect(NodeId candidate, Predicate<NodeId> lives) {
        Replica chosen = replicas.get(candidate);
        long votes = replicas.entrySet().stream()
                .filter(other -> lives.test(other.getKey()) && other.getValue().appended <= chosen.appended)
                .count();
        if (!lives.test(candidate) || votes < majority()) {
            return;
        }
        List<Entry> cut = new ArrayList<>(log.subList(chosen.appended, log.size()));
        log.subList(chosen.appended, log.size()).clear();
        replicas.values().forEach(replica -> replica.appended = Math.min(replica.appended, log.size()));
        term++;
        leader = candidate;
        chosen.leadsIn = term;
        begin = log.size() + 1;
        log.add(new Entry(term, null, false, candidate, end -> {}));
        chosen.appended = log.size();
        cut.forEach(entry -> entry.end().accept("another leader was elected"));
    }

    /** A leader that was replaced hears of it. */
    void hears(NodeId node) {
        if (!node.equals(leader)) {
            replicas.get(node).leadsIn = 0;
        }
    }

    boolean believesToLead(NodeId node) {
        return replicas.containsKey(node) && replicas.get(node).leadsIn > 0;
    }

    boolean isCaughtUp(NodeId node) {
        return !node.equals(leader) || replicas.get(node).applied >= begin;
    }

    void propose(NodeId node, KvCommand command, boolean guarded, Consumer<String> end) {
        if (!node.equals(leader)) {
            end.accept("not the leader");
        } else if (guarded && !admits(replicas.get(node), command)) {
            end.accept("this replica does not hold it");
        } else {
            log.add(new Entry(term, command, guarded, node, end));
            replicas.get(node).appended = log.size();
        }
    }

    private static boolean admits(Replica replica, KvCommand command) {
        return replica.shard(shardOf(command)).admits(command.getAdopt());
    }

    /** The replica appends the next entry, unless it is held back. @return what holds it back, or null */
    KvCommand append(NodeId node) {
        Replica replica = replicas.get(node);
        if (replica.appended >= log.size()) {
            return null;
        }
        Entry next = log.get(replica.appended);
        if (next.guarded() && !admits(replica, next.command())) {
            return next.command();
        }
        replica.appended++;
        return null;
    }

    /** The replica takes a snapshot of what the leader has applied. */
    void install(NodeId node) {
        Replica from = replicas.get(leader);
        Replica to = replicas.get(node);
        if (from.applied > to.applied) {
            from.shards.forEach((id, shard) -> to.shard(id).install(shard));
            to.applied = from.applied;
            to.appended = Math.max(to.appended, from.applied);
        }
    }

    /** Commits what a majority has. */
    void commit() {
        List<Integer> appended = new ArrayList<>();
        replicas.values().forEach(replica -> appended.add(replica.appended));
        appended.sort(java.util.Collections.reverseOrder());
        int reached = appended.get(majority() - 1);
        if (leader == null || reached < begin) {
            return;
        }
        while (committed < reached) {
            applyTo(truth, log.get(committed++));
        }
    }

    private static String applyTo(Replica replica, Entry entry) {
        return entry.command() == null
                ? ""
                : replica.shard(shardOf(entry.command())).apply(entry.command());
    }

    /** The replica applies the next committed entry. */
    void apply(NodeId node) {
        Replica replica = replicas.get(node);
        if (replica.applied >= Math.min(committed, replica.appended)) {
            return;
        }
        Entry entry = log.get(replica.applied++);
        String refused = applyTo(replica, entry);
        if (entry.proposer().equals(node) && replica.leadsIn == entry.term()) {
            entry.end().accept(refused);
        }
    }

    ReplicaFacts facts(NodeId node, Predicate<NodeId> heard) {
        Replica replica = replicas.get(node);
        SortedSet<NodeId> voters = new TreeSet<>(replicas.keySet());
        SortedSet<NodeId> alive = new TreeSet<>(voters);
        alive.removeIf(voter -> !voter.equals(node) && !heard.test(voter));
        SortedMap<Long, ShardFacts> shards = new TreeMap<>();
        replica.shards.forEach((shard, state) -> shards.put(shard, state.facts()));
        boolean leads = replica.leadsIn > 0;
        return new ReplicaFacts(
                id,
                leads,
                leads ? replica.leadsIn : term,
                leads && isCaughtUp(node),
                !changesMembership,
                voters,
                alive,
                shards,
                shard -> shards.getOrDefault(shard, ShardFacts.NOTHING));
    }

    /** What only the process knew is gone. */
    void crash(NodeId node) {
        Replica replica = replicas.get(node);
        if (replica != null) {
            replica.leadsIn = 0;
            if (node.equals(leader)) {
                leader = null;
            }
        }
    }
}
