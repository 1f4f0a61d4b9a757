package io.flotilla.it.mutant;

import static io.flotilla.raft.mutant.Judge.CORE;
import static io.flotilla.raft.mutant.Judge.SCENARIOS;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of elections, replication, commits, reads and snapshots in the core. */
final class CoreFaults {
    private static final String CORE_SOURCES = "raft-group/src/main/java/io/flotilla/raft/core/";

    private static final String HEARTBEAT =
            "new Heartbeat(replica.term(), Math.min(follower.match(), log.committed()), round)";

    private CoreFaults() {}

    private static Patch in(String file, String find, String replace) {
        return new Patch(CORE_SOURCES + file + ".java", find, replace);
    }

    private static Judge elections(String method) {
        return Judge.test("raft.core.ElectionTest#" + method);
    }

    private static Judge replication(String method) {
        return Judge.test("raft.core.ReplicationTest#" + method);
    }

    private static Judge changes(String method) {
        return Judge.test("raft.core.MembershipChangeTest#" + method);
    }

    static List<Mutant> ofElections() {
        return List.of(
                Mutant.of(
                        "SL-01",
                        "candidacies share a term",
                        SCENARIOS,
                        in(
                                "RoleTransitions",
                                "replica.advanceTo(replica.term() + 1);",
                                "if (!replica.self.equals(replica.hardState().votedFor())) {"
                                        + " replica.advanceTo(replica.term() + 1); }")),
                Mutant.of(
                        "SL-02",
                        "two votes in one term",
                        CORE,
                        in("VoteRule", "votedFor == null ? role.leader() == null : votedFor.equals(from)", "true"),
                        in("HardState", "votedFor == null || votedFor.equals(candidate),", "true,"),
                        in("HardState", "return votedFor == null ? new", "return !candidate.equals(votedFor) ? new")),
                Mutant.of(
                        "SL-03",
                        "a candidate overhears the leader of its term",
                        elections("candidateFollowsLeaderOfItsTerm"),
                        in(
                                "RaftCore",
                                "} else if (message.term() < replica.term()) {",
                                "} else if (message.term() < replica.term() || (message instanceof AppendRequest"
                                        + " && roles.current() instanceof Candidate)) {")),
                Mutant.of(
                        "SL-05",
                        "the longer log gets the vote, whatever its last term",
                        elections("lastTermDecidesFirst"),
                        in(
                                "log/RaftLog",
                                "return other.term() > term || (other.term() == term && other.index() >= lastIndex);",
                                "return other.index() >= lastIndex || other.term() < 0 * term;")),
                Mutant.of(
                        "SL-05",
                        "vote for a shorter log",
                        CORE,
                        in(
                                "VoteRule",
                                "replica.isGoodEnough() && replica.log.isCoveredBy(last)",
                                "replica.isGoodEnough()")),
                Mutant.of(
                        "SL-09",
                        "a lost vote request is never repeated",
                        elections("lostVoteRequestsAreSentAgain"),
                        in("Candidate", "} else if (replica.isHeartbeatTick(number)) {", "} else if (number < 0) {")),
                Mutant.of(
                        "SL-11",
                        "a refused vote calms the voter",
                        elections("refusedVotesDoNotResetTheTimer"),
                        in("VoteRule", "if (granted) {", "replica.timer.arm();\n        if (granted) {")),
                Mutant.of(
                        "SL-12",
                        "a larger term is adopted, but not written down",
                        CORE,
                        in(
                                "ReplicaState",
                                "hardState = hardState.advanceTo(term);\n        outbox.save(hardState);",
                                "hardState = hardState.advanceTo(term);")),
                Mutant.of(
                        "SL-13",
                        "votes of an earlier candidacy count",
                        CORE,
                        in(
                                "RaftCore",
                                "answerStale(from, message);\n        } else if",
                                "answerStale(from, message);\n            if (message instanceof VoteReply) {"
                                        + " roles.current().receiveReply(from, message); }\n        } else if")),
                Mutant.of(
                        "SL-13",
                        "acknowledgements to an earlier leadership count",
                        replication("oldAcknowledgementsCountForNothing"),
                        in(
                                "RaftCore",
                                "answerStale(from, message);\n        } else if",
                                "answerStale(from, message);\n            if (message instanceof Message.AppendReply) {"
                                        + " roles.current().receiveReply(from, message); }\n        } else if")),
                Mutant.of(
                        "SL-16",
                        "campaigns without asking first",
                        SCENARIOS,
                        in("RoleTransitions", "if (replica.config.preVote()) {", "if (replica.term() < 0) {")),
                Mutant.of(
                        "SL-17",
                        "a leader that hears nobody stays in office",
                        SCENARIOS,
                        in("Leader", "isSelf(node) || followers.get(node).heardWithin(now, patience)", "patience > 0")),
                Mutant.of(
                        "SL-17",
                        "a follower of a live leader helps to replace it",
                        SCENARIOS,
                        in(
                                "VoteRule",
                                "return role instanceof Leader || replica.stickiness.forbids(candidate, replica.now());",
                                "return role instanceof Leader;")),
                Mutant.of(
                        "SL-54",
                        "vote sent before it is durable",
                        SCENARIOS,
                        in(
                                "VoteRule",
                                "replica.outbox.promise(from, new VoteReply(",
                                "replica.outbox.send(from, new VoteReply(")),
                Mutant.of(
                        "SL-54",
                        "votes are asked for before the own one is durable",
                        CORE,
                        in(
                                "Candidate",
                                "replica.outbox.promise(voter, request);",
                                "replica.outbox.send(voter, request);")),
                Mutant.of(
                        "slow votes",
                        "election timer runs before the vote is synced",
                        SCENARIOS,
                        in(
                                "Follower",
                                "replica.outbox.isHardStateDurable()\n                && replica.timer.tick()",
                                "replica.timer.tick()")),
                Mutant.of(
                        "slow votes",
                        "a candidate's time runs while its disk writes",
                        elections("votesWaitForTheDisk"),
                        in(
                                "Candidate",
                                "if (!replica.outbox.isHardStateDurable()) {\n            return;\n        }",
                                "")),
                Mutant.of(
                        "quorums",
                        "half of the voters elect",
                        CORE,
                        in(
                                "quorum/Majority",
                                "return count > voters.size() / 2;",
                                "return count >= voters.size() / 2;")));
    }

