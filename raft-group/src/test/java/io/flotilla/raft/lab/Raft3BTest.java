package io.flotilla.raft.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The log. */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class Raft3BTest {
    private static final long ELECTION_MILLIS = 1_000;

    private static void run(String method, String name, int servers, LabRuns.Body body) {
        LabRuns.repeat("Raft3BTest#" + method, name, LabRuns.Setting.of(servers), body);
    }

    private static LabStart startAtLeader(LabGroup group, int leader, String command) {
        LabStart start = group.start(leader, command);
        assertThat(start).as("the leader takes a command").isNotNull();
        return start;
    }

    @Test
    @DisplayName("TestBasicAgree")
    void basicAgree() {
        run("basicAgree", "TestBasicAgree", 3, (group, runs) -> {
            for (int index = 1; index <= 3; index++) {
                assertThat(group.committedOn(index))
                        .as("committed before the start")
                        .isZero();
                assertThat(group.one(String.valueOf(index * 100), 3, false)).isEqualTo(index);
            }
        });
    }

    @Test
    @DisplayName("TestRPCBytes")
    void rpcBytes() {
        run("rpcBytes", "TestRPCBytes", 3, (group, runs) -> {
            group.one("99", 3, false);
            long before = group.wires().bytes();
            for (int index = 2; index < 12; index++) {
                String command = String.valueOf((char) ('a' + index)).repeat(5_000);
                assertThat(group.one(command, 3, false)).isEqualTo(index);
            }
            runs.atMost("bytes for 10 commands of 5,000", group.wires().bytes() - before, 200_000);
        });
    }

    @Test
    @DisplayName("TestFollowerFailure")
    void followerFailure() {
        run("followerFailure", "TestFollowerFailure", 3, (group, runs) -> {
            group.one("101", 3, false);
            int leader = group.checkOneLeader();
            group.disconnect((leader + 1) % 3);
            group.one("102", 2, false);
            group.sleep(ELECTION_MILLIS);
            group.one("103", 2, false);

            leader = group.checkOneLeader();
            group.disconnect((leader + 1) % 3);
            group.disconnect((leader + 2) % 3);
            assertThat(startAtLeader(group, leader, "104").index()).isEqualTo(4);
            group.sleep(2 * ELECTION_MILLIS);
            assertThat(group.committedOn(4)).as("committed without a majority").isZero();
        });
    }

    @Test
    @DisplayName("TestLeaderFailure")
    void leaderFailure() {
        run("leaderFailure", "TestLeaderFailure", 3, (group, runs) -> {
            group.one("101", 3, false);
            group.disconnect(group.checkOneLeader());
            group.one("102", 2, true);
            group.sleep(ELECTION_MILLIS);
            group.one("103", 2, true);

            group.disconnect(group.checkOneLeader());
            assertThat(group.startEverywhere("104"))
                    .as("a leader takes it, in vain")
                    .anyMatch(start -> start != null);
            group.sleep(2 * ELECTION_MILLIS);
            assertThat(group.committedOn(4)).as("committed without a majority").isZero();
        });
    }

    @Test
    @DisplayName("TestFailAgree")
    void failAgree() {
        run("failAgree", "TestFailAgree", 3, (group, runs) -> {
            group.one("101", 3, false);
            int leader = group.checkOneLeader();
            group.disconnect((leader + 1) % 3);
            group.one("102", 2, false);
            group.one("103", 2, false);
            group.sleep(ELECTION_MILLIS);
            group.one("104", 2, false);
            group.one("105", 2, false);

            group.connect((leader + 1) % 3);
            group.one("106", 3, true);
            group.sleep(ELECTION_MILLIS);
            group.one("107", 3, true);
        });
    }

    @Test
    @DisplayName("TestFailNoAgree")
    void failNoAgree() {
        run("failNoAgree", "TestFailNoAgree", 5, (group, runs) -> {
            group.one("10", 5, false);
            int leader = group.checkOneLeader();
            for (int i = 1; i <= 3; i++) {
                group.disconnect((leader + i) % 5);
            }
            assertThat(startAtLeader(group, leader, "20").index()).isEqualTo(2);
            group.sleep(2 * ELECTION_MILLIS);
            assertThat(group.committedOn(2)).as("committed without a majority").isZero();

            for (int i = 1; i <= 3; i++) {
                group.connect((leader + i) % 5);
            }
            LabStart start = startAtLeader(group, group.checkOneLeader(), "30");
            assertThat(start.index()).isBetween(2L, 3L);
            group.one("1000", 5, true);
        });
    }

    @Test
    @DisplayName("TestConcurrentStarts")
    void concurrentStarts() {
        run("concurrentStarts", "TestConcurrentStarts", 3, (group, runs) -> {
            for (int tries = 0; tries < 5; tries++) {
                if (tries > 0) {
                    group.sleep(3_000);
                }
                if (startsTogether(group, tries)) {
                    return;
                }
            }
            throw new LabFailure("term changed too often");
        });
    }

    /** @return whether the term lasted */
    private static boolean startsTogether(LabGroup group, int tries) {
        int leader = group.checkOneLeader();
        LabStart first = group.start(leader, "1");
        if (first == null) {
            return false;
        }
        List<LabStart> starts = new ArrayList<>();
        List<String> wanted = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            String command = String.valueOf(100 + 10 * tries + i);
            wanted.add(command);
            group.start(leader, command, starts::add);
        }
        group.stepUntil(50, () -> starts.size() == 5);
        List<String> found = new ArrayList<>();
        for (LabStart start : starts) {
            if (start == null || start.term() != first.term()) {
                return false;
            }
            String command = group.await(start.index(), 3, first.term());
            if (command == null) {
                return false;
            }
            found.add(command);
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(wanted);
        return true;
    }

    @Test
    @DisplayName("TestRejoin")
    void rejoin() {
        run("rejoin", "TestRejoin", 3, (group, runs) -> {
            group.one("101", 3, true);
            int first = group.checkOneLeader();
            group.disconnect(first);
            group.start(first, "102");
            group.start(first, "103");
            group.start(first, "104");
            group.one("103", 2, true);

            int second = group.checkOneLeader();
            group.disconnect(second);
            group.connect(first);
            group.one("104", 2, true);

            group.connect(second);
            group.one("105", 3, true);
        });
    }

    @Test
    @DisplayName("TestBackup")
    void backup() {
        run("backup", "TestBackup", 5, (group, runs) -> backup(group));
    }

    static void backup(LabGroup group) {
        group.one(some(group), 5, true);
        int first = group.checkOneLeader();
        group.disconnect((first + 2) % 5);
        group.disconnect((first + 3) % 5);
        group.disconnect((first + 4) % 5);
        startMany(group, first);
        group.sleep(ELECTION_MILLIS / 2);

        group.disconnect(first);
        group.disconnect((first + 1) % 5);
        group.connect((first + 2) % 5);
        group.connect((first + 3) % 5);
        group.connect((first + 4) % 5);
        for (int i = 0; i < 50; i++) {
            group.one(some(group), 3, true);
        }

        int second = group.checkOneLeader();
        int other = (first + 2) % 5;
        if (second == other) {
            other = (second + 1) % 5;
        }
        group.disconnect(other);
        startMany(group, second);
        group.sleep(ELECTION_MILLIS / 2);

        for (int i = 0; i < 5; i++) {
            group.disconnect(i);
        }
        group.connect(first);
        group.connect((first + 1) % 5);
        group.connect(other);
        for (int i = 0; i < 50; i++) {
            group.one(some(group), 3, true);
        }

        for (int i = 0; i < 5; i++) {
            group.connect(i);
        }
        group.one(some(group), 5, true);
    }

    private static String some(LabGroup group) {
        return String.valueOf(group.random().nextLong(1L << 40));
    }

    private static void startMany(LabGroup group, int leader) {
        for (int i = 0; i < 50; i++) {
            startAtLeader(group, leader, some(group));
        }
    }

    @Test
    @DisplayName("TestCount")
    void count() {
        run("count", "TestCount", 3, (group, runs) -> {
            group.checkOneLeader();
            long toElect = group.wires().requests();
            assertThat(toElect).as("RPCs to elect").isPositive();
            runs.atMost("RPCs to elect", toElect, 30);

            boolean counted = false;
            for (int tries = 0; tries < 5 && !counted; tries++) {
                counted = countAgreement(group, runs);
            }
            assertThat(counted).as("the term lasted").isTrue();

            long before = group.wires().requests();
            group.sleep(ELECTION_MILLIS);
            runs.atMost("RPCs per idle second", group.wires().requests() - before, 3 * 20);
        });
    }

    /** @return whether the term lasted */
    private static boolean countAgreement(LabGroup group, LabRuns runs) {
        int leader = group.checkOneLeader();
        long before = group.wires().requests();
        LabStart first = group.start(leader, "first");
        if (first == null) {
            return false;
        }
        for (int i = 1; i <= 10 + 1; i++) {
            LabStart start = group.start(leader, "command " + i);
            if (start == null || start.term() != first.term()) {
                return false;
            }
            assertThat(start.index()).isEqualTo(first.index() + i);
        }
        for (int i = 1; i <= 10; i++) {
            String command = group.await(first.index() + i, 3, first.term());
            if (command == null) {
                return false;
            }
            assertThat(command).isEqualTo("command " + i);
        }
        long sent = group.wires().requests() - before;
        if (group.highestTerm() != first.term()) {
            return false;
        }
        runs.atMost("RPCs for 10 entries", sent, (10 + 1 + 3) * 3);
        return true;
    }
}
