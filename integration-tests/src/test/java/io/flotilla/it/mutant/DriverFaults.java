package io.flotilla.it.mutant;

import io.flotilla.raft.mutant.Judge;
import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of what drives the moves of shards: rules that no entry and no guard would make good. */
final class DriverFaults {
    /** Drivers over two fake groups and a fake controller. */
    private static final Judge WALK = new Judge("io.flotilla.kv.move.DriverWalk", "", 1_000, "walk of the driver");

    private DriverFaults() {}

    private static Patch in(String file, String find, String replace) {
        return new Patch("shard-kv/src/main/java/io/flotilla/kv/move/" + file + ".java", find, replace);
    }

    private static Mutant fault(String text, Judge judge, Patch... patches) {
        return Mutant.of("driver", text, judge, patches);
    }

    private static Judge target(String method) {
        return Judge.test("kv.move.TargetMoveTest#" + method);
    }

    private static Judge source(String method) {
        return Judge.test("kv.move.SourceGroupTest#" + method);
    }

    static List<Mutant> ofTheTarget() {
        return List.of(
                fault(
                        "Adopt goes out without the guard",
                        WALK,
                        in(
                                "TargetGroup",
                                "propose(group, command, true, new MoveActions.End() {",
                                "propose(group, command, false, new MoveActions.End() {")),
                fault(
                        "a leader drives before it has applied an entry of its term",
                        WALK,
                        in("TargetGroup", "if (!facts.caughtUp()) {", "if (!facts.leads()) {")),
                fault(
                        "the shard freezes though fewer than a majority hold it",
                        WALK,
                        in("FreezeRule", "if (near.size() < majority) {", "if (near.isEmpty()) {")),
                fault(
                        "a live voter that is slow is not waited for",
                        target("aSlowVoterIsWaitedForOneMinute"),
                        in("FreezeRule", "waited < limits.slowVoterNanos()", "waited < 0")),
                fault(
                        "a live voter that is slow is waited for without end",
                        target("aSlowVoterIsWaitedForOneMinute"),
                        in("FreezeRule", "waited < limits.slowVoterNanos()", "waited >= 0")),
                fault(
                        "rounds that don't shrink are waited for without end",
                        target("tenRoundsThatDoNotShrinkAreEnough"),
                        in("VoterHold", "trend.sinceSmallest() >= limits.rounds()", "trend.sinceSmallest() < 0")),
                fault(
                        "a lag that was told long ago counts",
                        target("aLagToldLongAgoDoesNotCount"),
                        in("VoterHold", "now - lagAt <= limits.lagAgeNanos()", "now >= lagAt")),
                fault(
                        "the shard freezes while the membership changes",
                        WALK,
                        in("MembershipHold", "if (!facts.steady()) {", "if (nanos < 0) {"),
                        in("MembershipHold", "return granted;", "return true;")),
                fault(
                        "two shards of a group freeze at a time",
                        WALK,
                        in("TargetGroup", "if (isTaken || otherMayBeFrozen(key, facts)) {", "if (now() < 0) {")),
                fault(
                        "a shard that does not get on keeps all others from freezing",
                        target("aShardThatDoesNotGetOnLeavesItsTurn"),
                        in(
                                "TargetGroup",
                                "turn != null && now() - turnSince < limits().turnNanos();",
                                "turn != null;")),
                fault(
                        "the freeze does not name the leader's term",
                        WALK,
                        in("TargetMove", ".setTargetTerm(group.term())", ".setTargetTerm(1)")),
                fault(
                        "Adopt carries whatever changed",
                        WALK,
                        in(
                                "FrozenChanges",
                                "!reply.getMore() && adopt.build().getSerializedSize() <= mostBytes;",
                                "!reply.getMore() || mostBytes > 0;")),
                fault(
                        "Adopt waits for all that were counted without end",
                        target("aMajorityIsEnoughAfterHalfASecond"),
                        in("AdoptRule", "if (waited >= limits.majorityNanos()) {", "if (waited < 0) {")),
                fault(
                        "a leader never goes alone",
                        target("theLeaderGoesAloneAfterThreeSeconds"),
                        in("AdoptRule", "if (waited >= limits.aloneNanos()) {", "if (waited < 0) {")),
                fault(
                        "a leader without the copy of a frozen shard stays in office",
                        target("whoHasNoCopyOfAFrozenShardHandsLeadershipOver"),
                        in(
                                "TargetMove",
                                "if (better != null) {\n                group.handOver",
                                "if (waited < 0) {\n                group.handOver")),
                fault(
                        "a late answer takes a stage back",
                        target("aLateAnswerTakesNothingBack"),
                        in("TargetMove", "reply.getStage().compareTo(stage) <= 0", "reply.getStage() == stage")),
                fault(
                        "a question that is lost is waited for without end",
                        WALK,
                        in("TargetMove", "return !asking || now - askedAt >= limits.askNanos();", "return !asking;")),
                fault(
                        "holds of a move that is over stay",
                        WALK,
                        in("TargetGroup", "if (configured.isOver(key) && pace.isDue(now())) {", "if (now() < 0) {")),
                fault(
                        "holds are cancelled by a configuration older than the move",
                        target("aConfigurationOlderThanTheMoveSaysNothingOfIt"),
                        in("ConfiguredMoves", "number() >= key.move() && !isOpen(key)", "!isOpen(key)")));
    }

    static List<Mutant> ofTheSource() {
        return List.of(
                fault(
                        "the owner leaves Cancel to the target",
                        WALK,
                        in(
                                "SourceGroup",
                                "if (intent.cancelled() && canBeCancelled(intent.key(), shard)) {",
                                "if (core.now() < 0) {")),
                fault(
                        "a shard that came back in a later epoch counts as a move that was cancelled",
                        source("aShardThatCameBackInALaterEpochIsNoCancellation"),
                        in("SourceGroup", "&& shard.epoch() == intent.epoch()) {", "&& shard.epoch() > 0) {")),
                fault(
                        "a frozen shard is dropped while its move is open",
                        WALK,
                        in(
                                "SourceGroup",
                                "} else if (shard.isFrozenBy(key) && configured.isOver(key)) {",
                                "} else if (shard.isFrozenBy(key)) {")),
                fault(
                        "a shard is dropped though live voters have not adopted it",
                        source("theShardIsDroppedOnceAllLiveVotersHaveAdoptedIt"),
                        in("SourceDrop", "|| waitedFor(voters).isEmpty() && adopted", "|| adopted")),
                fault(
                        "a shard is dropped where nobody of the target answers",
                        source("silenceOfAllIsNoReasonToDrop"),
                        in("SourceDrop", "&& adopted(voters) > voters.size() / 2;", ";")),
                fault(
                        "a voter that stays away keeps a shard from being dropped",
                        source("aVoterThatDoesNotAnswerIsNotWaitedFor"),
                        in("SourceDrop", "&& core.now() - voter.answeredAt < core.limits().silenceNanos()) {", ") {")),
                fault(
                        "a drop that an earlier leader did not tell is never told",
                        WALK,
                        in("SourceGroup", "if (!isHere && shard.fence() >= key.move()) {", "if (core.now() < 0) {")));
    }
}