    static List<Mutant> ofReplication() {
        return List.of(
                Mutant.of(
                        "SL-28",
                        "what was lost on the way is never sent again",
                        CORE,
                        in(
                                "replication/Progress",
                                "flow instanceof Replicating replicating && replicating.isStalled(now, patience)",
                                "flow instanceof Replicating replicating && replicating.isStalled(now, 1 << 30)")),
                Mutant.of(
                        "SL-32",
                        "follower commits beyond the match",
                        replication("commitStopsAtTheProvenPrefix"),
                        in(
                                "Follower",
                                "replica.log.commitTo(Math.min(leaderCommitted, matched));",
                                "replica.log.commitTo(Math.min(leaderCommitted, replica.log.lastIndex()));")),
                Mutant.of(
                        "SL-32",
                        "a heartbeat commits what was not acknowledged",
                        CORE,
                        in(
                                "Leader",
                                HEARTBEAT,
                                HEARTBEAT.replace("Math.min(follower.match(), log.committed())", "log.committed()")),
                        in(
                                "Follower",
                                "replica.log.commitTo(heartbeat.commit());",
                                "replica.log.commitTo(Math.min(heartbeat.commit(), replica.log.lastIndex()));")),
                Mutant.of(
                        "SL-33",
                        "foreign entries stay where the leader has others",
                        CORE,
                        in("ReplicaState", "if (log.termAt(index) == entry.term()) {", "if (log.termAt(index) > 0) {")),
                Mutant.of(
                        "log matching",
                        "entries are taken behind any predecessor",
                        CORE,
                        in(
                                "Follower",
                                "!replica.log.contains(previous)",
                                "previous.index() > replica.log.lastIndex()")),
                Mutant.of(
                        "SL-35",
                        "backtracking goes entry by entry",
                        replication("conflictsAreSettledByTerm"),
                        in("log/RaftLog", "i < theirs.size() && possible > base.index()", "i < 0")),
                Mutant.of(
                        "SL-38",
                        "late append cuts a matching suffix",
                        CORE,
                        in(
                                "ReplicaState",
                                "if (log.termAt(index) == entry.term()) {",
                                "if (log.termAt(index) == entry.term() && entry != entries.get(entries.size() - 1)) {")),
                Mutant.of(
                        "SL-39",
                        "the commit index falls",
                        CORE,
                        in("log/RaftLog", "committed = Math.max(committed, index);", "committed = index;")),
                Mutant.of(
                        "SL-40",
                        "a late acknowledgement lowers what a follower holds",
                        replication("lateRepliesDoNotRewind"),
                        in("replication/Progress", "match = Math.max(match, index);", "match = index;")),
                Mutant.of(
                        "SL-40",
                        "a late refusal sends the log again",
                        replication("lateRepliesDoNotRewind"),
                        in(
                                "replication/Progress",
                                "if (flow instanceof Replicating) {\n            return index > match;",
                                "if (flow instanceof Replicating) {\n            return index > 0;")),
                Mutant.of(
                        "SL-26",
                        "a window without a limit",
                        replication("windowsAreBounded"),
                        in(
                                "replication/Replicating",
                                "inflights.count() < maxMessages &&",
                                "inflights.count() < maxMessages + maxBytes &&"),
                        in("replication/Replicating", "inflights.bytes() + bytes <= maxBytes", "maxBytes > 0")),
                Mutant.of(
                        "bounds",
                        "uncommitted entries without a limit",
                        replication("busyOverTheBound"),
                        in("Leader", "if (waiting > 0 &&", "if (waiting < 0 &&")),
                Mutant.of(
                        "SL-46",
                        "a new leader begins without an entry of its own",
                        replication("noOpCommitsEarlierEntries"),
                        in("Leader", "replica.append(Entry.noOp(replica.term(), log.lastIndex() + 1));", "")),
                Mutant.of(
                        "SL-47",
                        "old-term commit",
                        Judge.GROUP,
                        in("quorum/CommitRule", "|| termAt.applyAsLong(quorumIndex) != currentTerm", "")),
                Mutant.of(
                        "quorums",
                        "one disk less than a majority commits",
                        CORE,
                        in(
                                "quorum/Majority",
                                "return values[(values.length - 1) / 2];",
                                "return values[(values.length + 1) / 2];")),
                Mutant.of(
                        "SL-54",
                        "leader counts its own unsynced entries",
                        CORE,
                        in(
                                "Leader",
                                "                        ? replica.outbox.durableIndex()\n                        : followers.get(node).match());\n        long committed",
                                "                        ? log.lastIndex()\n                        : followers.get(node).match());\n        long committed")),
                Mutant.of(
                        "SL-54",
                        "acknowledgement sent before the entries are durable",
                        CORE,
                        in("Outbox", "        promise(leader, reply);", "        send(leader, reply);")),
                Mutant.of(
                        "SL-54",
                        "a finished write proves what took its place (ABA)",
                        CORE,
                        in("DurableIndex", "write.lastIndex = Math.min(write.lastIndex, from - 1);", "")),
                Mutant.of(
                        "SL-54",
                        "entries are applied before they are durable here",
                        CORE,
                        in(
                                "ApplyWindow",
                                "long limit = Math.min(log.committed(), durableIndex);",
                                "long limit = log.committed();")),
                Mutant.of(
                        "SL-31",
                        "heartbeats tell nothing of what is committed",
                        SCENARIOS,
                        in("Leader", HEARTBEAT, HEARTBEAT.replace("log.committed()", "0L"))));
    }

