package io.flotilla.raft.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Leader election. */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class Raft3ATest {
    private static final long ELECTION_MILLIS = 1_000;

    private static void run(String method, String name, int servers, LabRuns.Body body) {
        LabRuns.repeat("Raft3ATest#" + method, name, LabRuns.Setting.of(servers), body);
    }

    @Test
    @DisplayName("TestInitialElection")
    void initialElection() {
        run("initialElection", "TestInitialElection", 3, (group, runs) -> {
            group.checkOneLeader();
            group.sleep(50);
            long term = group.checkTerms();
            assertThat(term).isPositive();
            group.sleep(2 * ELECTION_MILLIS);
            assertThat(group.checkTerms())
                    .as("the term must not change without a fault")
                    .isEqualTo(term);
            group.checkOneLeader();
        });
    }

    @Test
    @DisplayName("TestReElection")
    void reElection() {
        run("reElection", "TestReElection", 3, (group, runs) -> {
            int first = group.checkOneLeader();
            group.disconnect(first);
            group.checkOneLeader();
            group.connect(first);
            int second = group.checkOneLeader();

            group.disconnect(second);
            group.disconnect((second + 1) % 3);
            group.sleep(2 * ELECTION_MILLIS);
            group.checkNoLeader();

            group.connect((second + 1) % 3);
            group.checkOneLeader();
            group.connect(second);
            group.checkOneLeader();
        });
    }

    @Test
    @DisplayName("TestManyElections")
    void manyElections() {
        run("manyElections", "TestManyElections", 7, (group, runs) -> {
            group.checkOneLeader();
            for (int round = 0; round < 10; round++) {
                int[] off = group.random().ints(3, 0, 7).toArray();
                for (int server : off) {
                    group.disconnect(server);
                }
                group.checkOneLeader();
                for (int server : off) {
                    group.connect(server);
                }
            }
            group.checkOneLeader();
        });
    }
}
