package io.flotilla.kv.move;

import io.flotilla.client.proto.MoveStatus;
import io.flotilla.kv.proto.AskCancel;
import io.flotilla.kv.proto.AskFreeze;
import io.flotilla.kv.proto.AskLag;
import io.flotilla.kv.proto.AskMoveOut;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveReply.Stage;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * One shard on its way into a group that this node leads, from MoveOut to Adopt. All that it remembers can be asked for again: a
 * new leader begins with nothing. What the owner answers is of entries that it has committed, so a stage that was told is
 * never taken back, however late another answer comes.
 */
final class TargetMove {
    private final TargetGroup group;
    private final MoveLimits limits;
    private final FreezeRule rule;
    private final VoterHolds holds = new VoterHolds();
    private final CopyRate rate = new CopyRate();

    private final RetryPace moveOutPace = new RetryPace(100, 500);
    private final RetryPace lagPace = new RetryPace(20, 250);
    private final RetryPace stagePace = new RetryPace(100, 1_000);
    private final RetryPace freezePace = new RetryPace(50, 1_000);
    private final RetryPace adoptPace = new RetryPace(20, 1_000);
    private final RetryPace cancelPace = new RetryPace(200, 2_000);

    private MoveIntent intent;

    private Stage stage = Stage.NOT_YET;
    private boolean isHeard;
    private long shardBytes;
    /** Why the owner did not do what it was asked, or why there is no answer; empty if it did. */
    private String refused = "";

    private long question;
    private boolean asking;
    private long askedAt;
    /** The change numbers that were asked about last. */
    private SortedSet<Long> weighed = Collections.emptySortedSet();

    private SortedSet<NodeId> counted = Collections.emptySortedSet();
    private boolean freezeAsked;
    private long pauseSince;
    private long frozenSince;
    private FrozenChanges changes;
    private long changesAskedAfter = -1;
    private boolean adopting;

    private String waitsFor = "";

    TargetMove(TargetGroup group, MoveIntent intent) {
        this.group = group;
        this.limits = group.limits();
        this.rule = new FreezeRule(limits);
        this.intent = intent;
    }

    void intended(MoveIntent newest) {
        intent = newest;
    }

    void told(NodeId from, HoldReport report) {
        holds.told(from, report);
    }

    private MoveKey key() {
        return intent.key();
    }

    /** Whether the owner said in this term how far it is. */
    boolean isHeard() {
        return isHeard;
    }

    void step(ReplicaFacts facts) {
        long now = group.now();
        holds.own(group.self(), facts.shard(intent.shard().getId()).held(key()));
        rate.at(now, copiedBytes(facts));
        if (stage == Stage.OVER) {
            waitsFor = "the controller, to end the move: group " + intent.from() + " is through with it";
        } else if (stage == Stage.FROZEN) {
            adopt(facts, now);
        } else if (!giveUp(facts, now)) {
            if (intent.cancelled()) {
                askForStage(now);
                waitsFor = "the leader of group " + intent.from() + ", to write the cancellation into its log" + why();
            } else if (!isHeard || stage == Stage.NOT_YET) {
                askMoveOut(now);
                waitsFor = "the leader of group " + intent.from() + ", to begin the move; then the rows are copied"
                        + why();
            } else {
                copy(facts, now);
            }
        }
    }

    private String why() {
        return refused.isEmpty() ? "" : ": " + refused;
    }

    /** A node has no room for the copy: the owner is asked to cancel, and its log decides. */
    private boolean giveUp(ReplicaFacts facts, long now) {
        NodeId node = holds.gaveUp(facts.voters());
        if (node == null) {
            return false;
        }
        waitsFor = "the leader of group " + intent.from() + ", to cancel the move: " + node
                + " has no room for the copy (" + holds.of(node).problem() + ")";
        if (mayAsk(now) && cancelPace.isDue(now)) {
            cancelPace.tried(now);
            ask(request().setCancel(AskCancel.getDefaultInstance()), reply -> {});
        }
        return true;
    }

