package io.flotilla.ops.node.move;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.MoveCounts;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveStatus;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.kv.machine.KvMachines;
import io.flotilla.kv.move.MoveDriver;
import io.flotilla.kv.move.MoveLimits;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.ops.node.peer.AddressBook;
import io.flotilla.ops.node.peer.PeerCalls;
import io.flotilla.ops.node.peer.PeerLinks;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.host.GroupStatus;
import io.flotilla.raft.host.RaftHost;
import io.flotilla.raft.runtime.Cancellable;
import io.flotilla.raft.runtime.Clock;
import io.flotilla.raft.runtime.Lane;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A node's part in moves: its driver, what it answers to the drivers of others, and the reports of what is held, to and from other
 * nodes. Belongs to the node's lane but for what says otherwise.
 */
public final class NodeMoves {
    private static final long OFTEN_NANOS = 20_000_000L;
    private static final long SELDOM_NANOS = 1_000_000_000L;

    private final NodeId self;
    private final RaftHost host;
    private final Clock clock;
    private final Lane lane;
    private final PeerLinks links;
    private final MoveRequests requests;
    private final HostMoveFacts facts;
    private final MoveCounters counters = new MoveCounters();
    private final MoveDriver driver;
    private volatile List<MoveStatus> statuses = List.of();
    private final AtomicBoolean rolesChanged = new AtomicBoolean();
    private Cancellable next;
    private boolean isTickSoon;
    private boolean started;
    private boolean stopped;
    private boolean stepping;
    private boolean stepAgain;

    /**
     * @param outbox takes what the controller is to be told; false if it is full
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
            Predicate<MoveReport> outbox) {
        this.self = self;
        this.host = host;
        this.clock = clock;
        this.lane = lane;
        this.links = new PeerLinks(lane, calls);
        this.requests = new MoveRequests(host, machines, addresses::addressOf);
        this.facts = new HostMoveFacts(host, machines, clock, lane, this::step);
        GroupQuestions questions = new GroupQuestions(self, lane, host, requests, links, addresses, newest);
        this.driver = new MoveDriver(
                self,
                MoveLimits.DEFAULT,
                clock::nanos,
                facts,
                new HostMoveActions(host, lane, questions, MoveLimits.DEFAULT, outbox, this::step),
                counters);
    }

    /** From now on until {@link #stop}. */
    public void start() {
        if (!started) {
            tick();
            started = true;
        }
    }

    public void stop() {
        stopped = true;
        links.stop();
    }

    private void tick() {
        if (!stopped) {
            step();
            statuses = driver.statuses(clock.wallMillis());
            isTickSoon = driver.isBusy();
            next = lane.after(isTickSoon ? OFTEN_NANOS : SELDOM_NANOS, this::tick);
        }
    }

    /** An answer that comes at once, within a step, is looked at right after it. */
    private void step() {
        stepAgain = true;
        if (stepping || stopped) {
            return;
        }
        stepping = true;
        while (stepAgain) {
            stepAgain = false;
            driver.step();
        }
        stepping = false;
        if (started && !isTickSoon && driver.isBusy()) {
            isTickSoon = true;
            next.cancel();
            next = lane.after(OFTEN_NANOS, this::tick);
        }
    }

    public void configured(Configuration configuration) {
        driver.configured(configuration);
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

    /** A replica here holds more than before, or is to tell once more what it holds. Any lane. */
    public void held(HoldReport report) {
        lane.execute(() -> send(report));
    }

    private void send(HoldReport report) {
        GroupStatus replica = host.status(report.getGroup());
        NodeId leader = replica == null ? null : replica.leader();
        if (self.equals(leader)) {
            driver.told(self, report);
            step();
        } else if (leader != null) {
            host.tell(leader, report.toByteArray());
        }
    }

    /** What a replica elsewhere holds. Any lane. */
    public void told(NodeId from, byte[] bytes) {
        HoldReport report;
        try {
            report = HoldReport.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            // of another version: it is not counted
            return;
        }
        lane.execute(() -> {
            driver.told(from, report);
            step();
        });
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
}
