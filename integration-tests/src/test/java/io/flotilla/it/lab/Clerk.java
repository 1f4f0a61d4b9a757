package io.flotilla.it.lab;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.net.Connector;
import io.flotilla.it.history.KeyAnswer;
import io.flotilla.it.history.KeyCall;
import io.flotilla.it.history.KeyOperation;
import io.flotilla.it.sim.SimClientRuntime;
import io.flotilla.raft.lab.LabFailure;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The labs' client: a production client that tries until it is done. What it was told goes into the history of the key.
 * The methods without a callback let time pass until they are answered.
 */
final class Clerk {
    /** Longer than a test may take: a clerk never gives up. */
    private static final Duration PATIENCE = Duration.ofSeconds(300);

    private static final long ANSWER_MILLIS = 120_000;

    private record Open(String key, KeyCall call, long called) {}

    /** What a clerk lives in. */
    interface Home {
        SimScheduler scheduler();

        SplittableRandom random();

        /** Where servers are. */
        List<String> addresses();

        Connector connector(SimRuntime clerk);

        /** Goes on event by event until it is so, which must be in time. */
        void await(long millis, String what, BooleanSupplier so);

        /** For the history of the key. */
        void answered(String key, KeyOperation operation);
    }

    final String name;
    private final Home home;
    private final SimRuntime runtime;
    private final AsyncFlotillaClient client;
    private final Set<Open> open = new LinkedHashSet<>();

    Clerk(Home home, String name) {
        this.home = home;
        this.name = name;
        runtime = new SimRuntime(home.scheduler(), name, home.random().split(), 0, 0);
        client = new AsyncFlotillaClient(
                ClientConfig.of(home.addresses()).withTimeout(PATIENCE),
                home.connector(runtime),
                new SimClientRuntime(runtime));
    }

    /** @param done takes the value; empty if the key is absent */
    void get(String key, Consumer<String> done) {
        ask(
                key,
                new KeyCall.Read(),
                client.get(bytes(key)),
                value -> value.<KeyAnswer>map(v -> new KeyAnswer.Found(text(v.value()), v.version()))
                        .orElseGet(KeyAnswer.Absent::new),
                value -> done.accept(value.map(v -> text(v.value())).orElse("")));
    }

    void put(String key, String value, Runnable done) {
        ask(
                key,
                new KeyCall.Put(value),
                client.put(bytes(key), bytes(value)),
                KeyAnswer.Written::new,
                version -> done.run());
    }

    void append(String key, String suffix, Runnable done) {
        ask(
                key,
                new KeyCall.Append(suffix),
                client.append(bytes(key), bytes(suffix)),
                KeyAnswer.Written::new,
                version -> done.run());
    }

    String get(String key) {
        List<String> answer = new ArrayList<>();
        get(key, answer::add);
        home.await(ANSWER_MILLIS, name + ": get " + key + " is answered", () -> !answer.isEmpty());
        return answer.get(0);
    }

    void put(String key, String value) {
        boolean[] done = new boolean[1];
        put(key, value, () -> done[0] = true);
        home.await(ANSWER_MILLIS, name + ": put " + key + " is answered", () -> done[0]);
    }

    void append(String key, String suffix) {
        boolean[] done = new boolean[1];
        append(key, suffix, () -> done[0] = true);
        home.await(ANSWER_MILLIS, name + ": append to " + key + " is answered", () -> done[0]);
    }

    /** The labs' check: the key has this value. */
    void check(String key, String value) {
        String found = get(key);
        if (!found.equals(value)) {
            throw new LabFailure("get(%s): expected: %s, received: %s", key, value, found);
        }
    }

    private <T> void ask(
            String key, KeyCall call, CompletableFuture<T> future, Function<T, KeyAnswer> answer, Consumer<T> done) {
        Open asked = new Open(key, call, home.scheduler().now());
        open.add(asked);
        future.whenComplete((result, failure) -> {
            if (!open.remove(asked)) {
                return;
            }
            if (failure != null) {
                home.scheduler().fail(new LabFailure("%s: %s of %s failed: %s", name, call, key, failure));
                return;
            }
            home.answered(
                    key, new KeyOperation(name, asked.called, home.scheduler().now(), call, answer.apply(result)));
            try {
                done.accept(result);
            } catch (RuntimeException | Error e) {
                home.scheduler().fail(e);
            }
        });
    }

    /** The test is over: what is still open may have been done or not. */
    void end() {
        runtime.kill();
        for (Open asked : open) {
            home.answered(asked.key, KeyOperation.unknown(name, asked.called, asked.call));
        }
        open.clear();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
