package io.flotilla.kv.move;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Group;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveStatus;
import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.AdoptCommand;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.kv.proto.KvCommand;
import io.flotilla.kv.proto.MoveReply;
import io.flotilla.kv.proto.MoveRequest;
import io.flotilla.raft.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A driver on node n4, one of n4, n5, n6 of group 2, whose world is what a test says. Group 1 is n1, n2, n3. What the driver does is
 * kept, as it was asked for, until the test answers it.
 */
final class ScriptedNode implements MoveFacts, MoveActions, MoveMetrics {
    static final long OWNER = 1;
    static final long TARGET = 2;
    static final long MILLI = 1_000_000L;
    static final NodeId N4 = new NodeId("n4");
    static final NodeId N5 = new NodeId("n5");
    static final NodeId N6 = new NodeId("n6");

    record Asked(NodeId node, MoveRequest request, Answer answer) {}

    record Proposed(long group, KvCommand command, boolean guarded, End end) {}

    record Transfer(NodeId to, End end) {}

    record Hold(long nanos, End end) {}

    final List<Asked> asked = new ArrayList<>();
    final List<Proposed> proposed = new ArrayList<>();
    final List<Transfer> transfers = new ArrayList<>();
    final List<Hold> memberships = new ArrayList<>();
    final List<MoveReport> told = new ArrayList<>();
    final List<Long> pauses = new ArrayList<>();
    int cancelled;
    int dropped;
    int failed;

    final SortedMap<Long, ShardFacts> shards = new TreeMap<>();
    private final SortedMap<Long, Shard> configured = new TreeMap<>();
    private final SortedSet<NodeId> heard = new TreeSet<>(List.of(N4, N5, N6));
    private final MoveDriver driver;
    private long now = 1_000 * MILLI;
    private long number = 10;
    private long term = 7;
    private long group = TARGET;
    private boolean leads = true;
    private boolean caughtUp = true;
    private boolean steady = true;
    private boolean targetIsGone;

    ScriptedNode() {
        driver = new MoveDriver(N4, MoveLimits.DEFAULT, () -> now, this, this, this);
    }

    // ---- what the world is like ----

    /** The shard belongs to group 1 in epoch 3 and shall go to group 2 by move 10. */
    ScriptedNode intends(long shard, boolean cancel) {
        configured.put(
                shard,
                shard(shard)
                        .setTarget(TARGET)
                        .setMoveId(10)
                        .setCancelled(cancel)
                        .build());
        return configure();
    }

    /** The move is over. */
    ScriptedNode ends(long shard, long owner) {
        configured.put(
                shard,
                shard(shard).setGroup(owner).setEpoch(owner == OWNER ? 3 : 4).build());
        return configure();
    }

    ScriptedNode forgetsShard(long shard) {
        configured.remove(shard);
        return configure();
    }

    ScriptedNode forgetsTarget() {
        targetIsGone = true;
        return configure();
    }

    private static Shard.Builder shard(long id) {
        return Shard.newBuilder().setId(id).setGroup(OWNER).setEpoch(3);
    }

    private ScriptedNode configure() {
        Configuration.Builder next = Configuration.newBuilder().setNumber(number++);
        next.addGroups(Group.newBuilder().setId(OWNER).addAllReplicas(List.of("n1", "n2", "n3")));
        if (!targetIsGone) {
            next.addGroups(Group.newBuilder().setId(TARGET).addAllReplicas(List.of("n4", "n5", "n6")));
        }
        driver.configured(next.addAllShards(configured.values()).build());
        driver.step();
        return this;
    }

    /** The replica here is one of group 1, with the same leadership. */
    ScriptedNode ownsInstead() {
        group = OWNER;
        return this;
    }

    ScriptedNode leads(long newTerm) {
        leads = true;
        term = newTerm;
        driver.step();
        return this;
    }

    ScriptedNode follows() {
        leads = false;
        driver.step();
        return this;
    }

    ScriptedNode isCaughtUp(boolean yes) {
        caughtUp = yes;
        driver.step();
        return this;
    }

    ScriptedNode isSteady(boolean yes) {
        steady = yes;
        driver.step();
        return this;
    }

    ScriptedNode hears(NodeId... voters) {
        heard.clear();
        heard.addAll(List.of(voters));
        driver.step();
        return this;
    }

    /** What this replica has applied. */
    ScriptedNode applied(long shard, ShardFacts.Stage stage, long move, long fence) {
        boolean adopted = group == TARGET && stage != ShardFacts.Stage.ABSENT;
        shards.put(shard, new ShardFacts(stage, adopted ? 4 : 3, move, move == 0 ? 0 : TARGET, fence, new TreeMap<>()));
        driver.step();
        return this;
    }

    /** This replica holds the shard for move 10. */
    ScriptedNode holds(long shard, boolean whole, long changeNumber) {
        SortedMap<Long, ShardFacts.HoldFacts> holds = new TreeMap<>();
        holds.put(10L, new ShardFacts.HoldFacts(whole, changeNumber));
        shards.put(shard, new ShardFacts(ShardFacts.Stage.ABSENT, 0, 0, 0, 0, holds));
        driver.step();
        return this;
    }

    /** Another replica of group 2 tells what it holds. */
    ScriptedNode told(NodeId from, long shard, boolean whole, long changeNumber) {
        return told(from, report(shard).setWhole(whole).setChangeNumber(changeNumber));
    }

    ScriptedNode told(NodeId from, HoldReport.Builder report) {
        driver.told(from, report.build());
        driver.step();
        return this;
    }

