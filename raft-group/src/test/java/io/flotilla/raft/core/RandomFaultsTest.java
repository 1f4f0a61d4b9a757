package io.flotilla.raft.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.message.Message;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Five replicas under every fault the core must bear, chosen by a seed; safety at every step, then liveness. */
class RandomFaultsTest {
    /** Fewer where the tests themselves are tested. */
    private static final int SEEDS = Integer.getInteger("flotilla.core.seeds", 300);

    private static final int STEPS = 5_000;

    @Test
    @DisplayName(
            "SL-70 random loss, duplication, reordering, slow disks, crashes, cut logs and snapshots break no property")
    void randomFaults() {
        long elections = 0;
        long committed = 0;
        long grants = 0;
        long installs = 0;
        long changes = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            Run run = new Run(seed);
            try {
                run.faults();
                run.healAndConverge();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
            elections += run.highestTerm();
            committed += run.oracle.committedIndex();
            grants += run.readGrants;
            installs += run.installs;
            changes += run.changesCommitted();
        }
        assertThat(elections).as("the schedules hold elections").isGreaterThan(SEEDS * 5L);
        assertThat(committed).as("the schedules commit").isGreaterThan(SEEDS * 20L);
        assertThat(grants).as("the schedules grant reads").isGreaterThan(SEEDS * 3L);
        assertThat(installs).as("the schedules install snapshots").isGreaterThan(SEEDS);
        assertThat(changes).as("the schedules change memberships").isGreaterThan(SEEDS);
    }

    private static final List<NodeId> NODES =
            List.of(new NodeId("a"), new NodeId("b"), new NodeId("c"), new NodeId("d"), new NodeId("e"));

    private record Envelope(NodeId from, NodeId to, Message message) {}

    /** A snapshot on its way, and how far it is. */
    private static final class Transfer {
        final TestReplica from;
        final TestReplica to;
        final long term;
        final TestReplica.Snapshot snapshot;
        final RaftCore receiver;
        boolean offered;
        boolean stored;

        Transfer(TestReplica from, TestReplica to, TestReplica.Snapshot snapshot) {
            this.from = from;
            this.to = to;
            this.term = from.state().term();
            this.snapshot = snapshot;
            this.receiver = to.core;
        }
    }

    static final class Run {
        final SplittableRandom random;
        final List<TestReplica> replicas = new ArrayList<>();
        final SafetyOracle oracle;
        final List<Envelope> wire = new ArrayList<>();
        final List<Transfer> transfers = new ArrayList<>();
        final Map<Long, Long> readFloor = new TreeMap<>();
        final Map<NodeId, Integer> grantsSeen = new TreeMap<>();
        final boolean[][] cut = new boolean[5][5];
        final int lossPercent;
        final int crashPerMille;
        final int tickPerMille;
        final int compactPerMille;
        final int changePerMille;
        long nextRead = 1;
        long readGrants;
        long installs;
        int payload;

        Run(long seed) {
            random = new SplittableRandom(seed);
            lossPercent = random.nextInt(15);
            crashPerMille = random.nextInt(8);
            tickPerMille = 40 + random.nextInt(160);
            compactPerMille = random.nextInt(3) * 10;
            CoreConfig config =
                    new CoreConfig(4 + random.nextInt(8), 1, 150, 3, 400, 1_500, 200, 200, random.nextBoolean());
            changePerMille = random.nextInt(3) * 15;
            int founders = changePerMille == 0 ? 5 : 1 + random.nextInt(5);
            Membership membership = Membership.of(NODES.subList(0, founders));
            for (NodeId id : NODES) {
                Membership known = membership.contains(id) ? membership : Membership.NONE;
                replicas.add(new TestReplica(
                        id, known, config, HardState.INITIAL, List.of(), 0, random.nextLong(), this::send));
            }
            oracle = new SafetyOracle(replicas);
        }

        void send(NodeId from, Outbound out) {
            if (cut[number(from)][number(out.to())] || random.nextInt(100) < lossPercent) {
                return;
            }
            wire.add(new Envelope(from, out.to(), out.message()));
            if (random.nextInt(20) == 0) {
                wire.add(new Envelope(from, out.to(), out.message()));
            }
        }

        void faults() {
            for (int step = 0; step < STEPS; step++) {
                TestReplica replica = replicas.get(random.nextInt(5));
                act(replica);
                if (random.nextInt(4) > 0) {
                    observe(replica);
                }
                if (step % 100 == 0) {
                    oracle.observeLogs(replicas);
                }
            }
        }

        private void act(TestReplica replica) {
            int choice = random.nextInt(1_000);
            if (choice < tickPerMille) {
                replica.tick();
            } else if (choice < 200 + compactPerMille) {
                replica.compact();
            } else if (choice < 250) {
                transfer(replica);
            } else if (choice < 650) {
                deliverOne();
            } else if (choice < 800) {
                if (!replica.writes.isEmpty()) {
                    replica.persistNext();
                }
            } else if (choice < 860) {
                replica.answerApply();
            } else if (choice < 900) {
                if (!replica.loads.isEmpty()) {
                    replica.answerLoad();
                }
            } else if (choice < 900 + changePerMille) {
                replica.core.changeMembership(someChange());
            } else if (choice < 970) {
                byte[] bytes = ("p" + payload++).getBytes(StandardCharsets.US_ASCII);
                replica.core.propose(List.of(() -> bytes));
            } else if (choice < 980) {
                read(replica);
            } else if (choice < 990 - crashPerMille) {
                cut[random.nextInt(5)][random.nextInt(5)] = random.nextInt(3) == 0;
            } else if (choice >= 1_000 - crashPerMille) {
                crash(replica);
            }
        }