    private void askMoveOut(long now) {
        if (mayAsk(now) && moveOutPace.isDue(now)) {
            moveOutPace.tried(now);
            ask(
                    request()
                            .setMoveOut(AskMoveOut.newBuilder()
                                    .setEpoch(intent.epoch())
                                    .setTarget(intent.into())),
                    reply -> {});
        }
    }

    private void askForStage(long now) {
        if (mayAsk(now) && stagePace.isDue(now)) {
            stagePace.tried(now);
            ask(request().setLag(AskLag.getDefaultInstance()), reply -> {});
        }
    }

    private void copy(ReplicaFacts facts, long now) {
        weigh(facts, now);
        FreezeRule.Verdict verdict = rule.judge(facts, holds, now);
        if (!verdict.isReady()) {
            waitsFor =
                    "copies at " + verdict.waitsFor() + "; then group " + intent.from() + " freezes the shard" + why();
        } else if (!verdict.counted().contains(group.self())) {
            // before the freeze, so that nobody waits for the election
            group.handOver(holds.best(verdict.counted(), group.self()));
            waitsFor = "another leader of group " + intent.into() + ": " + group.self() + " lacks too much to freeze";
        } else if (!group.tryTurn(key(), facts)) {
            waitsFor = "its turn: group " + intent.into() + " takes one shard at a time";
        } else if (!group.membership().isHeld(facts, now)) {
            waitsFor = "the change of the membership of group " + intent.into() + " to end; then group " + intent.from()
                    + " freezes the shard";
        } else {
            waitsFor = "the leader of group " + intent.from() + ", to freeze the shard" + why();
            if (mayAsk(now) && freezePace.isDue(now)) {
                freezePace.tried(now);
                counted = verdict.counted();
                askFreeze(verdict.least(), now);
            }
        }
    }

    /** Asks what the copies lack: at once when one got further, and again and again, for writes go on. */
    private void weigh(ReplicaFacts facts, long now) {
        SortedSet<Long> numbers = holds.changeNumbers(facts.voters());
        if (!numbers.equals(weighed)) {
            lagPace.reset();
        }
        if (numbers.isEmpty()) {
            askForStage(now);
        } else if (mayAsk(now) && lagPace.isDue(now)) {
            lagPace.tried(now);
            weighed = new TreeSet<>(numbers);
            MoveRequest.Builder request = request()
                    .setLag(AskLag.newBuilder()
                            .addAllAfter(numbers)
                            .setOutrun(holds.isOutrun(facts.voters(), now, limits)));
            MoveRequest asked = request.build();
            ask(request, reply -> holds.lacks(asked, reply, group.now()));
        }
    }

    private void askFreeze(long after, long now) {
        if (!freezeAsked) {
            freezeAsked = true;
            pauseSince = now;
            group.beginsToFreeze(key());
        }
        changesAskedAfter = after;
        ask(
                request()
                        .setFreeze(AskFreeze.newBuilder()
                                .setTargetTerm(group.term())
                                .setTargetLeader(group.self().value())
                                .setAfter(after)),
                reply -> {
                    if (reply.getStage() == Stage.FROZEN && reply.hasCounters()) {
                        FrozenChanges told = new FrozenChanges(intent, after, reply, limits.adoptBytes());
                        if (changes == null || told.fits() || told.after() > changes.after()) {
                            changes = told;
                        }
                    }
                });
    }

