package io.flotilla.ops.node.configuration;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.client.proto.MoveReport.Outcome;
import io.flotilla.client.proto.MoveReportReply;
import io.flotilla.client.proto.NodeReportReply;
import io.flotilla.client.proto.NodeReportRequest;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.ops.node.TestTime;
import io.flotilla.raft.runtime.Lane;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What a node tells the controller by itself. */
class ReportsTest {
    private final TestTime time = new TestTime();
    private final Lane lane = time.lane(new boolean[] {true});
    private final Controller controller = new Controller();
    private final List<String> refusals = new ArrayList<>();
    private boolean runs = true;
    private long known = 5;

    /** Answers after ten milliseconds, while it is there. */
    private final class Controller implements ControllerAsker {
        final List<Request> asked = new ArrayList<>();
        final List<BooleanSupplier> silent = new ArrayList<>();
        boolean isThere = true;
        String refuses = "";
        long newest = 5;

        @Override
        public void ask(Request request, BooleanSupplier wanted, Consumer<Response> answered) {
            asked.add(request);
            if (!isThere) {
                silent.add(wanted);
                return;
            }
            Response.Builder response = Response.newBuilder();
            if (!refuses.isEmpty()) {
                response.setRefusal(
                        Refusal.newBuilder().setKind(Refusal.Kind.INVALID).setMessage(refuses));
            } else if (request.hasMoveReport()) {
                response.setMoveReport(MoveReportReply.getDefaultInstance());
            } else if (request.hasConfiguration()) {
                response.setConfiguration(Configuration.newBuilder().setNumber(newest));
            } else {
                response.setNodeReport(
                        NodeReportReply.newBuilder().addAwaited(report(9)).setConfigurationNumber(newest));
            }
            time.at(10_000_000, () -> answered.accept(response.build()));
        }
    }

    private static MoveReport report(long shard) {
        return MoveReport.newBuilder()
                .setShard(shard)
                .setMoveId(3)
                .setGroup(1)
                .setOutcome(Outcome.ADOPTED)
                .build();
    }

    private ControllerReports reports(List<MoveReport> awaited) {
        int[] number = new int[1];
        return new ControllerReports(
                lane,
                controller,
                () -> NodeReportRequest.newBuilder()
                        .setFreeDiskBytes(++number[0])
                        .build(),
                () -> runs,
                () -> known,
                response -> known = response.getConfiguration().getNumber(),
                reply -> awaited.addAll(reply.getAwaitedList()));
    }

    @Test
    void aNodeReportsOnceASecondAndHearsWhatIsAwaited() {
        List<MoveReport> awaited = new ArrayList<>();
        ControllerReports reports = reports(awaited);
        reports.start();
        reports.start();
        time.runFor(9_500);
        assertThat(controller.asked).hasSize(10);
        assertThat(controller.asked.get(9).getNodeReport().getFreeDiskBytes()).isEqualTo(10);
        assertThat(awaited).hasSize(10).containsOnly(report(9));
        runs = false;
        time.runFor(60_000);
        assertThat(controller.asked).hasSize(10);
    }

    @Test
    void anUnansweredReportIsGivenUpForANewerOne() {
        ControllerReports reports = reports(new ArrayList<>());
        controller.isThere = false;
        reports.start();
        time.runFor(29_500);
        assertThat(controller.asked).as("one at a time").hasSize(10);
        assertThat(controller.silent.subList(0, 9)).noneMatch(BooleanSupplier::getAsBoolean);
        assertThat(controller.silent.get(9).getAsBoolean()).isTrue();
        controller.isThere = true;
        time.runFor(5_000);
        assertThat(controller.asked.size()).isBetween(14, 16);
    }

    @Test
    void aConfigurationThatNobodyTookHereIsAskedFor() {
        ControllerReports reports = reports(new ArrayList<>());
        reports.start();
        time.runFor(3_500);
        assertThat(controller.asked).noneMatch(Request::hasConfiguration);
        controller.newest = 8;
        time.runFor(1_000);
        assertThat(known).isEqualTo(8);
        List<Request> questions =
                controller.asked.stream().filter(Request::hasConfiguration).toList();
        assertThat(questions).hasSize(1);
        assertThat(questions.get(0).getConfiguration().getHave()).isEqualTo(5);
        time.runFor(3_000);
        assertThat(controller.asked.stream().filter(Request::hasConfiguration)).hasSize(1);
    }

    private MoveOutbox outbox() {
        return new MoveOutbox("f", lane, controller, () -> runs, refusals::add);
    }

    @Test
    void reportsOfMovesLeaveTogetherAndEachOnce() {
        MoveOutbox outbox = outbox();
        for (long shard = 1; shard <= 2_500; shard++) {
            assertThat(outbox.tell(report(shard))).isTrue();
            assertThat(outbox.tell(report(shard))).isTrue();
        }
        time.runFor(1_000);
        assertThat(controller.asked).hasSize(3);
        assertThat(controller.asked.get(0).getMoveReport().getFleetId()).isEqualTo("f");
        assertThat(controller.asked.stream().flatMap(request -> request.getMoveReport().getReportsList().stream()))
                .hasSize(2_500)
                .doesNotHaveDuplicates();
        assertThat(outbox.waiting()).isZero();
        outbox.tell(report(1));
        time.runFor(1_000);
        assertThat(controller.asked).as("what is told again is sent again").hasSize(4);
    }

    @Test
    void whatTheControllerRefusesIsTriedAgainAndOnlySoManyWait() {
        MoveOutbox outbox = outbox();
        controller.refuses = "no";
        outbox.tell(report(1));
        time.runFor(5_500);
        assertThat(controller.asked).hasSize(6);
        assertThat(refusals).hasSize(6).allMatch(line -> line.contains("1 reports") && line.endsWith("no"));
        for (long shard = 2; shard <= MoveOutbox.MOST_WAITING; shard++) {
            assertThat(outbox.tell(report(shard))).isTrue();
        }
        assertThat(outbox.tell(report(99_999))).isFalse();
        assertThat(outbox.tell(report(1))).as("waits already").isTrue();
        controller.refuses = "";
        time.runFor(5_000);
        assertThat(outbox.waiting()).isZero();
        assertThat(outbox.tell(report(99_999))).isTrue();
    }
}
