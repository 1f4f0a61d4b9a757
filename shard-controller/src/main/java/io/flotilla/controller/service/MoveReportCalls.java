package io.flotilla.controller.service;

import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveReportReply;
import io.flotilla.client.proto.MoveReportRequest;
import io.flotilla.client.proto.Response;
import io.flotilla.controller.machine.ControllerResult;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.SettleMoves;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What nodes say became of moves. While one command of them is on its way, those that come meanwhile are gathered for the next
 * one: so many moves share one configuration. Thread-safe.
 */
final class MoveReportCalls {
    /** Reports that wait; over it callers hear busy. */
    static final int MOST_WAITING = 20_000;

    private static final long RETRY_MILLIS = 100;

    private record Call(long id, MoveReportRequest request, Consumer<Response> out) {}

    private final ControllerReplica replica;
    private final ControllerAnswers answers;
    private List<Call> waiting = new ArrayList<>();
    private int reports;
    private boolean under;

    MoveReportCalls(ControllerReplica replica, ControllerAnswers answers) {
        this.replica = replica;
        this.answers = answers;
    }

    /** The fleet is the right one, and its level allows it. */
    void handle(long id, MoveReportRequest request, Consumer<Response> out) {
        for (MoveReport report : request.getReportsList()) {
            if (report.getOutcome() == MoveReport.Outcome.UNKNOWN) {
                out.accept(ControllerAnswers.invalid(
                        id,
                        "a report of move " + report.getMoveId() + " of shard " + report.getShard()
                                + " does not say what became of it"));
                return;
            }
        }
        if (enter(new Call(id, request, out))) {
            next();
        } else {
            out.accept(ControllerAnswers.busy(id, "too many reports of moves wait", RETRY_MILLIS));
        }
    }

    private synchronized boolean enter(Call call) {
        int more = call.request.getReportsCount();
        if (reports + more > MOST_WAITING) {
            return false;
        }
        reports += more;
        waiting.add(call);
        return true;
    }

    private void next() {
        List<Call> calls;
        SettleMoves.Builder settle = SettleMoves.newBuilder();
        ControllerCommand command;
        synchronized (this) {
            if (under || waiting.isEmpty()) {
                return;
            }
            under = true;
            calls = waiting;
            waiting = new ArrayList<>();
            reports = 0;
            calls.forEach(call -> settle.addAllReports(call.request.getReportsList()));
            command = ControllerCommand.newBuilder()
                    .setFleetId(calls.get(0).request.getFleetId())
                    .setSettleMoves(settle)
                    .build();
        }
        replica.propose(command.toByteArray(), new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {
                for (Call call : calls) {
                    if (result instanceof ControllerResult.Done done) {
                        call.out.accept(Response.newBuilder()
                                .setId(call.id)
                                .setMoveReport(MoveReportReply.newBuilder().setConfigurationNumber(done.number()))
                                .build());
                    } else {
                        call.out.accept(
                                ControllerAnswers.invalid(call.id, ((ControllerResult.Refused) result).reason()));
                    }
                }
                over();
            }

            @Override
            public void refused(Refusal refusal) {
                calls.forEach(call -> call.out.accept(answers.refused(call.id, refusal)));
                over();
            }
        });
    }

    private void over() {
        synchronized (this) {
            under = false;
        }
        next();
    }
}
