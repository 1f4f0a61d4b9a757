package io.flotilla.raft.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Persistence. */
@Timeout(value = 1, unit = TimeUnit.DAYS)
class Raft3CTest {
    private static final long ELECTION_MILLIS = 1_000;
    private static final int FIGURE_8_STEPS = 1_000;

    private static void run(String method, String name, int servers, boolean unreliable, LabRuns.Body body) {
        LabRuns.Setting setting = LabRuns.Setting.of(servers);
        LabRuns.repeat("Raft3CTest#" + method, name, unreliable ? setting.unreliably() : setting, body);
    }

    private static String some(LabGroup group) {
        return String.valueOf(group.random().nextLong(1L << 40));
    }

    private static void restartAndConnect(LabGroup group, int server) {
        group.restart(server);
        group.connect(server);
    }

    @Test
    @DisplayName("TestPersist1")
    void persist1() {
        run("persist1", "TestPersist1", 3, false, (group, runs) -> {
            group.one("11", 3, true);
            for (int i = 0; i < 3; i++) {
                group.restart(i);
            }
            for (int i = 0; i < 3; i++) {
                group.connect(i);
            }
            group.one("12", 3, true);

            int first = group.checkOneLeader();
            restartAndConnect(group, first);
            group.one("13", 3, true);

            int second = group.checkOneLeader();
            group.disconnect(second);
            group.one("14", 2, true);
            restartAndConnect(group, second);
            group.await(4, 3, -1);

            int follower = (group.checkOneLeader() + 1) % 3;
            group.disconnect(follower);
            group.one("15", 2, true);
            restartAndConnect(group, follower);
            group.one("16", 3, true);
            for (int i = 0; i < 3; i++) {
                assertThat(group.server(i).applied()).containsSubsequence("11", "12", "13", "14", "15", "16");
            }
        });
    }

    @Test
    @DisplayName("TestPersist2")
    void persist2() {
        run("persist2", "TestPersist2", 5, false, (group, runs) -> {
            int index = 1;
            for (int round = 0; round < 5; round++) {
                group.one(String.valueOf(10 + index), 5, true);
                index++;
                int leader = group.checkOneLeader();
                group.disconnect((leader + 1) % 5);
                group.disconnect((leader + 2) % 5);
                group.one(String.valueOf(10 + index), 3, true);
                index++;
                group.disconnect(leader);
                group.disconnect((leader + 3) % 5);
                group.disconnect((leader + 4) % 5);

                restartAndConnect(group, (leader + 1) % 5);
                restartAndConnect(group, (leader + 2) % 5);
                group.sleep(ELECTION_MILLIS);
                restartAndConnect(group, (leader + 3) % 5);
                group.one(String.valueOf(10 + index), 3, true);
                index++;
                group.connect((leader + 4) % 5);
                group.connect(leader);
            }
            group.one("1000", 5, true);
        });
    }

    @Test
    @DisplayName("TestPersist3")
    void persist3() {
        run("persist3", "TestPersist3", 3, false, (group, runs) -> {
            group.one("101", 3, true);
            int leader = group.checkOneLeader();
            group.disconnect((leader + 2) % 3);
            group.one("102", 2, true);
            group.crash(leader);
            group.crash((leader + 1) % 3);
            group.connect((leader + 2) % 3);
            restartAndConnect(group, leader);
            group.one("103", 2, true);
            restartAndConnect(group, (leader + 1) % 3);
            group.one("104", 3, true);
        });
    }

    /** Mostly a few milliseconds, at times up to half an election. */
    private static void figure8Sleep(LabGroup group) {
        SplittableRandom random = group.random();
        group.sleep(random.nextInt(1_000) < 100 ? random.nextLong(ELECTION_MILLIS / 2) : random.nextLong(13));
    }

    @Test
    @DisplayName("TestFigure8")
    void figure8() {
        run("figure8", "TestFigure8", 5, false, (group, runs) -> {
            group.one(some(group), 1, true);
            int up = 5;
            for (int step = 0; step < FIGURE_8_STEPS; step++) {
                LabStart taken = lastTaken(group);
                figure8Sleep(group);
                if (taken != null) {
                    group.crash(taken.server());
                    up--;
                }
                int one = group.random().nextInt(5);
                if (up < 3 && !group.server(one).isUp()) {
                    restartAndConnect(group, one);
                    up++;
                }
            }
            for (int i = 0; i < 5; i++) {
                if (!group.server(i).isUp()) {
                    restartAndConnect(group, i);
                }
            }
            group.one(some(group), 5, true);
        });
    }

