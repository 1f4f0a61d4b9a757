package io.flotilla.it.lab;

import io.flotilla.it.lab.KvWorkload.Shape;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.lab.LabRuns;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The key-value service without snapshots. */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class KvRaft3ATest {
    private static final long ELECTION_MILLIS = 1_000;

    private static void generic(String method, String name, Shape shape) {
        KvWorkload.repeat("KvRaft3ATest#" + method, name, shape);
    }

    @Test
    @DisplayName("TestBasic")
    void basic() {
        generic("basic", "TestBasic", Shape.of(1, 5));
    }

    @Test
    @DisplayName("TestSpeed (without snapshots)")
    void speed() {
        speed("KvRaft3ATest#speed", "TestSpeed (without snapshots)", -1);
    }

    /** A clerk's thousand appends, one after the other, take at most a third of a heartbeat interval each. */
    static void speed(String test, String name, long maxStateBytes) {
        LabRuns.<KvGroup>repeat(
                "integration-tests",
                test,
                name,
                (seed, timing) -> new KvGroup(seed, timing, 3, false, maxStateBytes),
                (group, runs) -> {
                    Clerk clerk = group.clerk();
                    clerk.put("x", "");
                    clerk.get("x");
                    double begin = group.seconds();
                    StringBuilder all = new StringBuilder();
                    for (int i = 0; i < 1_000; i++) {
                        String piece = "x 0 " + i + " y";
                        clerk.append("x", piece);
                        all.append(piece);
                    }
                    long millis = (long) (1_000 * (group.seconds() - begin));
                    clerk.check("x", all.toString());
                    runs.atMost("milliseconds for 1,000 appends", millis, 33_333);
                });
    }

    @Test
    @DisplayName("TestConcurrent")
    void concurrent() {
        generic("concurrent", "TestConcurrent", Shape.of(5, 5));
    }

    @Test
    @DisplayName("TestUnreliable")
    void unreliable() {
        generic("unreliable", "TestUnreliable", Shape.of(5, 5).unreliably());
    }

    @Test
    @DisplayName("TestUnreliableOneKey")
    void unreliableOneKey() {
        int clients = 5;
        int appends = 10;
        LabRuns.<KvGroup>repeat(
                "integration-tests",
                "KvRaft3ATest#unreliableOneKey",
                "TestUnreliableOneKey",
                (seed, timing) -> new KvGroup(seed, timing, 3, true, -1),
                (group, runs) -> {
                    Clerk clerk = group.clerk();
                    clerk.put("k", "");
                    int[] open = {clients};
                    for (int i = 0; i < clients; i++) {
                        appendAll(group.clerk(), i, 0, appends, () -> open[0]--);
                    }
                    group.await(100_000, "all appends are answered", () -> open[0] == 0);
                    String value = clerk.get("k");
                    int length = 0;
                    for (int i = 0; i < clients; i++) {
                        KvWorkload.checkAppends(i, value, appends);
                        for (int j = 0; j < appends; j++) {
                            length += ("x " + i + " " + j + " y").length();
                        }
                    }
                    if (value.length() != length) {
                        throw new LabFailure("there is more in the value than was appended: %s", value);
                    }
                });
    }

    private static void appendAll(Clerk clerk, int client, int from, int to, Runnable done) {
        if (from == to) {
            done.run();
        } else {
            clerk.append("k", "x " + client + " " + from + " y", () -> appendAll(clerk, client, from + 1, to, done));
        }
    }

    @Test
    @DisplayName("TestOnePartition")
    void onePartition() {
        LabRuns.<KvGroup>repeat(
                "integration-tests",
                "KvRaft3ATest#onePartition",
                "TestOnePartition",
                (seed, timing) -> new KvGroup(seed, timing, 5, false, -1),
                KvRaft3ATest::onePartition);
    }

    private static void onePartition(KvGroup group, LabRuns runs) {
        Clerk everywhere = group.clerk();
        everywhere.put("1", "13");
        List<Integer> all = List.of(0, 1, 2, 3, 4);
        List<Integer> majority = new ArrayList<>(all);
        int leader = group.leader().number;
        majority.remove(Integer.valueOf(leader));
        List<Integer> minority =
                new ArrayList<>(List.of(leader, majority.remove(group.random().nextInt(4))));
        group.partition(majority);

        Clerk first = group.clerk(majority);
        Clerk writer = group.clerk(minority);
        Clerk reader = group.clerk(minority);
        // progress in the majority
        first.put("1", "14");
        first.check("1", "14");
        // none in the minority, which has the old leader
        boolean[] written = new boolean[1];
        List<String> read = new ArrayList<>();
        writer.put("1", "15", () -> written[0] = true);
        reader.get("1", read::add);
        group.sleep(ELECTION_MILLIS);
        if (written[0] || !read.isEmpty()) {
            throw new LabFailure("a %s in the minority completed", written[0] ? "put" : "get");
        }
        first.check("1", "14");
        first.put("1", "16");
        first.check("1", "16");
        // what waits completes after the network is whole again
        group.connectAll();
        group.connect(writer, all);
        group.connect(reader, all);
        group.sleep(ELECTION_MILLIS);
        double begin = group.seconds();
        group.await(3_000, "the put of the minority is done", () -> written[0]);
        group.await(3_000, "the get of the minority is done", () -> !read.isEmpty());
        runs.measure("milliseconds of waiting after the healing second", (long) (1_000 * (group.seconds() - begin)), 0);
        if (!read.get(0).equals("16") && !read.get(0).equals("15")) {
            throw new LabFailure("the get of the minority read %s", read.get(0));
        }
        everywhere.check("1", "15");
    }

    @Test
    @DisplayName("TestManyPartitionsOneClient")
    void manyPartitionsOneClient() {
        generic(
                "manyPartitionsOneClient",
                "TestManyPartitionsOneClient",
                Shape.of(1, 5).partitioned());
    }

    @Test
    @DisplayName("TestManyPartitionsManyClients")
    void manyPartitionsManyClients() {
        generic(
                "manyPartitionsManyClients",
                "TestManyPartitionsManyClients",
                Shape.of(5, 5).partitioned());
    }

    @Test
    @DisplayName("TestPersistOneClient")
    void persistOneClient() {
        generic("persistOneClient", "TestPersistOneClient", Shape.of(1, 5).crashing());
    }

    @Test
    @DisplayName("TestPersistConcurrent")
    void persistConcurrent() {
        generic("persistConcurrent", "TestPersistConcurrent", Shape.of(5, 5).crashing());
    }

    @Test
    @DisplayName("TestPersistConcurrentUnreliable")
    void persistConcurrentUnreliable() {
        generic(
                "persistConcurrentUnreliable",
                "TestPersistConcurrentUnreliable",
                Shape.of(5, 5).unreliably().crashing());
    }

    @Test
    @DisplayName("TestPersistPartition")
    void persistPartition() {
        generic(
                "persistPartition",
                "TestPersistPartition",
                Shape.of(5, 5).crashing().partitioned());
    }

    @Test
    @DisplayName("TestPersistPartitionUnreliable")
    void persistPartitionUnreliable() {
        generic(
                "persistPartitionUnreliable",
                "TestPersistPartitionUnreliable",
                Shape.of(5, 5).unreliably().crashing().partitioned());
    }

    @Test
    @DisplayName("TestPersistPartitionUnreliableLinearizable")
    void persistPartitionUnreliableLinearizable() {
        generic(
                "persistPartitionUnreliableLinearizable",
                "TestPersistPartitionUnreliableLinearizable",
                Shape.of(15, 7).unreliably().crashing().partitioned().withRandomKeys());
    }
}