    static List<Mutant> ofReadsAndSnapshots() {
        return List.of(
                Mutant.of(
                        "reads",
                        "read without a quorum",
                        Judges.FLEET,
                        in(
                                "Leader",
                                "replica.outbox.grant(remoteReads.split(reads.confirm(confirmed), this::answer));",
                                "replica.outbox.grant(remoteReads.split(reads.confirm(round), this::answer));")),
                Mutant.of(
                        "reads",
                        "read before the term's first commit",
                        SCENARIOS,
                        in("read/ReadIndexQueue", "private boolean open;", "private boolean open = true;")),
                Mutant.of(
                        "reads",
                        "a read joins the round under way",
                        SCENARIOS,
                        in(
                                "read/ReadIndexQueue",
                                "waiting.add(new ReadGrant(readId, committed));\n        } else {",
                                "(inRound.isEmpty() ? waiting : inRound).add(new ReadGrant(readId, committed));\n"
                                        + "        } else {")),
                Mutant.of(
                        "reads",
                        "reads of a deposed leader are never answered",
                        Judge.test("raft.core.ReadIndexTest#readsAreRefusedWithTheOffice"),
                        in(
                                "RoleTransitions",
                                "replica.outbox.refuseReads(leader.abandonReads());",
                                "leader.abandonReads();")),
                Mutant.of(
                        "leases",
                        "lease without end",
                        Judge.test("raft.core.DriftingClocksTest#leasesExclude"),
                        in(
                                "read/Lease",
                                "until = Math.max(until, unanswered.remove().sentAt + length);",
                                "until = unanswered.remove().sentAt + 8 * length;")),
                Mutant.of(
                        "leases",
                        "who starts anew owes nothing to the leader it heard",
                        Judge.test("raft.core.LeaseTest#silentAfterARestart"),
                        in("LeaderStickiness", "wasEverLed ? now + length : now;", "wasEverLed ? now : now;")),
                Mutant.of(
                        "transfer",
                        "the lease outlives the word to take over",
                        Judge.test("raft.core.TransferTest#endsTheLease"),
                        in("Leader", "return reads.isOpen() && !transfer.isPending() ?", "return reads.isOpen() ?")),
                Mutant.of(
                        "transfer",
                        "leadership is handed to who lags behind",
                        Judge.test("raft.core.TransferTest#bringsTheTargetUp"),
                        in(
                                "Leader",
                                "followers.get(transfer.target()).match() == log.lastIndex()",
                                "followers.get(transfer.target()).match() >= 0")),
                Mutant.of(
                        "transfer",
                        "a transfer to who does not answer is never given up",
                        Judge.test("raft.core.TransferTest#failingTarget"),
                        in("transfer/LeadershipTransfer", "now - begunAt >= patience", "now < begunAt - patience")),
                Mutant.of(
                        "SL-61",
                        "a snapshot takes the state back",
                        CORE,
                        in(
                                "RaftCore",
                                "return last.index() > replica.log.committed()",
                                "return last.index() > replica.log.base().index()")),
                Mutant.of(
                        "SL-61",
                        "two snapshots at a time",
                        SCENARIOS,
                        in("RaftCore", " && !applies.isPaused();", ";"),
                        in("ApplyWindow", "paused = true;", "")),
                Mutant.of(
                        "foreign tails",
                        "snapshot keeps a foreign suffix",
                        CORE,
                        in("ReplicaState", "if (log.contains(last)) {", "if (last.index() <= log.lastIndex()) {"),
                        in(
                                "log/RaftLog",
                                "Check.that(contains(last) && last.index() > applied,",
                                "Check.that(last.index() > applied,")),
                Mutant.of(
                        "SL-63",
                        "who lacks what is gone gets no snapshot",
                        SCENARIOS,
                        in(
                                "replication/Progress",
                                "return flow instanceof Probing && index <= base;",
                                "return flow instanceof Probing && index < 0;")),
                Mutant.of(
                        "SL-64",
                        "after a snapshot the next entry is left out",
                        CORE,
                        in(
                                "ApplyWindow",
                                "paused = false;\n        handedOut = index;",
                                "paused = false;\n        handedOut = index + 1;")),
                Mutant.of(
                        "SL-60",
                        "a crash between snapshot and log is not made good",
                        CORE,
                        in(
                                "ReplicaState",
                                "if (holds(restored, snapshot)) {",
                                "if (holds(restored, snapshot) || snapshot.index() > 0) {")),
                Mutant.of(
                        "SL-62",
                        "the log lets go of what is not applied",
                        CORE,
                        in(
                                "RaftCore",
                                "long index = Math.min(upTo, replica.log.applied());",
                                "long index = Math.min(upTo + 1, replica.log.committed());"),
                        in(
                                "log/RaftLog",
                                "Check.that(index > base.index() && index <= applied, \"base",
                                "Check.that(index > base.index(), \"base")));
    }