    static HoldReport.Builder report(long shard) {
        return HoldReport.newBuilder()
                .setGroup(TARGET)
                .setShard(shard)
                .setMove(10)
                .setCopiedBytes(1);
    }

    /** The controller does not know of the drop. */
    ScriptedNode awaits(long shard, long move) {
        driver.awaited(MoveReport.newBuilder()
                .setShard(shard)
                .setMoveId(move)
                .setOutcome(MoveReport.Outcome.DROPPED)
                .setGroup(OWNER)
                .build());
        return this;
    }

    /** Time passes, in steps of 10 ms. */
    ScriptedNode passes(long millis) {
        for (long i = 0; i < millis; i += 10) {
            now += 10 * MILLI;
            driver.step();
        }
        return this;
    }

    // ---- what the driver asked for ----

    /** The only open question; it has that step. */
    Asked question(MoveRequest.StepCase step) {
        assertThat(asked).as("questions").hasSize(1);
        assertThat(asked.get(0).request().getStepCase()).isEqualTo(step);
        return asked.get(0);
    }

    /** Answers the only open question. */
    ScriptedNode reply(MoveRequest.StepCase step, MoveReply.Builder reply) {
        Asked question = question(step);
        asked.clear();
        question.answer().replied(reply.build());
        driver.step();
        return this;
    }

    ScriptedNode failsQuestion(MoveRequest.StepCase step, String why) {
        Asked question = question(step);
        asked.clear();
        question.answer().failed(why);
        driver.step();
        return this;
    }

    /** Whether the last question about lags said that writes outrun the copies. */
    boolean isOutrun;

    /** Answers questions about lags, and no others, until there is another or none: each hold lacks so many bytes. */
    ScriptedNode lags(long... bytes) {
        while (asked.size() == 1 && asked.get(0).request().hasLag()) {
            MoveReply.Builder reply = MoveReply.newBuilder().setStage(MoveReply.Stage.MOVING);
            isOutrun = asked.get(0).request().getLag().getOutrun();
            for (int i = 0; i < asked.get(0).request().getLag().getAfterCount(); i++) {
                reply.addLagBytes(bytes[Math.min(i, bytes.length - 1)]);
            }
            reply(MoveRequest.StepCase.LAG, reply);
        }
        return this;
    }

    /** The membership is held as asked for. */
    ScriptedNode heldMembership() {
        assertThat(memberships).as("holds of the membership").hasSize(1);
        Hold hold = memberships.remove(0);
        assertThat(hold.nanos()).isEqualTo(10_000 * MILLI);
        hold.end().done();
        driver.step();
        return this;
    }

    /** The only proposal that is open. */
    Proposed proposal() {
        assertThat(proposed).as("proposals").hasSize(1);
        return proposed.get(0);
    }

    AdoptCommand adopt() {
        assertThat(proposal().guarded()).isTrue();
        assertThat(proposal().command().hasAdopt()).isTrue();
        return proposal().command().getAdopt();
    }

    ScriptedNode ends(Proposed proposal, String failure) {
        proposed.remove(proposal);
        if (failure.isEmpty()) {
            proposal.end().done();
        } else {
            proposal.end().failed(failure);
        }
        driver.step();
        return this;
    }

    ScriptedNode steps() {
        driver.step();
        return this;
    }

    MoveStatus status() {
        List<MoveStatus> all = driver.statuses(1_000_000);
        assertThat(all).hasSize(1);
        return all.get(0);
    }

    List<MoveStatus> statuses() {
        return driver.statuses(1_000_000);
    }

    boolean isBusy() {
        return driver.isBusy();
    }

    // ---- the ports ----

    @Override
    public SortedSet<Long> concerned() {
        SortedSet<Long> groups = new TreeSet<>();
        if (!shards.isEmpty()) {
            groups.add(group);
        }
        return groups;
    }

    @Override
    public ReplicaFacts of(long asked) {
        SortedSet<NodeId> voters = new TreeSet<>(List.of(N4, N5, N6));
        return asked == group
                ? new ReplicaFacts(
                        group,
                        leads,
                        term,
                        leads && caughtUp,
                        steady,
                        voters,
                        heard,
                        new TreeMap<>(shards),
                        shard -> shards.getOrDefault(shard, ShardFacts.NOTHING))
                : null;
    }

    @Override
    public void ask(MoveRequest request, Answer answer) {
        asked.add(new Asked(null, request, answer));
    }

    @Override
    public void ask(NodeId node, MoveRequest request, Answer answer) {
        asked.add(new Asked(node, request, answer));
    }

    @Override
    public void propose(long toGroup, KvCommand command, boolean guarded, End end) {
        proposed.add(new Proposed(toGroup, command, guarded, end));
    }

    @Override
    public void transferLeadership(long ofGroup, NodeId to, End end) {
        transfers.add(new Transfer(to, end));
    }

    @Override
    public void holdMembership(long ofGroup, long nanos, End end) {
        if (nanos > 0) {
            memberships.add(new Hold(nanos, end));
        }
    }

    @Override
    public boolean report(MoveReport report) {
        return told.add(report);
    }

    @Override
    public void adopted(long pauseNanos, long bytes) {
        pauses.add(pauseNanos);
    }

    @Override
    public void cancelled() {
        cancelled++;
    }

    @Override
    public void dropped() {
        dropped++;
    }

    @Override
    public void failed() {
        failed++;
    }
}
