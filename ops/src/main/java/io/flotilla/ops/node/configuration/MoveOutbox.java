package io.flotilla.ops.node.configuration;

import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveReportRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * What this node has to tell the controller of moves: each report is sent until the controller has it, some at a time in one
 * request, one request at a time. What is told twice while it waits is sent once. Kept in memory: who reports looks again at what is
 * so after a start, and as long as configurations don't show it. Belongs to the node's lane.
 */
public final class MoveOutbox {
    /** Reports that wait; further ones are not taken. */
    static final int MOST_WAITING = 20_000;

    private static final int MOST_AT_A_TIME = 1_000;
    private static final long AGAIN_NANOS = 1_000_000_000L;

    private final String fleetId;
    private final Lane lane;
    private final ControllerAsker controller;
    private final BooleanSupplier wanted;
    private final Consumer<String> refused;
    private final TreeSet<MoveReport> waiting = new TreeSet<>(Comparator.comparingLong(MoveReport::getShard)
            .thenComparingLong(MoveReport::getMoveId)
            .thenComparingLong(MoveReport::getGroup)
            .thenComparingInt(MoveReport::getOutcomeValue));
    private boolean under;

    /**
     * @param wanted false when the node stops
     * @param refused told in one line when the controller does not want what was told
     */
    public MoveOutbox(
            String fleetId, Lane lane, ControllerAsker controller, BooleanSupplier wanted, Consumer<String> refused) {
        this.fleetId = fleetId;
        this.lane = lane;
        this.controller = controller;
        this.wanted = wanted;
        this.refused = refused;
    }

    /**
     * Tells the controller.
     *
     * @return false if too many wait: tell it again later
     */
    public boolean tell(MoveReport report) {
        boolean taken = waiting.contains(report) || waiting.size() < MOST_WAITING && waiting.add(report);
        if (!under) {
            // those that are told in one go leave together
            under = true;
            lane.execute(this::send);
        }
        return taken;
    }

    /** How many the controller does not have yet. */
    public int waiting() {
        return waiting.size();
    }

    private void send() {
        if (waiting.isEmpty() || !wanted.getAsBoolean()) {
            under = false;
            return;
        }
        List<MoveReport> sent = new ArrayList<>(waiting).subList(0, Math.min(MOST_AT_A_TIME, waiting.size()));
        Request request = Request.newBuilder()
                .setId(1)
                .setMoveReport(
                        MoveReportRequest.newBuilder().setFleetId(fleetId).addAllReports(sent))
                .build();
        controller.ask(request, wanted, response -> answered(sent, response));
    }

    private void answered(List<MoveReport> sent, Response response) {
        if (response.hasMoveReport()) {
            sent.forEach(waiting::remove);
            send();
            return;
        }
        Refusal refusal = response.getRefusal();
        refused.accept("the controller refuses " + sent.size() + " reports of moves: " + refusal.getMessage());
        // it may be that the controller's node is the older one: the reports stay true
        lane.after(AGAIN_NANOS, this::send);
    }
}
