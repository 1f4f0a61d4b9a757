package io.flotilla.ops.node.move;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.configuration.UnknownFields;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.CopyCounts;
import io.flotilla.client.proto.MoveCounts;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveStatus;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.move.MoveDriver;
import io.flotilla.kv.move.MoveLimits;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.kv.service.OutrunShards;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.ops.node.peer.PeerLinks;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A node's part in moves: its driver, what it answers to the drivers of others, and the reports of what is held, to and from other
 * nodes. Belongs to the node's lane but for what says otherwise.
 */
public final class NodeMoves {
    private static final long OFTEN_NANOS = 20_000_000L;
    private static final long SELDOM_NANOS = 1_000_000_000L;
    /** What moves wait for is put into words once in so many frequent turns. */
    private static final int STATUS_TURNS = 10;

    private final NodeId self;
    private final RaftHost host;
    private final Clock clock;
    private final Lane lane;
    private final PeerLinks links;
    private final MoveRequests requests;
    private final HostMoveFacts facts;
    private final MoveCounters counters = new MoveCounters();
    private final MoveDriver driver;
    private final NodeCopies copies;
    private final HoldBeat beat;

    private volatile List<MoveStatus> statuses = List.of();
    private final AtomicBoolean rolesChanged = new AtomicBoolean();
    private Cancellable next;
    private boolean isTickSoon;
    private boolean started;
    private boolean stopped;
    private boolean stepQueued;
    private long turn;

    /**
     * @param featureLevel the fleet's, as far as it is known here
     * @param outbox takes what the controller is to be told; false if it is full
     * @param outrun hears which shards' writes outrun the copies
     * @param parts of copies
     */
    public NodeMoves(
            NodeId self,
            RaftHost host,
            KvMachines machines,
            Clock clock,
            Lane lane,
            PeerCalls calls,
            AddressBook addresses,
            Supplier<Configuration> newest,
            IntSupplier featureLevel,
            Predicate<MoveReport> outbox,
            OutrunShards outrun,
            MoveParts parts) {
        this.self = self;
        this.host = host;
        this.clock = clock;
        this.lane = lane;
        this.links = new PeerLinks(lane, calls);
        this.requests = new MoveRequests(host, machines, addresses::addressOf, featureLevel, outrun);
        this.facts = new HostMoveFacts(host, machines, clock, lane, this::stepSoon);
        GroupQuestions questions = new GroupQuestions(self, lane, host, requests, links, addresses, newest);
        this.driver = new MoveDriver(
                self,
                MoveLimits.DEFAULT,
                clock::nanos,
                facts,
                new HostMoveActions(host, lane, questions, MoveLimits.DEFAULT, featureLevel, outbox, this::stepSoon),
                counters);
        this.copies = new NodeCopies(self, host, machines, clock, lane, questions, parts, this::held);
        this.beat = new HoldBeat(lane, copies::reports, this::send);
    }

    /** Before the host starts. */
    public void bind() {
        copies.bind();
    }

    /** From now on until {@link #stop}. */
    public void start() {
        if (!started) {
            tick();
            started = true;
            beat.beat();
        }
    }

    /** Ends what goes on here on the node's lane, and all copies. */
    public void stop() {
        stopped = true;
        beat.stop();
        links.stop();
        stopCopies(() -> {});
    }

    /** Ends all copies, then runs the task on a lane that may block: no copy uses the engine any more. Any lane. */
    public void stopCopies(Runnable then) {
        copies.stop(then);
    }

    private void tick() {
        if (!stopped) {
            step();
            if (turn++ % STATUS_TURNS == 0 || !isTickSoon) {
                statuses = driver.statuses(clock.wallMillis());
            }
            isTickSoon = driver.isBusy();
            next = lane.after(isTickSoon ? OFTEN_NANOS : SELDOM_NANOS, this::tick);
        }
    }

    /** After what else has come by then: one step for all of it. */
    private void stepSoon() {
        if (!stepQueued) {
            stepQueued = true;
            lane.execute(() -> {
                stepQueued = false;
                step();
            });
        }
    }

    private void step() {
        if (stopped) {
            return;
        }
        driver.step();
        if (started && !isTickSoon && driver.isBusy()) {
            isTickSoon = true;
            next.cancel();
            next = lane.after(OFTEN_NANOS, this::tick);
        }
    }

    public void configured(Configuration configuration) {
        driver.configured(configuration);
        copies.configured(configuration);
        facts.changed();
        step();
    }

    /** A replica here may lead now, or not any more. Any lane. */
    public void roleChanged() {
        // a node that starts hears of thousands at once
        if (rolesChanged.compareAndSet(false, true)) {
            lane.after(OFTEN_NANOS, () -> {
                rolesChanged.set(false);
                facts.changed();
                step();
            });
        }
    }

    /** The controller was not told of these drops. */
    public void awaited(List<MoveReport> drops) {
        drops.forEach(driver::awaited);
        step();
    }

    /** A replica here holds more than before. Any lane. */
    private void held(HoldReport report) {
        lane.execute(() -> {
            if (!stopped) {
                send(report);
            }
        });
    }

    /** As the host's listener. Any lane. */
    public boolean heldBack(long group, Entry entry, NodeId from) {
        return copies.heldBack(group, entry, from);
    }

    private void send(HoldReport report) {
        GroupStatus replica = host.status(report.getGroup());
        NodeId leader = replica == null ? null : replica.leader();
        if (self.equals(leader)) {
            driver.told(self, report);
            stepSoon();
        } else if (leader != null) {
            host.tell(leader, report.toByteArray());
        }
    }

    /** What a replica elsewhere holds. Any lane. */
    public void told(NodeId from, byte[] bytes) {
        HoldReport report = understood(bytes);
        if (report != null) {
            lane.execute(() -> {
                driver.told(from, report);
                stepSoon();
            });
        }
    }

    /** Null if it is of another version: then it is not counted. */
    static HoldReport understood(byte[] bytes) {
        try {
            HoldReport report = HoldReport.parseFrom(bytes);
            return UnknownFields.first(report) == null ? report : null;
        } catch (InvalidProtocolBufferException e) {
            return null;
        }
    }

    /** A question of another node. Any lane. */
    public void answer(Request request, Consumer<Response> out) {
        requests.answer(request, out);
    }

    /** Of each move from or to a group with a replica here, as of a moment ago. Any lane. */
    public List<MoveStatus> statuses() {
        return statuses;
    }

    /** Any lane. */
    public MoveCounts counts() {
        return counters.counts();
    }

    /** Any lane. */
    public CopyCounts copies() {
        return copies.counts();
    }
}
