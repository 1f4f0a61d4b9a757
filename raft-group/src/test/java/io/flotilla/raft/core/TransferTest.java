package io.flotilla.raft.core;

import static io.flotilla.raft.core.ScriptedCluster.ELECTION_TICKS;
import static io.flotilla.raft.core.ScriptedCluster.HEARTBEAT_TICKS;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.ScriptedCluster.Envelope;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.message.Message.AppendReply;
import io.flotilla.raft.core.message.Message.AppendRequest;
import io.flotilla.raft.core.message.Message.Heartbeat;
import io.flotilla.raft.core.message.Message.HeartbeatReply;
import io.flotilla.raft.core.message.Message.PreVoteRequest;
import io.flotilla.raft.core.message.Message.ReadIndexRequest;
import io.flotilla.raft.core.message.Message.TimeoutNow;
import io.flotilla.raft.core.message.Message.VoteReply;
import io.flotilla.raft.core.message.Message.VoteRequest;
import io.flotilla.raft.core.transfer.OtherDisks;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Leadership transfers (Raft thesis §3.10). */
class TransferTest {
    private static final NodeId A = new NodeId("a");
    private static final NodeId B = new NodeId("b");
    private static final NodeId C = new NodeId("c");

    /** Node {@code a} leads and holds a lease. */
    private static ScriptedCluster led(String... nodes) {
        ScriptedCluster cluster = new ScriptedCluster(nodes);
        cluster.elect("a");
        tick(cluster, HEARTBEAT_TICKS);
        cluster.sent.clear();
        assertThat(leased(cluster)).isTrue();
        return cluster;
    }

    private static void tick(ScriptedCluster cluster, int times, String... nodes) {
        for (int i = 0; i < times; i++) {
            cluster.tick(nodes);
        }
    }

    private static boolean leased(ScriptedCluster cluster) {
        TestReplica a = cluster.at("a");
        return a.nanos < a.core.leaseUntil();
    }

    /** The same, and the disk of {@code a} is stalled from now on. */
    private static ScriptedCluster stalled(String... nodes) {
        ScriptedCluster cluster = led(nodes);
        cluster.at("a").diskStalled = true;
        return cluster;
    }

    private static TransferResult transfer(ScriptedCluster cluster, String to) {
        return cluster.at("a").core.transfer(new NodeId(to));
    }

    @Test
    @DisplayName("The target leads without any time passing, and nobody is asked before")
    void handsOverAtOnce() {
        ScriptedCluster cluster = led("a", "b", "c");
        cluster.propose("a", "x");
        assertThat(transfer(cluster, "b")).isEqualTo(new TransferResult.Begun());
        cluster.run();
        assertThat(cluster.at("b").leads()).isTrue();
        assertThat(cluster.at("a").state().leader()).isEqualTo(B);
        assertThat(cluster.at("c").state().leader()).isEqualTo(B);
        assertThat(cluster.at("a").core.transferTarget()).isNull();
        assertThat(cluster.sent).noneMatch(e -> e.is(PreVoteRequest.class));
        cluster.propose("b", "y");
        cluster.run();
        assertThat(cluster.commandsApplied("b")).containsExactly("x", "y");
    }

    @Test
    @DisplayName("A target that lags is brought up first; nothing new is taken meanwhile")
    void bringsTheTargetUp() {
        ScriptedCluster cluster = led("a", "b", "c");
        cluster.hold(e -> e.isTo("b") && e.is(AppendRequest.class));
        cluster.propose("a", "x");
        cluster.run();
        transfer(cluster, "b");
        cluster.run();
        assertThat(cluster.at("a").core.transferTarget()).isEqualTo(B);
        assertThat(cluster.sent(TimeoutNow.class, "a", "b")).isEmpty();
        assertThat(cluster.propose("a", "y")).isEqualTo(new ProposeResult.Transferring(B));
        assertThat(leased(cluster))
                .as("the lease while the target is brought up")
                .isTrue();
        cluster.release();
        cluster.run();
        assertThat(cluster.at("b").leads()).isTrue();
        assertThat(cluster.commandsApplied("b")).containsExactly("x");
    }