        private MembershipChange someChange() {
            List<NodeId> nodes = new ArrayList<>(NODES);
            List<MembershipChange.Step> steps = new ArrayList<>();
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                MembershipChange.Kind kind = MembershipChange.Kind.values()[random.nextInt(4)];
                steps.add(new MembershipChange.Step(kind, nodes.remove(random.nextInt(nodes.size()))));
            }
            return new MembershipChange(steps, random.nextInt(4) == 0);
        }

        long changesCommitted() {
            return oracle.committed().stream()
                    .filter(entry -> entry.kind() == EntryKind.MEMBERSHIP)
                    .count();
        }

        private void crash(TestReplica replica) {
            long durable = replica.machineDurable;
            long lost = Math.max(0, replica.answeredApply - durable);
            replica.restart(durable + random.nextLong(lost + 1), random.nextLong());
            oracle.restarted(replica);
        }

        /** Begins a snapshot that the replica was asked for, or takes one on its way a step further. */
        private void transfer(TestReplica replica) {
            if (!replica.wantedSnapshots.isEmpty()) {
                NodeId to = replica.wantedSnapshots.removeFirst();
                TestReplica.Snapshot snapshot = replica.snapshot();
                if (snapshot == null || random.nextInt(4) == 0) {
                    replica.core.snapshotFailed(to);
                } else {
                    transfers.add(new Transfer(replica, replicas.get(number(to)), snapshot));
                }
            } else if (!transfers.isEmpty()) {
                int at = random.nextInt(transfers.size());
                if (carry(transfers.get(at))) {
                    transfers.remove(at);
                }
            }
        }

        /** @return whether it is over */
        private boolean carry(Transfer transfer) {
            TestReplica to = transfer.to;
            if (to.core != transfer.receiver) {
                transfer.from.core.snapshotFailed(to.id);
                return true;
            }
            boolean over = false;
            if (transfer.stored) {
                to.installed();
                installs++;
                over = true;
            } else if (!transfer.offered) {
                transfer.offered = true;
                over = !to.core.wantsSnapshot(transfer.term, transfer.snapshot.last());
            } else {
                transfer.stored = to.install(transfer.snapshot);
                over = !transfer.stored;
            }
            observe(to);
            if (over) {
                transfer.from.core.snapshotSent(to.id, transfer.snapshot.last());
            }
            return over;
        }

        private void read(TestReplica replica) {
            readFloor.put(nextRead, oracle.committedIndex());
            if (random.nextBoolean()) {
                replica.core.readIndex(nextRead++);
            } else {
                replica.core.readIndexHere(nextRead++);
            }
        }

        private void deliverOne() {
            if (wire.isEmpty()) {
                return;
            }
            int at = random.nextInt(4) == 0 ? random.nextInt(wire.size()) : 0;
            Envelope envelope = wire.remove(at);
            TestReplica to = replicas.get(number(envelope.to()));
            to.receive(envelope.from(), envelope.message());
            if (random.nextInt(3) > 0) {
                observe(to);
            }
        }

        private void observe(TestReplica replica) {
            replica.drain();
            oracle.observe(replica);
            int from = grantsSeen.getOrDefault(replica.id, 0);
            for (ReadGrant grant : replica.grants.subList(from, replica.grants.size())) {
                readGrants++;
                Check.that(
                        grant.index() >= readFloor.get(grant.readId()),
                        "read %s was granted at index %s, but %s was committed when it came",
                        grant.readId(),
                        grant.index(),
                        readFloor.get(grant.readId()));
            }
            grantsSeen.put(replica.id, replica.grants.size());
        }

        /** Faults end: within a bounded number of ticks everyone holds the same log and new commands commit. */
        void healAndConverge() {
            for (boolean[] row : cut) {
                Arrays.fill(row, false);
            }
            long target = -1;
            for (int tick = 0; tick < 150; tick++) {
                while (!transfers.isEmpty()) {
                    if (carry(transfers.get(0))) {
                        transfers.remove(0);
                    }
                }
                for (TestReplica replica : replicas) {
                    replica.tick();
                    if (target < 0
                            && tick > 100
                            && replica.core.propose(List.of(() -> new byte[1]))
                                    instanceof ProposeResult.Accepted accepted) {
                        target = accepted.firstIndex();
                    }
                    settle(replica);
                }
                List<Envelope> arrived = new ArrayList<>(wire);
                wire.clear();
                for (Envelope envelope : arrived) {
                    TestReplica to = replicas.get(number(envelope.to()));
                    to.receive(envelope.from(), envelope.message());
                    settle(to);
                }
            }
            oracle.observeLogs(replicas);
            assertThat(target).as("a leader after healing").isPositive();
            TestReplica furthest = replicas.stream()
                    .max(Comparator.comparingLong(replica -> replica.state().committed()))
                    .orElseThrow();
            Membership members = furthest.core.membership().membership();
            assertThat(members.isJoint()).isFalse();
            for (TestReplica replica : replicas) {
                if (members.contains(replica.id)) {
                    assertThat(replica.applied).as("applied at " + replica.id).hasSizeGreaterThanOrEqualTo((int)
                            target);
                    assertThat(replica.applied).isEqualTo(furthest.applied);
                    assertThat(replica.core.membership().membership()).isEqualTo(members);
                }
            }
        }

        private void settle(TestReplica replica) {
            replica.settle();
            while (!replica.wantedSnapshots.isEmpty()) {
                transfer(replica);
                replica.settle();
            }
            oracle.observe(replica);
        }

        long highestTerm() {
            return replicas.stream().mapToLong(r -> r.state().term()).max().orElseThrow();
        }

        private static int number(NodeId id) {
            return id.value().charAt(0) - 'a';
        }
    }
}
