package io.flotilla.it.lab;

import io.flotilla.it.lab.KvWorkload.Shape;
import io.flotilla.raft.lab.LabRuns;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The key-value service with snapshots: Raft's own state stays small. */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class KvRaft3BTest {
    private static final long ELECTION_MILLIS = 1_000;
    private static final long MAX_STATE_BYTES = 1_000;
    private static final long MAX_SNAPSHOT_BYTES = 500;

    private static void generic(String method, String name, Shape shape) {
        KvWorkload.repeat("KvRaft3BTest#" + method, name, shape.withTransfers());
    }

    private static void run(String method, String name, LabRuns.WorldBody<KvGroup> body) {
        LabRuns.<KvGroup>repeat(
                "integration-tests",
                "KvRaft3BTest#" + method,
                name,
                (seed, timing) -> new KvGroup(seed, timing, 3, false, MAX_STATE_BYTES),
                body);
    }

    @Test
    @DisplayName("TestSnapshotRPC")
    void snapshotRpc() {
        run("snapshotRpc", "TestSnapshotRPC", (group, runs) -> {
            Clerk clerk = group.clerk();
            clerk.put("a", "A");
            clerk.check("a", "A");

            // many puts into the majority: the other one falls behind the others' logs
            group.partition(List.of(0, 1));
            Clerk first = group.clerk(List.of(0, 1));
            for (int i = 0; i < 50; i++) {
                first.put(String.valueOf(i), String.valueOf(i));
            }
            group.sleep(ELECTION_MILLIS);
            first.put("b", "B");
            runs.atMost("bytes of Raft's state", group.largestState(), 8 * MAX_STATE_BYTES);

            // now the majority needs the one that lags: it has to take a snapshot
            group.partition(List.of(0, 2));
            Clerk second = group.clerk(List.of(0, 2));
            second.put("c", "C");
            second.put("d", "D");
            second.check("a", "A");
            second.check("b", "B");
            second.check("1", "1");
            second.check("49", "49");
            if (group.invariants().installs() == 0) {
                throw new AssertionError("server 2 caught up without a snapshot");
            }

            group.connectAll();
            clerk.put("e", "E");
            clerk.check("c", "C");
            clerk.check("e", "E");
            clerk.check("1", "1");
        });
    }

    @Test
    @DisplayName("TestSnapshotSize")
    void snapshotSize() {
        run("snapshotSize", "TestSnapshotSize", (group, runs) -> {
            Clerk clerk = group.clerk();
            for (int i = 0; i < 200; i++) {
                clerk.put("x", "0");
                clerk.check("x", "0");
                clerk.put("x", "1");
                clerk.check("x", "1");
            }
            runs.atMost("bytes of Raft's state", group.largestState(), 8 * MAX_STATE_BYTES);
            runs.atMost("bytes of a snapshot", group.largestSnapshot(), MAX_SNAPSHOT_BYTES);
        });
    }

    @Test
    @DisplayName("TestSpeed (with snapshots)")
    void speed() {
        KvRaft3ATest.speed("KvRaft3BTest#speed", "TestSpeed (with snapshots)", MAX_STATE_BYTES);
    }

    @Test
    @DisplayName("TestSnapshotRecover")
    void snapshotRecover() {
        generic("snapshotRecover", "TestSnapshotRecover", Shape.of(1, 5).crashing());
    }

    @Test
    @DisplayName("TestSnapshotRecoverManyClients")
    void snapshotRecoverManyClients() {
        generic(
                "snapshotRecoverManyClients",
                "TestSnapshotRecoverManyClients",
                Shape.of(20, 5).crashing());
    }

    @Test
    @DisplayName("TestSnapshotUnreliable")
    void snapshotUnreliable() {
        generic("snapshotUnreliable", "TestSnapshotUnreliable", Shape.of(5, 5).unreliably());
    }

    @Test
    @DisplayName("TestSnapshotUnreliableRecover")
    void snapshotUnreliableRecover() {
        generic(
                "snapshotUnreliableRecover",
                "TestSnapshotUnreliableRecover",
                Shape.of(5, 5).unreliably().crashing());
    }

    @Test
    @DisplayName("TestSnapshotUnreliableRecoverConcurrentPartition")
    void snapshotUnreliableRecoverConcurrentPartition() {
        generic(
                "snapshotUnreliableRecoverConcurrentPartition",
                "TestSnapshotUnreliableRecoverConcurrentPartition",
                Shape.of(5, 5).unreliably().crashing().partitioned());
    }

    @Test
    @DisplayName("TestSnapshotUnreliableRecoverConcurrentPartitionLinearizable")
    void snapshotUnreliableRecoverConcurrentPartitionLinearizable() {
        generic(
                "snapshotUnreliableRecoverConcurrentPartitionLinearizable",
                "TestSnapshotUnreliableRecoverConcurrentPartitionLinearizable",
                Shape.of(15, 7).unreliably().crashing().partitioned().withRandomKeys());
    }
}
