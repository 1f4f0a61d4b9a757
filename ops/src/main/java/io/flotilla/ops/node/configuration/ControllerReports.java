package io.flotilla.ops.node.configuration;

import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.NodeReportReply;
import io.flotilla.client.proto.NodeReportRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.raft.runtime.Lane;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Tells the controller's leader once a second what this node leads, and hears what it wants of it, and the number of the newest
 * configuration: one that is not known here by then is asked for, because nodes that watch each other may all have missed it. A
 * report that is not answered within a few seconds is given up: the next one says what is so then. Belongs to the node's lane.
 */
public final class ControllerReports {
    private static final long PERIOD_NANOS = 1_000_000_000L;
    /** After so many periods an unanswered report is given up. */
    private static final int PATIENCE = 3;

    private final Lane lane;
    private final ControllerAsker controller;
    private final Supplier<NodeReportRequest> reports;
    private final BooleanSupplier wanted;
    private final LongSupplier known;
    private final Consumer<Response> newest;
    private final Consumer<NodeReportReply> wishes;
    private long turn;
    private long asked;
    private boolean answered = true;
    private boolean started;

    /**
     * @param reports what there is to tell now
     * @param wanted false when the node stops
     * @param known the number of the newest configuration known here
     * @param newest told what answers a request for a newer one
     * @param wishes told each answer: what the controller waits for and wants, of the groups that this node leads
     */
    public ControllerReports(
            Lane lane,
            ControllerAsker controller,
            Supplier<NodeReportRequest> reports,
            BooleanSupplier wanted,
            LongSupplier known,
            Consumer<Response> newest,
            Consumer<NodeReportReply> wishes) {
        this.lane = lane;
        this.controller = controller;
        this.reports = reports;
        this.wanted = wanted;
        this.known = known;
        this.newest = newest;
        this.wishes = wishes;
    }

    /** Reports now and from now on; does nothing the second time. A configuration must be known. */
    public void start() {
        if (!started) {
            started = true;
            next();
        }
    }

    private void next() {
        if (!wanted.getAsBoolean()) {
            return;
        }
        turn++;
        if (answered || turn - asked >= PATIENCE) {
            report();
        }
        lane.after(PERIOD_NANOS, this::next);
    }

    private void report() {
        long number = turn;
        asked = number;
        answered = false;
        Request request =
                Request.newBuilder().setId(1).setNodeReport(reports.get()).build();
        controller.ask(request, () -> wanted.getAsBoolean() && asked == number, response -> heard(number, response));
    }

    private void heard(long number, Response response) {
        if (asked == number) {
            answered = true;
            if (response.hasNodeReport()) {
                wishes.accept(response.getNodeReport());
                if (response.getNodeReport().getConfigurationNumber() > known.getAsLong()) {
                    catchUp();
                }
            }
        }
    }

    private void catchUp() {
        long number = turn;
        Request request = Request.newBuilder()
                .setId(1)
                .setConfiguration(ConfigurationRequest.newBuilder().setHave(known.getAsLong()))
                .build();
        controller.ask(request, () -> wanted.getAsBoolean() && turn == number, newest);
    }
}