    static List<Mutant> ofMemberships() {
        return List.of(
                Mutant.of(
                        "joint quorums",
                        "of a joint membership the new half alone commits",
                        Judge.CHANGES,
                        in(
                                "quorum/Joint",
                                "return membership.isJoint() ? Math.min(reached, Majority.reachedValue(membership.outgoing(), value)) : reached;",
                                "return reached;")),
                Mutant.of(
                        "joint quorums",
                        "of a joint membership the new half alone elects",
                        changes("jointMembership"),
                        in(
                                "quorum/Joint",
                                "(!membership.isJoint() || Majority.agrees(membership.outgoing(), agreeing))",
                                "true")),
                Mutant.of(
                        "current-term rule",
                        "a new leader changes the membership before it has committed anything",
                        changes("currentTermRule"),
                        in("Leader", "if (!hasCommittedOwn()", "if (log.committed() < 0")),
                Mutant.of(
                        "memberships",
                        "a membership that was cut off stays in force",
                        changes("rollback"),
                        in("ReplicaState", "memberships.truncateFrom(index);", "")),
                Mutant.of(
                        "memberships",
                        "a change begins while another is under way",
                        Judge.CHANGES,
                        in("Leader", "|| !replica.isMembershipCommitted()\n", "\n")),
                Mutant.of(
                        "memberships",
                        "a snapshot has the newest membership, not the one at its end",
                        Judge.CHANGES,
                        in(
                                "RaftCore",
                                "return replica.memberships.at(index);",
                                "return replica.memberships.latest().membership();")),
                Mutant.of(
                        "tombstones",
                        "what an earlier replica of the node was counted for is forgotten",
                        SCENARIOS,
                        in(
                                "ReplicaState",
                                "return last.term() > floor.term() || (last.term() == floor.term() && last.index() >= floor.index());",
                                "return true;")));
    }
}
