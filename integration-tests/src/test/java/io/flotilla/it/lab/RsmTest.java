package io.flotilla.it.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.proto.Increment;
import io.flotilla.client.proto.Mutation;
import io.flotilla.client.proto.Refusal;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import io.flotilla.client.proto.WriteReply;
import io.flotilla.client.proto.WriteRequest;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.lab.LabRuns;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A replicated state machine: operations submitted to one server's service, past network and client. The machine is the
 * key-value service's, the operations add to one counter.
 */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class RsmTest {
    private static final int SERVERS = 3;
    private static final int OPERATIONS = 100;
    private static final long ELECTION_MILLIS = 1_000;
    private static final long NOT_AFTER_MILLIS = 30_000;
    private static final long MAX_STATE_BYTES = 1_000;
    private static final String COUNTER = "counter";

    private static void run(String method, String name, LabRuns.WorldBody<KvGroup> body) {
        run(method, name, -1, body);
    }

    private static void run(String method, String name, long maxStateBytes, LabRuns.WorldBody<KvGroup> body) {
        LabRuns.<KvGroup>repeat(
                "integration-tests",
                "RsmTest#" + method,
                name,
                (seed, timing) -> new KvGroup(seed, timing, SERVERS, false, maxStateBytes),
                body);
    }

    /** A new operation; submitted again it is the same one. */
    private static Request add(KvGroup group, long delta) {
        return Request.newBuilder()
                .setId(1)
                .setWrite(WriteRequest.newBuilder()
                        .setShard(KvGroup.SHARD)
                        .setSessionHigh(group.random().nextLong())
                        .setSessionLow(group.random().nextLong())
                        .setSequence(1)
                        .setFirstUnacknowledged(1)
                        .setMutation(Mutation.newBuilder()
                                .setIncrement(Increment.newBuilder()
                                        .setKey(KvGroup.bytes(COUNTER))
                                        .setDelta(delta))))
                .build();
    }

    private static void submit(KvGroup group, int server, Request operation, Consumer<Response> answer) {
        Request.Builder timed = operation.toBuilder();
        timed.getWriteBuilder()
                .setNotAfterMillis(group.server(server).runtime().clock().wallMillis() + NOT_AFTER_MILLIS);
        group.server(server).service().handle(List.of(timed.build()), answer::accept);
    }

    /** The counter after the operation; -1 if the answer is that it was not done, or not known. */
    private static long value(Response response) {
        if (!response.hasWrite()) {
            assertThat(response.getRefusal().getKind())
                    .isIn(Refusal.Kind.NOT_LEADER, Refusal.Kind.INDETERMINATE, Refusal.Kind.UNAVAILABLE);
            return -1;
        }
        assertThat(response.getWrite().getOutcome()).isEqualTo(WriteReply.Outcome.DONE);
        return Long.parseLong(response.getWrite().getValue().toStringUtf8());
    }

    /** Adds one, through whichever of the servers leads. @return the counter after that */
    private static long oneInc(KvGroup group, List<Integer> servers) {
        Request operation = add(group, 1);
        double end = group.seconds() + 10;
        while (group.seconds() < end) {
            for (int server : servers) {
                List<Response> answers = new ArrayList<>();
                submit(group, server, operation, answers::add);
                group.stepUntil(2_000, () -> !answers.isEmpty());
                if (!answers.isEmpty() && value(answers.get(0)) >= 0) {
                    return value(answers.get(0));
                }
            }
            group.sleep(50);
        }
        throw new LabFailure("no server took an operation for 10 s");
    }

    private static long oneInc(KvGroup group) {
        return oneInc(group, List.of(0, 1, 2));
    }

    /** Within 10 s so many servers have this value. */
    private static void checkCounter(KvGroup group, long value, int servers) {
        group.await(10_000, servers + " servers have the counter at " + value, () -> holders(group, value) >= servers);
    }

    private static int holders(KvGroup group, long value) {
        int count = 0;
        for (int i = 0; i < SERVERS; i++) {
            if (group.server(i).peek(COUNTER).equals(String.valueOf(value))) {
                count++;
            }
        }
        return count;
    }

    private static void incMany(KvGroup group) {
        for (int i = 1; i <= OPERATIONS; i++) {
            assertThat(oneInc(group)).isEqualTo(i);
        }
        checkCounter(group, OPERATIONS, SERVERS);
    }

    @Test
    @DisplayName("TestBasic4A")
    void basic() {
        run("basic", "TestBasic4A", (group, runs) -> {
            for (int i = 1; i <= 10; i++) {
                assertThat(oneInc(group)).isEqualTo(i);
                checkCounter(group, i, SERVERS);
            }
        });
    }

    @Test
    @DisplayName("TestConcurrent4A")
    void concurrent() {
        run("concurrent", "TestConcurrent4A", (group, runs) -> {
            int leader = group.leader().number;
            List<Long> values = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                submit(group, leader, add(group, 1), response -> values.add(value(response)));
            }
            group.await(10_000, "all are done", () -> values.size() == 50);
            assertThat(new TreeSet<>(values)).hasSize(50);
            assertThat(values).allMatch(value -> value >= 1 && value <= 50);
            checkCounter(group, 50, SERVERS);
        });
    }

    @Test
    @DisplayName("TestLeaderFailure4A")
    void leaderFailure() {
        run("leaderFailure", "TestLeaderFailure4A", (group, runs) -> {
            checkCounter(group, oneInc(group), SERVERS);
            int leader = group.leader().number;
            group.partition(List.of(leader));
            List<Integer> others = others(leader);
            long value = oneInc(group, others);
            assertThat(value).isEqualTo(2);
            checkCounter(group, value, SERVERS - 1);
            assertThat(group.server(leader).peek(COUNTER)).isEqualTo("1");
            group.connectAll();
            checkCounter(group, value, SERVERS);
        });
    }

    private static List<Integer> others(int server) {
        List<Integer> others = new ArrayList<>(List.of(0, 1, 2));
        others.remove(Integer.valueOf(server));
        return others;
    }

    @Test
    @DisplayName("TestLeaderPartition4A")
    void leaderPartition() {
        run("leaderPartition", "TestLeaderPartition4A", (group, runs) -> {
            checkCounter(group, oneInc(group), SERVERS);
            int leader = group.leader().number;
            group.partition(List.of(leader));
            // none of these can ever be done
            List<Response> answers = new ArrayList<>();
            for (int i = 0; i < OPERATIONS; i++) {
                submit(group, leader, add(group, -1), answers::add);
            }
            group.sleep(10);
            assertThat(answers).as("answers before there was a chance to know").isEmpty();
            long value = oneInc(group, others(leader));
            assertThat(value).isEqualTo(2);
            group.sleep(ELECTION_MILLIS);
            assertThat(answers).noneMatch(response -> value(response) >= 0);
            group.connectAll();
            double begin = group.seconds();
            group.await(1_000, "all hundred have an answer", () -> answers.size() == OPERATIONS);
            runs.measure("milliseconds from healing to the last answer", (long) (1_000 * (group.seconds() - begin)), 0);
            assertThat(answers).noneMatch(response -> value(response) >= 0);
            checkCounter(group, value, SERVERS);
            // and none of them comes back later
            assertThat(oneInc(group)).isEqualTo(3);
            checkCounter(group, 3, SERVERS);
        });
    }

    @Test
    @DisplayName("TestRestartReplay4A")
    void restartReplay() {
        run("restartReplay", "TestRestartReplay4A", (group, runs) -> {
            incMany(group);
            group.crashAll();
            group.sleep(ELECTION_MILLIS);
            group.startAll();
            assertThat(oneInc(group)).isEqualTo(OPERATIONS + 1);
            checkCounter(group, OPERATIONS + 1, SERVERS);
        });
    }

    @Test
    @DisplayName("TestShutdown4A")
    void shutdown() {
        run("shutdown", "TestShutdown4A", (group, runs) -> {
            int leader = group.leader().number;
            group.partition(List.of(leader));
            List<Response> answers = new ArrayList<>();
            for (int i = 0; i < OPERATIONS; i++) {
                submit(group, leader, add(group, 1), answers::add);
            }
            group.sleep(10);
            assertThat(answers).as("answers of a leader without a majority").isEmpty();
            for (int i = 0; i < SERVERS; i++) {
                group.server(i).close();
            }
            group.await(11_000, "all hundred have an answer", () -> answers.size() == OPERATIONS);
            assertThat(answers).noneMatch(response -> value(response) >= 0);
            group.startAll();
        });
    }

    @Test
    @DisplayName("TestRestartSubmit4A")
    void restartSubmit() {
        run("restartSubmit", "TestRestartSubmit4A", (group, runs) -> {
            incMany(group);
            group.crashAll();
            group.sleep(ELECTION_MILLIS);
            group.startAll();
            assertThat(oneInc(group)).isEqualTo(OPERATIONS + 1);
            checkCounter(group, OPERATIONS + 1, SERVERS);

            // the servers go down under way; what is submitted after the restart stands at the same indexes
            int leader = group.leader().number;
            List<Long> old = new ArrayList<>();
            for (int i = 0; i < OPERATIONS; i++) {
                submit(group, leader, add(group, 1), response -> old.add(value(response)));
            }
            double until = group.random().nextDouble() * 3;
            group.stepUntil((long) until, () -> false);
            group.crashAll();
            int answeredBefore = old.size();
            group.sleep(ELECTION_MILLIS);
            group.startAll();
            leader = group.leader().number;
            List<Long> values = new ArrayList<>();
            for (int i = 0; i < OPERATIONS; i++) {
                submit(group, leader, add(group, 1), response -> values.add(value(response)));
            }
            group.await(10_000, "all are answered", () -> values.size() == OPERATIONS);
            assertThat(old).as("answers of servers that are gone").hasSize(answeredBefore);
            long done = old.stream().filter(value -> value >= 0).count();
            runs.measure("operations done before the crash", done, 0);
            // each has an effect of its own, and was told of that one and no other
            List<Long> told = new ArrayList<>(values);
            told.addAll(old);
            told.removeIf(value -> value < 0);
            assertThat(told).doesNotHaveDuplicates();
            long last = oneInc(group);
            assertThat(last).isBetween(OPERATIONS + 2 + (long) told.size(), 3L * OPERATIONS + 2);
            assertThat(told).allMatch(value -> value > OPERATIONS + 1 && value < last);
            checkCounter(group, last, SERVERS);
        });
    }

    @Test
    @DisplayName("TestSnapshot4C")
    void snapshot() {
        run("snapshot", "TestSnapshot4C", MAX_STATE_BYTES, (group, runs) -> {
            for (int i = 1; i <= OPERATIONS; i++) {
                assertThat(oneInc(group)).isEqualTo(i);
                checkCounter(group, i, SERVERS);
                group.sleep(20);
            }
            runs.atMost("bytes of Raft's state", group.largestState(), 2 * MAX_STATE_BYTES);
            group.crashAll();
            group.sleep(ELECTION_MILLIS);
            group.startAll();
            assertThat(oneInc(group)).isEqualTo(OPERATIONS + 1);
            checkCounter(group, OPERATIONS + 1, SERVERS);
        });
    }
}