    @Test
    @DisplayName(
            "The lease ends before the target is told, and is not given again while a late message could let it campaign")
    void endsTheLease() {
        ScriptedCluster cluster = led("a", "b", "c");
        cluster.hold(e -> e.isTo("b"));
        transfer(cluster, "b");
        cluster.run();
        assertThat(cluster.sent(TimeoutNow.class, "a", "b")).hasSize(1);
        assertThat(leased(cluster)).isFalse();
        tick(cluster, ELECTION_TICKS + HEARTBEAT_TICKS, "a", "c");
        assertThat(cluster.at("a").core.transferTarget()).isNull();
        assertThat(cluster.at("a").leads()).isTrue();
        assertThat(leased(cluster)).as("c answers, but b may still hear of it").isFalse();
        Envelope first = cluster.held.stream()
                .filter(e -> e.is(TimeoutNow.class))
                .findFirst()
                .orElseThrow();
        cluster.held.clear();
        cluster.release();
        tick(cluster, HEARTBEAT_TICKS, "a");
        assertThat(leased(cluster)).isTrue();
        cluster.inject("a", "b", first.message());
        cluster.run();
        assertThat(cluster.at("b").state().role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(cluster.at("a").leads()).isTrue();
    }

    @Test
    @DisplayName("A heartbeat that crosses makes what was said before it void; it is said again")
    void crossingHeartbeats() {
        ScriptedCluster cluster = led("a", "b", "c");
        cluster.hold(e -> e.is(TimeoutNow.class));
        transfer(cluster, "b");
        cluster.run();
        cluster.at("a").core.readIndex(1);
        cluster.run();
        Envelope overtaken = cluster.held.get(0);
        cluster.held.clear();
        cluster.inject("a", "b", overtaken.message());
        assertThat(cluster.at("b").state().role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(leased(cluster)).as("b is known to be bound to nothing").isTrue();
        cluster.release();
        tick(cluster, HEARTBEAT_TICKS);
        assertThat(cluster.at("b").leads()).isTrue();
    }

    @Test
    @DisplayName("A lost message is repeated; one that comes twice means nothing the second time")
    void lostAndDoubled() {
        ScriptedCluster cluster = led("a", "b", "c");
        cluster.drop(e -> e.is(TimeoutNow.class));
        transfer(cluster, "b");
        cluster.run();
        cluster.heal();
        tick(cluster, HEARTBEAT_TICKS);
        assertThat(cluster.at("b").leads()).isTrue();
        long term = cluster.at("b").state().term();
        cluster.sent(TimeoutNow.class, "a", "b").forEach(e -> cluster.inject("a", "b", e.message()));
        cluster.sent(TimeoutNow.class, "a", "b").forEach(e -> cluster.inject("a", "c", e.message()));
        cluster.run();
        assertThat(cluster.at("b").state().term()).isEqualTo(term);
        assertThat(cluster.at("b").leads()).isTrue();
    }

    @Test
    @DisplayName("A target that does not answer: after an election timeout the leader goes on as before")
    void failingTarget() {
        ScriptedCluster cluster = led("a", "b", "c");
        cluster.cutOff("b");
        transfer(cluster, "b");
        tick(cluster, ELECTION_TICKS - 1, "a", "c");
        assertThat(cluster.propose("a", "x")).isEqualTo(new ProposeResult.Transferring(B));
        tick(cluster, 1, "a", "c");
        assertThat(cluster.propose("a", "y")).isInstanceOf(ProposeResult.Accepted.class);
        cluster.run();
        assertThat(cluster.commandsApplied("a")).containsExactly("y");
        assertThat(transfer(cluster, "c")).isEqualTo(new TransferResult.Begun());
        cluster.run();
        assertThat(cluster.at("c").leads()).isTrue();
    }

    @Test
    @DisplayName("Who can't take over is named at once: oneself, a stranger, anybody while another transfer runs")
    void refusals() {
        ScriptedCluster cluster = led("a", "b", "c");
        assertThat(transfer(cluster, "a")).isEqualTo(new TransferResult.LeadsAlready());
        assertThat(transfer(cluster, "z")).isEqualTo(new TransferResult.NotEligible());
        assertThat(cluster.at("b").core.transfer(C)).isEqualTo(new TransferResult.NotLeader(A));
        assertThat(transfer(cluster, "b")).isEqualTo(new TransferResult.Begun());
        assertThat(transfer(cluster, "c")).isEqualTo(new TransferResult.UnderWay(B));
        assertThat(transfer(cluster, "b")).isEqualTo(new TransferResult.UnderWay(B));
    }

    @Test
    @DisplayName("Only the leader's word lets a replica campaign, and only of its own term")
    void onlyTheLeadersWord() {
        ScriptedCluster cluster = led("a", "b", "c");
        long term = cluster.at("a").state().term();
        cluster.inject("c", "b", new TimeoutNow(term, 1_000));
        cluster.inject("a", "b", new TimeoutNow(term - 1, 1_000));
        assertThat(cluster.at("b").state().role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(cluster.at("b").state().term()).isEqualTo(term);
        cluster.inject("a", "a", new TimeoutNow(term, 1_000));
        assertThat(cluster.at("a").leads()).isTrue();
    }

    @Test
    @DisplayName(
            "Followers that stick to their leader vote for the target, and for nobody else; a shorter log gets no vote even so")
    void votesOverrideLeaderStickiness() {
        ScriptedCluster cluster = led("a", "b", "c");
        long term = cluster.at("a").state().term();
        cluster.inject("c", "b", new VoteRequest(term + 1, new EntryId(term, 9), false));
        assertThat(cluster.at("b").state().term()).isEqualTo(term);
        cluster.inject("c", "b", new VoteRequest(term + 1, EntryId.ZERO, true));
        cluster.inject("c", "b", new VoteRequest(term + 2, new EntryId(term, 9), true));
        assertThat(cluster.sent(VoteReply.class, "b", "c"))
                .extracting(Envelope::message)
                .containsExactly(new VoteReply(term + 1, false), new VoteReply(term + 2, true));
    }

    @Test
    @DisplayName("Reads that wait for a round are answered or refused, never left")
    void readsMeanwhile() {
        ScriptedCluster cluster = led("a", "b", "c");
        TestReplica a = cluster.at("a");
        cluster.hold(e -> e.is(HeartbeatReply.class) || e.is(Heartbeat.class) || e.is(AppendReply.class));
        a.core.readIndex(1);
        a.settle();
        transfer(cluster, "b");
        cluster.run();
        cluster.release();
        cluster.run();
        assertThat(cluster.at("b").leads()).isTrue();
        assertThat(a.grants.size() + a.refusedReads.size()).isEqualTo(1);
    }

    @Test
    @DisplayName("Reads that the target forwarded before are refused when it takes over")
    void theTargetsReads() {
        ScriptedCluster cluster = led("a", "b", "c");
        TestReplica b = cluster.at("b");
        cluster.drop(e -> e.is(ReadIndexRequest.class));
        b.core.readIndexHere(1);
        cluster.run();
        transfer(cluster, "b");
        cluster.run();
        assertThat(b.leads()).isTrue();
        assertThat(b.refusedReads).containsExactly(1L);
    }

    @Test
    @DisplayName(
            "A leader whose own disk is stalled transfers its leadership to whoever holds most, for it can answer nobody")
    void leadersWithAStalledDiskLetAnotherLead() {
        ScriptedCluster cluster = stalled("a", "b", "c", "d", "e");
        TestReplica a = cluster.at("a");
        cluster.hold(e -> e.isTo("b") && e.is(AppendRequest.class));
        cluster.propose("a", "x");
        cluster.run();
        assertThat(a.state().committed()).isEqualTo(2);
        assertThat(cluster.commandsApplied("a")).isEmpty();

        tick(cluster, 4 * ELECTION_TICKS - 1);
        assertThat(a.leads()).as("before its patience ends").isTrue();
        tick(cluster, HEARTBEAT_TICKS + 1);
        String target = a.state().leader().value();
        assertThat(target).isIn("c", "d", "e");
        assertThat(cluster.commandsApplied(target)).containsExactly("x");
        cluster.propose(target, "y");
        cluster.release();
        cluster.run();
        assertThat(cluster.commandsApplied(target)).containsExactly("x", "y");
    }

    @Test
    @DisplayName("A disk that is slow but moves, or that keeps nobody waiting, is no reason for a transfer")
    void slowDisksAreNoReason() {
        ScriptedCluster cluster = stalled("a", "b", "c");
        TestReplica a = cluster.at("a");
        tick(cluster, 9 * ELECTION_TICKS);
        assertThat(a.leads()).as("nothing to write").isTrue();
        for (int i = 0; i < 5; i++) {
            cluster.propose("a", "x" + i);
            cluster.run();
            tick(cluster, 4 * ELECTION_TICKS - 2);
            a.diskStalled = false;
            a.settle();
            a.diskStalled = true;
        }
        assertThat(a.leads()).isTrue();
        assertThat(cluster.sent).noneMatch(e -> e.is(TimeoutNow.class));
    }

    @Test
    @DisplayName("A leader that transfers its leadership by itself takes commands again if nothing comes of it")
    void leadersWithAStalledDiskTryOnceInAWhile() {
        ScriptedCluster cluster = stalled("a", "b", "c");
        TestReplica a = cluster.at("a");
        cluster.drop(e -> e.is(TimeoutNow.class));
        cluster.propose("a", "x");
        tick(cluster, 4 * ELECTION_TICKS + HEARTBEAT_TICKS);
        assertThat(a.core.transferTarget()).isNotNull();
        tick(cluster, ELECTION_TICKS + HEARTBEAT_TICKS);
        assertThat(a.core.transferTarget()).as("given up").isNull();
        assertThat(cluster.propose("a", "y")).isInstanceOf(ProposeResult.Accepted.class);
        tick(cluster, 2 * ELECTION_TICKS);
        assertThat(a.core.transferTarget()).as("not so soon again").isNull();
        cluster.drop(e -> false);
        tick(cluster, 2 * ELECTION_TICKS);
        assertThat(a.leads()).as("tried again").isFalse();
    }

    @Test
    @DisplayName("A leader with a stalled disk leads on if the others, without it, are no quorum")
    void leadersWithAStalledDiskStayIfNobodyCouldWin() {
        ScriptedCluster cluster = stalled("a", "b", "c");
        TestReplica a = cluster.at("a");
        cluster.propose("a", "x");
        cluster.run();
        cluster.cutOff("c");
        tick(cluster, 9 * ELECTION_TICKS, "a", "b");
        assertThat(a.leads()).isTrue();
        assertThat(cluster.sent).noneMatch(e -> e.is(TimeoutNow.class));
        a.diskStalled = false;
        a.settle();
        assertThat(cluster.commandsApplied("a")).containsExactly("x");
    }

    @Test
    @DisplayName("The groups of a leader with a stalled disk don't all go to the same node")
    void leadersWithAStalledDiskSpreadTheirGroups() {
        Set<NodeId> targets = new TreeSet<>();
        for (int commands = 1; commands <= 2; commands++) {
            ScriptedCluster cluster = stalled("a", "b", "c");
            for (int i = 0; i < commands; i++) {
                cluster.propose("a", "x" + i);
                cluster.run();
            }
            tick(cluster, 5 * ELECTION_TICKS);
            targets.add(cluster.at("a").state().leader());
        }
        assertThat(targets).containsExactly(B, C);
    }

    @Test
    @DisplayName("A leader whose disk is slower than those of the others hands over at the next heartbeat")
    void leadersWithASlowDiskLetAQuickerLead() {
        ScriptedCluster cluster = led("a", "b", "c", "d", "e");
        TestReplica a = cluster.at("a");
        a.core.otherDisks(disks("b c", ""));
        tick(cluster, 9 * ELECTION_TICKS);
        assertThat(a.leads()).as("no quorum is quicker").isTrue();
        cluster.cutOff("e");
        tick(cluster, 2 * HEARTBEAT_TICKS, "a", "b", "c", "d");
        a.core.otherDisks(disks("b c e", ""));
        tick(cluster, 9 * ELECTION_TICKS, "a", "b", "c", "d");
        assertThat(a.leads()).as("no quorum that is heard").isTrue();
        a.core.otherDisks(disks("b c d", ""));
        tick(cluster, HEARTBEAT_TICKS + 1, "a", "b", "c", "d");
        assertThat(a.state().leader()).isIn(B, C, new NodeId("d"));
    }

    @Test
    @DisplayName("A leader with a slow disk whose hand-over comes to nothing tries again, not at once")
    void leadersWithASlowDiskTryOnceInAWhile() {
        ScriptedCluster cluster = led("a", "b", "c");
        TestReplica a = cluster.at("a");
        cluster.drop(e -> e.is(TimeoutNow.class));
        a.core.otherDisks(disks("b c", ""));
        tick(cluster, HEARTBEAT_TICKS);
        assertThat(a.core.transferTarget()).isNotNull();
        tick(cluster, ELECTION_TICKS + HEARTBEAT_TICKS);
        assertThat(a.core.transferTarget()).as("given up").isNull();
        tick(cluster, 2 * ELECTION_TICKS);
        assertThat(a.core.transferTarget()).as("not so soon again").isNull();
        cluster.drop(e -> false);
        tick(cluster, 2 * ELECTION_TICKS);
        assertThat(a.leads()).as("tried again").isFalse();
    }

    @Test
    @DisplayName("A leader with a stalled disk leads on if the others' disks are known to be no remedy")
    void leadersWithAStalledDiskStayAmongSlowOnes() {
        ScriptedCluster cluster = stalled("a", "b", "c");
        TestReplica a = cluster.at("a");
        a.core.otherDisks(disks("", "c"));
        cluster.propose("a", "x");
        tick(cluster, 9 * ELECTION_TICKS);
        assertThat(a.leads()).isTrue();
        a.core.otherDisks(disks("", ""));
        tick(cluster, 5 * ELECTION_TICKS);
        assertThat(a.leads()).isFalse();
    }

    private static OtherDisks disks(String quicker, String slow) {
        return new OtherDisks(nodes(quicker), nodes(slow));
    }

    private static TreeSet<NodeId> nodes(String names) {
        TreeSet<NodeId> nodes = new TreeSet<>();
        for (String name : names.split(" ", 0)) {
            if (!name.isEmpty()) {
                nodes.add(new NodeId(name));
            }
        }
        return nodes;
    }

    /** As long as it counts, the leader's lease does, too: it was given back when b answered a later round. */
    @Test
    @DisplayName("A late word is void also for who campaigned in vain meanwhile and follows again, and after a restart")
    void lateWordsStayVoid() {
        for (boolean restarts : new boolean[] {false, true}) {
            ScriptedCluster cluster = led("a", "b", "c");
            cluster.hold(e -> e.is(TimeoutNow.class));
            transfer(cluster, "b");
            tick(cluster, 2 * ELECTION_TICKS);
            assertThat(leased(cluster)).isTrue();
            TestReplica b = cluster.at("b");
            if (restarts) {
                b.restart(0, 7);
            } else {
                cluster.campaign("b");
                assertThat(b.state().role()).isEqualTo(RoleName.PRE_CANDIDATE);
                cluster.wire.clear();
            }
            cluster.drop(e -> e.is(Heartbeat.class));
            cluster.propose("a", "x");
            cluster.run();
            assertThat(b.state().leader()).isEqualTo(A);
            if (!restarts) {
                cluster.inject("a", "b", new Heartbeat(b.state().term(), 0, 1)); // late, too
            }
            cluster.release();
            cluster.run();
            assertThat(b.state().role()).isEqualTo(RoleName.FOLLOWER);
            assertThat(cluster.at("a").leads()).isTrue();
        }
    }

    @Test
    @DisplayName("A leader just elected transfers its leadership at once, too")
    void newLeadersTransferAtOnce() {
        ScriptedCluster cluster = led("a", "b", "c");
        for (String target : new String[] {"b", "c", "a"}) {
            String leader = cluster.at("a").state().leader().value();
            assertThat(cluster.at(leader).core.transfer(new NodeId(target))).isEqualTo(new TransferResult.Begun());
            cluster.run();
            assertThat(cluster.at(target).leads()).isTrue();
        }
    }
}
