package io.flotilla.raft.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.lab.LabRuns.Setting;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Snapshots: the logs begin later, and who was away for longer is sent a snapshot. */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class Raft3DTest {
    private static final int ITERATIONS = 30;
    private static final int COMMANDS_PER_SNAPSHOT = 10;
    private static final long STATE_BYTES = 2_000;

    private enum Away {
        NOBODY,
        DISCONNECTED,
        CRASHED
    }

    private static LabRuns run(String method, String name, Setting setting, LabRuns.Body body) {
        return LabRuns.repeat("Raft3DTest#" + method, name, setting.withTransfers(), body);
    }

    private static String some(LabGroup group) {
        return String.valueOf(group.random().nextLong(1_000_000_000));
    }

    /** Somebody is away while enough is sent to be dropped from the logs; then he must catch up. */
    private static void snapshots(LabGroup group, LabRuns runs, Away away) {
        group.one(some(group), 3, true);
        int leader = group.checkOneLeader();
        for (int i = 0; i < ITERATIONS; i++) {
            boolean leaderGoes = i % 3 == 1;
            int victim = leaderGoes ? leader : (leader + 1) % 3;
            int sender = leaderGoes ? (leader + 1) % 3 : leader;
            int present = away == Away.NOBODY ? 3 : 2;
            if (away == Away.DISCONNECTED) {
                group.disconnect(victim);
                group.one(some(group), present, true);
            } else if (away == Away.CRASHED) {
                group.crash(victim);
                group.one(some(group), present, true);
            }
            int count = COMMANDS_PER_SNAPSHOT / 2 + group.random().nextInt(COMMANDS_PER_SNAPSHOT);
            for (int n = 0; n < count; n++) {
                group.start(sender, some(group));
            }
            group.one(some(group), present, true);
            runs.atMost("bytes of Raft state", group.largestState(), STATE_BYTES);
            if (away != Away.NOBODY) {
                if (away == Away.CRASHED) {
                    group.restart(victim);
                }
                group.connect(victim);
                group.one(some(group), 3, true);
                leader = group.checkOneLeader();
            }
        }
        runs.measure("snapshots", group.invariants().installs(), 0);
    }

    @Test
    @DisplayName("TestSnapshotBasic")
    void snapshotBasic() {
        LabRuns runs = run(
                "snapshotBasic",
                "TestSnapshotBasic",
                Setting.of(3),
                (group, all) -> snapshots(group, all, Away.NOBODY));
        assertThat(runs.total("snapshots"))
                .as("snapshots sent though nobody was away")
                .isZero();
    }

    @Test
    @DisplayName("TestSnapshotInstall")
    void snapshotInstall() {
        LabRuns runs = run(
                "snapshotInstall",
                "TestSnapshotInstall",
                Setting.of(3),
                (group, all) -> snapshots(group, all, Away.DISCONNECTED));
        assertThat(runs.total("snapshots")).isPositive();
    }

    @Test
    @DisplayName("TestSnapshotInstallUnreliable")
    void snapshotInstallUnreliable() {
        LabRuns runs = run(
                "snapshotInstallUnreliable",
                "TestSnapshotInstallUnreliable",
                Setting.of(3).unreliably(),
                (group, all) -> snapshots(group, all, Away.DISCONNECTED));
        assertThat(runs.total("snapshots")).isPositive();
    }

    @Test
    @DisplayName("TestSnapshotInstallCrash")
    void snapshotInstallCrash() {
        LabRuns runs = run(
                "snapshotInstallCrash",
                "TestSnapshotInstallCrash",
                Setting.of(3),
                (group, all) -> snapshots(group, all, Away.CRASHED));
        assertThat(runs.total("snapshots")).isPositive();
    }

    @Test
    @DisplayName("TestSnapshotInstallUnCrash")
    void snapshotInstallUnCrash() {
        LabRuns runs = run(
                "snapshotInstallUnCrash",
                "TestSnapshotInstallUnCrash",
                Setting.of(3).unreliably(),
                (group, all) -> snapshots(group, all, Away.CRASHED));
        assertThat(runs.total("snapshots")).isPositive();
    }

    private static void crashAll(LabGroup group) {
        for (int i = 0; i < 3; i++) {
            group.crash(i);
        }
        for (int i = 0; i < 3; i++) {
            group.restart(i);
            group.connect(i);
        }
    }

    @Test
    @DisplayName("TestSnapshotAllCrash")
    void snapshotAllCrash() {
        run("snapshotAllCrash", "TestSnapshotAllCrash", Setting.of(3), (group, runs) -> {
            group.one(some(group), 3, true);
            for (int round = 0; round < 5; round++) {
                int count = COMMANDS_PER_SNAPSHOT / 2 + group.random().nextInt(COMMANDS_PER_SNAPSHOT);
                for (int n = 0; n < count; n++) {
                    group.one(some(group), 3, true);
                }
                long before = group.one(some(group), 3, true);
                crashAll(group);
                assertThat(group.one(some(group), 3, true))
                        .as("the index after a stop of all")
                        .isGreaterThan(before);
            }
        });
    }

    @Test
    @DisplayName("TestSnapshotInit")
    void snapshotInit() {
        run("snapshotInit", "TestSnapshotInit", Setting.of(3), (group, runs) -> {
            for (int n = 0; n < COMMANDS_PER_SNAPSHOT + 1; n++) {
                group.one(some(group), 3, true);
            }
            for (int i = 0; i < 3; i++) {
                assertThat(group.server(i).snapshot().applied())
                        .as("a snapshot was taken")
                        .isPositive();
            }
            crashAll(group);
            group.one(some(group), 3, true);
            crashAll(group);
            assertThat(group.one(some(group), 3, true)).isEqualTo(COMMANDS_PER_SNAPSHOT + 3);
        });
    }
}
