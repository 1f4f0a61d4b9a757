package io.flotilla.raft.sim;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipChange.Kind;
import io.flotilla.raft.core.membership.MembershipChange.Step;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.host.GroupProgress;
import io.flotilla.raft.host.MembershipCallback;
import io.flotilla.raft.host.ProgressCallback;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.host.RetireCallback;
import io.flotilla.raft.log.GroupDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Whoever owns the groups: changes their memberships at random, gives those that join their replicas and takes the ones of
 * those that left, early or late; and says things again that were true long ago.
 */
final class MembershipOwner {
    private static final long MILLI = 1_000_000L;

    /** The fleet as the owner can reach it. */
    interface Fleet {
        List<NodeId> nodes();

        /** Null while the node is down. */
        RaftHost host(NodeId node);
    }

    private record CreateOrder(NodeId node, GroupDescriptor group) {}

    private record RetireOrder(NodeId node, long group, long removedAt) {}

    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final Fleet fleet;
    private final List<GroupDescriptor> groups;
    private final Coverage coverage;
    private final TreeMap<Long, MembershipEntry> known = new TreeMap<>();
    private final List<CreateOrder> creations = new ArrayList<>();
    private final List<RetireOrder> retirements = new ArrayList<>();
    private boolean calm;

    MembershipOwner(SimScheduler scheduler, Fleet fleet, List<GroupDescriptor> groups, Coverage coverage) {
        this.scheduler = scheduler;
        this.random = scheduler.randomStream();
        this.fleet = fleet;
        this.groups = groups;
        this.coverage = coverage;
    }

    void begin() {
        scheduler.after(1 + random.nextLong(300 * MILLI), this::step);
    }

    /** From now on memberships stay as they are, and no old order is given again. */
    void calmDown() {
        calm = true;
    }

    private void step() {
        begin();
        GroupDescriptor group = groups.get(random.nextInt(groups.size()));
        RaftHost host = someHost();
        if (host != null) {
            host.progress(group.groupId(), new ProgressCallback() {
                @Override
                public void progress(GroupProgress progress) {
                    scheduler.at(scheduler.now(), () -> seen(group, host, progress));
                }

                @Override
                public void refused(Refusal refusal) {}
            });
        }
        if (!calm && random.nextInt(4) == 0) {
            repeatAnOldOrder();
        }
    }

    private RaftHost someHost() {
        return fleet.host(fleet.nodes().get(random.nextInt(fleet.nodes().size())));
    }

    private void seen(GroupDescriptor group, RaftHost host, GroupProgress progress) {
        if (progress.matches().isEmpty()) {
            return;
        }
        MembershipEntry before = known.get(group.groupId());
        Membership membership = progress.membership().membership();
        boolean isSettled = progress.isCommitted() && !membership.isJoint();
        if (isSettled
                && (before == null || before.index() <= progress.membership().index())) {
            known.put(group.groupId(), progress.membership());
        }
        reconcile(group);
        if (!calm && random.nextInt(3) == 0) {
            change(group, host, progress);
        }
    }

    private void reconcile(GroupDescriptor group) {
        MembershipEntry entry = known.get(group.groupId());
        if (entry == null || entry.index() == 0) {
            return;
        }
        for (NodeId node : fleet.nodes()) {
            RaftHost host = fleet.host(node);
            if (host == null || (!calm && random.nextBoolean())) {
                continue;
            }
            boolean isHere = host.status(group.groupId()) != null;
            if (entry.membership().contains(node) && !isHere) {
                create(new CreateOrder(
                        node,
                        new GroupDescriptor(group.groupId(), group.membership(), group.genesis(), entry.index())));
            } else if (!entry.membership().contains(node) && (isHere || random.nextInt(8) == 0)) {
                retire(new RetireOrder(node, group.groupId(), entry.index()));
            }
        }
    }

    private void create(CreateOrder order) {
        RaftHost host = fleet.host(order.node);
        if (host != null) {
            boolean done = host.createGroup(order.group);
            coverage.count(done ? "replicas ordered" : "replicas kept out by tombstones");
            creations.add(order);
        }
    }

    private void retire(RetireOrder order) {
        RaftHost host = fleet.host(order.node);
        if (host == null) {
            return;
        }
        retirements.add(order);
        host.retire(order.group, order.removedAt, new RetireCallback() {
            @Override
            public void retired() {
                coverage.count("replicas dropped when told");
            }

            @Override
            public void isMember(long index) {
                coverage.count("orders to drop a member refused");
            }

            @Override
            public void refused(Refusal refusal) {}
        });
    }

    private void repeatAnOldOrder() {
        if (random.nextBoolean() && !creations.isEmpty()) {
            create(creations.get(random.nextInt(creations.size())));
        } else if (!retirements.isEmpty()) {
            retire(retirements.get(random.nextInt(retirements.size())));
        }
    }

    private void change(GroupDescriptor group, RaftHost host, GroupProgress progress) {
        List<Step> steps = new ArrayList<>();
        List<NodeId> nodes = new ArrayList<>(fleet.nodes());
        for (int n = 1 + random.nextInt(4); n > 0 && !nodes.isEmpty(); n--) {
            Step step = someStep(nodes.remove(random.nextInt(nodes.size())), progress);
            if (step != null) {
                steps.add(step);
            }
        }
        if (steps.isEmpty()) {
            return;
        }
        MembershipChange change = new MembershipChange(steps, random.nextInt(4) == 0);
        coverage.count("changes asked for");
        host.changeMembership(group.groupId(), change, new MembershipCallback() {
            @Override
            public void changed(MembershipEntry now) {
                coverage.count("changes made");
                if (steps.size() > 1 || change.joint()) {
                    coverage.count("changes of several nodes made");
                }
                if (!now.membership().contains(leaderOf(host))) {
                    coverage.count("leaders removed");
                }
            }

            @Override
            public void invalid(String reason) {
                coverage.count("senseless changes refused");
            }

            @Override
            public void refused(Refusal refusal) {}
        });
    }

    private NodeId leaderOf(RaftHost host) {
        for (NodeId node : fleet.nodes()) {
            if (fleet.host(node) == host) {
                return node;
            }
        }
        return fleet.nodes().get(0);
    }

    /** A learner is promoted only if it holds the membership that made it one: then it is not dropped by an old order. */
    private Step someStep(NodeId node, GroupProgress progress) {
        Membership membership = progress.membership().membership();
        if (membership.learners().contains(node)) {
            boolean caughtUp = progress.isCommitted()
                    && progress.matches().get(node)
                            >= Math.max(progress.membership().index(), progress.committed() - 20);
            return caughtUp
                    ? new Step(Kind.ADD_VOTER, node)
                    : random.nextInt(20) > 0 ? null : new Step(Kind.REMOVE, node);
        }
        if (membership.isVoter(node)) {
            boolean spares = membership.voters().size() > 3 || random.nextInt(4) == 0;
            return spares ? new Step(random.nextInt(3) == 0 ? Kind.DEMOTE : Kind.REMOVE, node) : null;
        }
        return new Step(Kind.ADD_LEARNER, node);
    }
}