    private static LabStart lastTaken(LabGroup group) {
        LabStart last = null;
        for (LabStart start : group.startEverywhere(some(group))) {
            if (start != null && group.isConnected(start.server())) {
                last = start;
            }
        }
        return last;
    }

    @Test
    @DisplayName("TestUnreliableAgree")
    void unreliableAgree() {
        run("unreliableAgree", "TestUnreliableAgree", 5, true, (group, runs) -> {
            for (int round = 1; round < 50; round++) {
                List<Agreement> together = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    together.add(new Agreement(group, String.valueOf(100 * round + i)));
                }
                group.one(String.valueOf(round), 1, true);
                group.stepUntil(11_000, () -> together.stream().allMatch(Agreement::isDone));
            }
            group.wires().setUnreliable(false);
            group.one("100", 5, true);
        });
    }

    /** One of several agreements wanted at the same time; a single server's word is enough. */
    private static final class Agreement {
        private static final long MILLI = 1_000_000;

        private final LabGroup group;
        private final String command;
        private final long end;
        private int server;
        private LabStart start;
        private int polls;
        private boolean done;

        Agreement(LabGroup group, String command) {
            this.group = group;
            this.command = command;
            this.end = group.scheduler().now() + 10_000 * MILLI;
            this.server = group.random().nextInt(group.size());
            submit(group.size());
        }

        boolean isDone() {
            return done;
        }

        private void after(long millis, Runnable next) {
            if (group.scheduler().now() > end) {
                throw new LabFailure("one(%s) failed to reach agreement", command);
            }
            group.scheduler().after(millis * MILLI, next);
        }

        private void submit(int tries) {
            if (tries == 0) {
                after(50, () -> submit(group.size()));
                return;
            }
            server = (server + 1) % group.size();
            group.start(server, command, answer -> {
                start = answer;
                polls = 0;
                // an event of its own: the answer comes in the middle of somebody's work
                after(0, answer == null ? () -> submit(tries - 1) : this::poll);
            });
        }

        private void poll() {
            if (command.equals(group.commandAt(start.index()))) {
                done = true;
            } else if (++polls < 100) {
                after(20, this::poll);
            } else {
                submit(group.size());
            }
        }
    }

    @Test
    @DisplayName("SL-16 TestFigure8Unreliable, with terms bounded")
    void figure8Unreliable() {
        run("figure8Unreliable", "TestFigure8Unreliable", 5, true, Raft3CTest::figure8Unreliable);
    }

    @Test
    @DisplayName("SL-16 TestFigure8Unreliable without pre-vote: terms grow faster")
    void figure8UnreliableWithoutPreVote() {
        LabRuns with = LabRuns.repeat(
                "Raft3CTest#figure8UnreliableWithoutPreVote",
                "TestFigure8Unreliable (the control's counterpart)",
                LabRuns.Setting.of(5).unreliably(),
                (group, runs) -> figure8UnreliableSteps(group, runs, 0));
        LabRuns without = LabRuns.repeat(
                "Raft3CTest#figure8UnreliableWithoutPreVote",
                "TestFigure8Unreliable (control without pre-vote)",
                LabRuns.Setting.of(5).unreliably().withoutPreVote(),
                (group, runs) -> figure8UnreliableSteps(group, runs, 0));
        assertThat(without.mean("highest term"))
                .as("mean highest term without pre-vote, against that with it")
                .isGreaterThan(1.5 * with.mean("highest term"));
    }

    private static void figure8Unreliable(LabGroup group, LabRuns runs) {
        figure8UnreliableSteps(group, runs, 100);
        for (int i = 0; i < 5; i++) {
            group.connect(i);
        }
        long before = group.scheduler().now();
        group.one(some(group), 5, true);
        runs.atMost("milliseconds to the last agreement", (group.scheduler().now() - before) / 1_000_000, 10_000);
    }

    private static void figure8UnreliableSteps(LabGroup group, LabRuns runs, long highestTerm) {
        group.one(some(group), 1, true);
        int up = 5;
        for (int step = 0; step < FIGURE_8_STEPS; step++) {
            if (step == 200) {
                group.wires().setLongReordering(true);
            }
            LabStart taken = lastTaken(group);
            figure8Sleep(group);
            if (taken != null && group.random().nextInt(1_000) < ELECTION_MILLIS / 2) {
                group.disconnect(taken.server());
                up--;
            }
            int one = group.random().nextInt(5);
            if (up < 3 && !group.isConnected(one)) {
                group.connect(one);
                up++;
            }
        }
        if (highestTerm > 0) {
            runs.atMost("highest term", group.highestTerm(), highestTerm);
        } else {
            runs.measure("highest term", group.highestTerm(), 0);
        }
    }

    @Test
    @DisplayName("TestReliableChurn")
    void reliableChurn() {
        run("reliableChurn", "TestReliableChurn", 5, false, Raft3CTest::churn);
    }

    @Test
    @DisplayName("TestUnreliableChurn")
    void unreliableChurn() {
        run("unreliableChurn", "TestUnreliableChurn", 5, true, Raft3CTest::churn);
    }

    /** With a majority for so long (4.9 s) a leader must come and commit; else perhaps nobody ever could. */
    private static final int ROUNDS_TO_COMMIT = 7;

    private static void churn(LabGroup group, LabRuns runs) {
        SplittableRandom random = group.random();
        int together = 0;
        int longest = 0;
        List<ChurnClient> clients = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            clients.add(new ChurnClient(group, i));
        }
        for (int round = 0; round < 20; round++) {
            if (random.nextInt(1_000) < 200) {
                group.disconnect(random.nextInt(5));
            }
            if (random.nextInt(1_000) < 500) {
                int server = random.nextInt(5);
                if (!group.server(server).isUp()) {
                    group.restart(server);
                }
                group.connect(server);
            }
            if (random.nextInt(1_000) < 200) {
                int server = random.nextInt(5);
                if (group.server(server).isUp()) {
                    group.crash(server);
                }
            }
            long reachable = IntStream.range(0, 5)
                    .filter(i -> group.server(i).isUp() && group.isConnected(i))
                    .count();
            together = reachable >= 3 ? together + 1 : 0;
            longest = Math.max(longest, together);
            group.sleep(ELECTION_MILLIS * 7 / 10);
        }
        runs.measure("rounds in a row with a majority", longest, 0);
        group.sleep(ELECTION_MILLIS);
        for (int i = 0; i < 5; i++) {
            if (!group.server(i).isUp()) {
                group.restart(i);
            }
            group.connect(i);
        }
        clients.forEach(ChurnClient::stop);
        group.stepUntil(5_000, () -> clients.stream().allMatch(ChurnClient::hasEnded));
        group.sleep(ELECTION_MILLIS);

        long last = group.one(some(group), 5, true);
        Set<String> all = new HashSet<>();
        for (long index = 1; index <= last; index++) {
            all.add(group.commandAt(index));
        }
        for (ChurnClient client : clients) {
            assertThat(client.noted)
                    .as("what client %s saw committed and is gone", client.name)
                    .filteredOn(value -> !all.contains(value))
                    .isEmpty();
        }
        if (longest >= ROUNDS_TO_COMMIT) {
            assertThat(clients).as("somebody saw a value committed").anyMatch(client -> !client.noted.isEmpty());
        }
    }

    /** Proposes values everywhere, and notes those that it saw committed. */
    private static final class ChurnClient {
        private static final long MILLI = 1_000_000;
        private static final int[] PAUSES = {10, 20, 50, 100, 200};

        final int name;
        final List<String> noted = new ArrayList<>();
        private final LabGroup group;
        private int round;
        private boolean stopping;
        private boolean ended;

        ChurnClient(LabGroup group, int name) {
            this.group = group;
            this.name = name;
            group.scheduler().after(0, this::propose);
        }

        void stop() {
            stopping = true;
        }

        boolean hasEnded() {
            return ended;
        }

        private void propose() {
            if (stopping) {
                ended = true;
                return;
            }
            String value = "client " + name + " round " + round++;
            LabStart[] taken = new LabStart[1];
            for (int i = 0; i < group.size(); i++) {
                group.start(i, value, start -> {
                    if (start != null) {
                        taken[0] = start;
                    }
                });
            }
            group.scheduler().after(5 * MILLI, () -> {
                if (taken[0] == null) {
                    group.scheduler().after((79 + 17 * name) * MILLI, this::propose);
                } else {
                    look(value, taken[0], 0);
                }
            });
        }

        private void look(String value, LabStart start, int times) {
            String committed = group.commandAt(start.index());
            if (committed != null || times == PAUSES.length) {
                if (value.equals(committed)) {
                    noted.add(value);
                }
                propose();
            } else {
                group.scheduler().after(PAUSES[times] * MILLI, () -> look(value, start, times + 1));
            }
        }
    }
}
