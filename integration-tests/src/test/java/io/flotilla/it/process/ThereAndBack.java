package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.grpc.GrpcConnector;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.threads.ThreadClientRuntime;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The first shard goes to another group and back, while clients depend on it in different ways. */
final class ThereAndBack {
    private static final long SHARD = 1;

    private final MovingFleet fleet;
    private final List<Long> groups;

    ThereAndBack(MovingFleet fleet, List<Long> groups) {
        this.fleet = fleet;
        this.groups = groups;
    }

    /** To the other of the two groups; returns once the configuration says so. */
    private void move() throws Exception {
        long from = MovingFleet.shard(fleet.configuration(), SHARD).getGroup();
        long to = groups.get(0) == from ? groups.get(1) : groups.get(0);
        fleet.move(SHARD, to);
        Poll.until("shard " + SHARD + " is with group " + to, MovingFleet.ENDS_WITHIN, () -> {
            Configuration now = fleet.configuration();
            return MovingFleet.shard(now, SHARD).getGroup() == to;
        });
    }

    void moneyIsNeitherLostNorMade(int times) throws Exception {
        try (Bank bank = new Bank(fleet.client).open(4)) {
            long begun = System.nanoTime();
            for (int i = 0; i < 2 * times; i++) {
                move();
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            System.out.printf(Locale.ROOT, "%d times there and back in %.1f s: %s%n", times, seconds, bank.stop());
        }
        fleet.settled();
    }

    /** Its increments of before are made once, whoever owns the shard meanwhile. */
    void aClientThatSleepsOverTwoMovesWritesOnce(Duration sleep) throws Exception {
        String counter = "\1sleepy";
        Process process = fleet.processes.beginMain(
                SleepyClient.class.getName(), "-Xmx64m", fleet.processes.endpoints(), counter);
        try (BufferedReader says = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(says.readLine()).isEqualTo("writes");
            long before = counted(counter);
            Poll.until("it writes", MovingFleet.PATIENCE, () -> counted(counter) > before + 20);
            ProcessFleet.signal("-STOP", process.pid());
            long begun = System.nanoTime();
            move();
            move();
            long left = sleep.toNanos() - (System.nanoTime() - begun);
            try {
                new CompletableFuture<Void>().get(Math.max(1, left), TimeUnit.NANOSECONDS);
            } catch (TimeoutException awake) {
                // it has slept long enough
            }
            long asleep = counted(counter);
            ProcessFleet.signal("-CONT", process.pid());
            Poll.until("it writes again", MovingFleet.PATIENCE, () -> counted(counter) > asleep + 20);
            process.getOutputStream().close();
            String[] told = says.readLine().split(" ");
            long made = Long.parseLong(told[0]);
            long unknown = Long.parseLong(told[1]);
            assertThat(counted(counter)).isBetween(made, made + unknown);
            System.out.printf(
                    Locale.ROOT,
                    "a client slept %.0f s over two moves: %d increments made, %d unknown, the counter is at %d%n",
                    (System.nanoTime() - begun) / 1e9,
                    made,
                    unknown,
                    counted(counter));
        }
        fleet.client.delete(counter);
        fleet.settled();
    }

    private long counted(String counter) {
        return fleet.client
                .get(counter)
                .map(value -> Long.parseLong(value.text()))
                .orElse(0L);
    }

    /** The owner's leader dies and the shard moves before the client hears what became of its increment. */
    void anIncrementWhoseAnswerWasLostIsMadeOnce() throws Exception {
        String counter = "\1lost";
        byte[] key = counter.getBytes(StandardCharsets.UTF_8);
        AnswerLoser connector = new AnswerLoser(new GrpcConnector());
        try (AsyncFlotillaClient client = new AsyncFlotillaClient(
                ClientConfig.of(fleet.processes.endpoints()), connector, new ThreadClientRuntime("lost-answer"))) {
            assertThat(client.increment(key, 40).get(30, TimeUnit.SECONDS)).isEqualTo(40L);
            connector.losing.set(true);
            CompletableFuture<Long> increment = client.increment(key, 2, Duration.ofMinutes(3));
            assertThat(connector.lost.await(30, TimeUnit.SECONDS))
                    .as("the fleet answered, and the answer was lost")
                    .isTrue();
            String leader =
                    fleet.leader(MovingFleet.shard(fleet.configuration(), SHARD).getGroup());
            fleet.processes.kill(leader);
            move();
            fleet.restart(leader);
            connector.losing.set(false);
            assertThat(increment.get(2, TimeUnit.MINUTES)).isEqualTo(42L);
        }
        assertThat(counted(counter)).isEqualTo(42);
        fleet.client.delete(counter);
        fleet.settled();
    }
}
