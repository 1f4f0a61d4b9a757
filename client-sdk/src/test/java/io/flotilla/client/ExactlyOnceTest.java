package io.flotilla.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteRequest;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What a write's session, sequence and log time are for. */
final class ExactlyOnceTest extends ScriptedFleetTest {
    @Test
    void aWriteWhoseAnswerWasLostIsNotDoneTwice() {
        done(client.increment(b("a"), 1));
        fleet.node("n1").script = request -> {
            if (request.hasWrite()) {
                fleet.node("n1").script = later -> null;
                fleet.node("n1").handle(request);
                fleet.leaders.put(1L, "n2");
                fleet.node("n1").crash();
                return FakeFleet.SILENCE;
            }
            return null;
        };
        assertThat(done(client.increment(b("a"), 1))).isEqualTo(2);
        assertThat(fleet.store.get(s("a"))).isEqualTo(s("2"));
    }

    @Test
    void sequencesCountUpAndAnswersAreAcknowledged() {
        done(client.put(b("a"), b("1")));
        done(client.put(b("b"), b("1")));
        ArrayDeque<Response> held = new ArrayDeque<>();
        fleet.node("n1").script = request -> {
            if (held.isEmpty() && request.hasWrite()) {
                held.add(FakeFleet.SILENCE);
                return FakeFleet.SILENCE;
            }
            return null;
        };
        CompletableFuture<Long> stuck = client.put(b("c"), b("1"));
        runtime.runForMillis(10);
        done(client.put(b("d"), b("1")));
        done(client.put(b("e"), b("1")));
        List<WriteRequest> writes = fleet.node("n1").writes();
        assertThat(writes).extracting(WriteRequest::getSequence).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(writes).extracting(WriteRequest::getFirstUnacknowledged).containsExactly(1L, 2L, 3L, 3L, 3L);
        done(stuck);
        done(client.put(b("f"), b("1")));
        writes = fleet.node("n1").writes();
        assertThat(writes.get(writes.size() - 1).getFirstUnacknowledged()).isEqualTo(6);
    }

    @Test
    void aWriteThatWaitsForOneShardDoesNotHoldUpTheSessionOfAnother() {
        done(client.put(b("a"), b("1")));
        fleet.leaders.remove(2L);
        CompletableFuture<Long> stuck = client.put(b("h"), b("1"));
        runtime.runForMillis(50);
        done(client.put(b("a"), b("2")));
        WriteRequest last = fleet.applied.get(fleet.applied.size() - 1);
        assertThat(last.getFirstUnacknowledged()).isEqualTo(last.getSequence());
        assertThat(stuck).isNotDone();
    }

    @Test
    void anExpiredWriteGetsMoreLogTimeIfNoOtherAttemptCanHaveBeenDone() {
        fleet.logMillis = fleet.wall() + 3_600_000;
        assertThat(done(client.increment(b("a"), 1))).isEqualTo(1);
        List<WriteRequest> writes = fleet.node("n1").writes();
        assertThat(writes.get(1).getSequence()).isEqualTo(writes.get(0).getSequence());
        assertThat(writes.get(1).getNotAfterMillis()).isGreaterThan(fleet.logMillis);
    }

    /** A write that was numbered for a shard that has been split since: the log time it hears is the new shard's. */
    @Test
    void theLogTimeThatAWriteHearsInAnotherShardIsKnownThere() {
        done(client.put(b("a"), b("1")));
        fleet.configuration = fleet.configuration.toBuilder()
                .setNumber(2)
                .setShards(0, FakeFleet.shard(1, "", "c", 1, 2))
                .addShards(FakeFleet.shard(4, "c", "g", 1, 2))
                .build();
        fleet.logMillis = fleet.wall() + 3_600_000;
        done(client.put(b("d"), b("2")));
        int before = fleet.node("n1").writes().size();
        done(client.put(b("e"), b("3")));
        assertThat(fleet.node("n1").writes()).as("none expired").hasSize(before + 1);
    }

    @Test
    void anExpiredWriteWithALostAttemptIsIndeterminate() {
        done(client.put(b("a"), b("1")));
        fleet.node("n1").script = request -> {
            if (request.hasWrite()) {
                fleet.leaders.put(1L, "n2");
                fleet.logMillis = fleet.wall() + 3_600_000;
                fleet.node("n1").crash();
                return FakeFleet.SILENCE;
            }
            return null;
        };
        indeterminate(client.increment(b("a"), 1));
        assertThat(fleet.applied).hasSize(1);
    }
}
