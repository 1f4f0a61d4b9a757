package io.flotilla.it.mutant;

import static io.flotilla.raft.mutant.Judge.GUARDED;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of guarded entries: of who is asked what when, and of what a leader does for who holds one back. */
final class GuardFaults {
    private static final String SOURCES = "raft-group/src/main/java/io/flotilla/raft/";

    private GuardFaults() {}

    private static Patch in(String file, String find, String replace) {
        return new Patch(SOURCES + file + ".java", find, replace);
    }

    private static Judge heldBack(String method) {
        return Judge.test("raft.core.HeldBackTest#" + method);
    }

    static List<Mutant> all() {
        return List.of(
                Mutant.of(
                        "guarded entries",
                        "the guard is not asked",
                        GUARDED,
                        in("host/group/GuardedEntries", "&& !core.holds(entry.id()) && !isHeld(entry)", "&& i < 0")),
                Mutant.of(
                        "guarded entries",
                        "the guard is asked for the first entry of a message only",
                        GUARDED,
                        in(
                                "host/group/GuardedEntries",
                                "i < entries.size(); i++",
                                "i < Math.min(1, entries.size()); i++")),
                Mutant.of(
                        "guarded entries",
                        "a leader does not ask its own guard",
                        GUARDED,
                        in(
                                "host/group/PendingProposals",
                                "core.leads() && !guarded.mayPropose",
                                "core == null && !guarded.mayPropose")),
                Mutant.of(
                        "guarded entries",
                        "a follower that holds an entry back counts as if it had acknowledged it",
                        GUARDED,
                        in(
                                "core/Leader",
                                "acknowledged(follower, held.index() - 1);",
                                "acknowledged(follower, held.index());")),
                Mutant.of(
                        "guarded entries",
                        "an entry that is held back, and all behind it, is sent anew each round trip",
                        heldBack("whoDoesNotHoldItIsSentTheEntryAloneAtThePaceOfHeartbeats"),
                        in(
                                "core/Leader",
                                "follower.heldBack(held.index(), replica.config.heartbeatTicks(), now);",
                                "follower.probeFrom(held.index());")),
                Mutant.of(
                        "guarded entries",
                        "what is behind an entry that is held back goes with it",
                        heldBack("whoDoesNotHoldItIsSentTheEntryAloneAtThePaceOfHeartbeats"),
                        in("core/ProgressTable", "follower.isHeldBack() ? entries.subList(0, 1) : entries", "entries")),
                Mutant.of(
                        "guarded entries",
                        "an entry that is held back is not tried again",
                        GUARDED,
                        in("core/replication/HoldingBack", "due = due || now >= dueAt;", "due = due || now < 0;")),
                Mutant.of(
                        "guarded entries",
                        "what comes before an entry that is held back is told to be durable before it is",
                        heldBack("whatItAnswersIsDurable"),
                        in(
                                "core/Follower",
                                "replica.outbox.promise(leader, new HeldBack",
                                "replica.outbox.send(leader, new HeldBack")),
                Mutant.of(
                        "guarded entries",
                        "a snapshot is sent that ends before the entry",
                        heldBack("whoCannotPullGetsASnapshotOnceTheLeaderHasApplied"),
                        in("core/Leader", "!held.canPull() && held.index() <= log.applied()", "!held.canPull()")),
                Mutant.of(
                        "guarded entries",
                        "who can't pull is sent no snapshot",
                        heldBack("whoCannotPullGetsASnapshotOnceTheLeaderHasApplied"),
                        in("core/Leader", "held.index() <= log.applied()", "held.index() < 0")),
                Mutant.of(
                        "guarded entries",
                        "a late answer ends the wait for a snapshot",
                        heldBack("whoCannotPullGetsASnapshotOnceTheLeaderHasApplied"),
                        in(
                                "core/replication/Progress",
                                "match >= Math.max(base, snapshotting.enough())",
                                "match >= Math.min(base, snapshotting.enough())")),
                Mutant.of(
                        "guarded entries",
                        "several of them wait to be committed",
                        heldBack("aLeaderHasOneUncommittedGuardedEntryAtATime"),
                        in("core/Leader", "|| guarded > log.committed() ||", "||")),
                Mutant.of(
                        "guarded entries",
                        "a membership changes while it is held",
                        Judge.test("raft.host.GuardedHostTest#aMembershipThatIsHeldStaysForAWhile"),
                        in("host/group/MembershipRequests", "state.nanos() < heldUntil", "state.nanos() < 0")));
    }
}