    private void adopt(ReplicaFacts facts, long now) {
        group.claimTurn(key());
        if (adopting) {
            waitsFor = "a majority of group " + intent.into() + ", to take the shard into its log";
            return;
        }
        long waited = now - frozenSince;
        long own = holds.of(group.self()).changeNumber();
        NodeId better = holds.best(facts.heard(), group.self());
        if (own < 0) {
            waitsFor = "a leader of group " + intent.into() + " that has the copy: " + group.self() + " has none";
            if (better != null) {
                group.handOver(better);
            }
            return;
        }
        long reached = AdoptRule.reached(facts, counted, holds, own, waited, limits);
        if (reached >= 0 && changes != null && changes.fits() && changes.after() <= reached) {
            propose(now);
        } else if (reached >= 0 && (changes == null || changes.after() < reached)) {
            waitsFor = "the leader of group " + intent.from() + ", to tell what changed last" + why();
            askChanges(reached, now);
        } else {
            waitsFor = "copies at " + facts.heard() + " to take one more round of changes from group " + intent.from();
            if (waited >= limits.aloneNanos()
                    && better != null
                    && holds.of(better).changeNumber() > own) {
                group.handOver(better);
            }
        }
    }

    private void askChanges(long after, long now) {
        if (after != changesAskedAfter) {
            freezePace.reset();
        }
        if (mayAsk(now) && freezePace.isDue(now)) {
            freezePace.tried(now);
            askFreeze(after, now);
        }
    }

    private void propose(long now) {
        waitsFor = "group " + intent.into() + " to take another shard into its log first";
        if (!adoptPace.isDue(now) || !group.mayAdopt()) {
            return;
        }
        adoptPace.tried(now);
        adopting = true;
        waitsFor = "a majority of group " + intent.into() + ", to take the shard into its log";
        group.adopt(changes.adopt(), new MoveActions.End() {
            @Override
            public void done() {
                adopting = false;
                group.metrics().adopted(group.now() - pauseSince, shardBytes);
            }

            @Override
            public void failed(String why) {
                adopting = false;
                refused = why;
                group.metrics().failed();
            }
        });
    }

    private MoveRequest.Builder request() {
        return MoveRequest.newBuilder()
                .setGroup(intent.from())
                .setShard(intent.shard().getId())
                .setMove(key().move());
    }

    /** One question at a time; a lost one is forgotten. */
    private boolean mayAsk(long now) {
        return !asking || now - askedAt >= limits.askNanos();
    }

    private interface Told {
        void of(MoveReply reply);
    }

    private void ask(MoveRequest.Builder request, Told told) {
        long number = ++question;
        asking = true;
        askedAt = group.now();
        group.ask(request.build(), new MoveActions.Answer() {
            @Override
            public void replied(MoveReply reply) {
                asking &= question != number;
                heard(reply);
                told.of(reply);
            }

            @Override
            public void failed(String why) {
                if (question == number) {
                    asking = false;
                    refused = why;
                }
            }
        });
    }

    private void heard(MoveReply reply) {
        isHeard = true;
        refused = reply.getRefused();
        shardBytes = Math.max(shardBytes, reply.getShardBytes());
        if (reply.getStage() == Stage.UNRECOGNIZED || reply.getStage().compareTo(stage) <= 0) {
            return;
        }
        stage = reply.getStage();
        if (stage == Stage.FROZEN) {
            frozenSince = group.now();
            pauseSince = freezeAsked ? pauseSince : frozenSince;
            // what is to be asked for next can't wait
            freezePace.reset();
        }
    }

    private long copiedBytes(ReplicaFacts facts) {
        return holds.leastCopied(facts.heard(), shardBytes);
    }

    MoveStatus.Phase phase() {
        return switch (stage) {
            case MOVING -> MoveStatus.Phase.COPYING;
            case FROZEN -> MoveStatus.Phase.FROZEN;
            default -> isHeard && stage == Stage.OVER ? MoveStatus.Phase.UNKNOWN : MoveStatus.Phase.INTENDED;
        };
    }

    MoveStatus.Builder status(ReplicaFacts facts) {
        return MoveStatus.newBuilder()
                .setPhase(phase())
                .setDrives(true)
                .setCopiedBytes(copiedBytes(facts))
                .setTotalBytes(shardBytes)
                .setBytesPerSecond(rate.bytesPerSecond())
                .setWaitsFor(waitsFor);
    }
}
