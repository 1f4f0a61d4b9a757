package io.flotilla.it.sim;

import com.google.protobuf.ByteString;
import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.CasResult;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.Expectation;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.Row;
import io.flotilla.client.ScanPage;
import io.flotilla.client.ScanQuery;
import io.flotilla.client.VersionedValue;
import io.flotilla.client.WriteBatch;
import io.flotilla.client.proto.Shard;
import io.flotilla.it.history.KeyAnswer;
import io.flotilla.it.history.KeyCall;
import io.flotilla.it.history.KeyOperation;
import io.flotilla.it.sim.invariant.BankBook;
import io.flotilla.it.sim.invariant.ExactlyOnce;
import io.flotilla.raft.sim.SimRuntime;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.invariant.Violation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A client program: a production client, asked for this and that by a seed, several operations at a time. What it was
 * told goes into the histories. Its process can be killed and started again; then it is a new session, and what was
 * under way has an unknown outcome.
 */
final class SimClient {
    private static final long MILLI = 1_000_000L;
    private static final int MAX_UNDER_WAY = 4;
    private static final long LEAVING_NANOS = 3_000 * MILLI;

    private final String name;
    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final Keys keys;
    private final Histories histories;
    private final ExactlyOnce exactlyOnce;
    private final SimStreams streams;
    private final Supplier<List<String>> endpoints;
    private final ClientWork work;
    private final long meanGap;
    private final Set<Asked> underWay = new LinkedHashSet<>();
    /** What this client last saw of a register. */
    private final Map<String, VersionedValue> seen = new TreeMap<>();

    private SimRuntime runtime;
    private AsyncFlotillaClient client;
    private boolean asking = true;
    private boolean mustSucceed;
    private long numbers;

    SimClient(
            String name,
            SimScheduler scheduler,
            Keys keys,
            Histories histories,
            ExactlyOnce exactlyOnce,
            SimStreams streams,
            Supplier<List<String>> endpoints,
            ClientWork work) {
        this.name = name;
        this.scheduler = scheduler;
        this.random = scheduler.randomStream();
        this.keys = keys;
        this.histories = histories;
        this.exactlyOnce = exactlyOnce;
        this.streams = streams;
        this.endpoints = endpoints;
        this.work = work;
        this.meanGap = (20 + random.nextInt(150)) * MILLI;
    }

    void start() {
        open();
        askAgain();
    }

    /** Its process is killed, or it closes in order, says goodbye to its shards, and is gone some seconds later. */
    void restart() {
        SimRuntime old = runtime;
        if (random.nextBoolean()) {
            client.close();
            scheduler.after(LEAVING_NANOS, () -> end(old));
        } else {
            end(old);
        }
        for (Asked asked : underWay) {
            asked.unknown.run();
        }
        underWay.clear();
        open();
    }

    private void end(SimRuntime gone) {
        gone.kill();
        streams.died(gone);
    }

    private void open() {
        runtime = new SimRuntime(scheduler, name, random.split(), 0, random.nextInt(400) - 200);
        ClientConfig config = ClientConfig.of(endpoints.get()).withTimeout(work.patience());
        client = new AsyncFlotillaClient(config, streams.connector(runtime), new SimClientRuntime(runtime));
    }

    /** Its process stops for so long, with what it has under way; only one that {@link ClientWork#sleeps}. */
    void sleep(long nanos) {
        runtime.pause(nanos);
    }

    boolean sleeps() {
        return work.sleeps();
    }

    boolean isAsleep() {
        return runtime.isPaused();
    }

    /** From now on the fleet has no excuse: what is asked must be done, and soon. */
    void expectSuccess() {
        mustSucceed = !work.sleeps();
    }

    void stopAsking() {
        asking = false;
    }

    /** Operations not answered yet, in words; empty if there are none. */
    List<String> unanswered() {
        return underWay.stream().map(asked -> name + ": " + asked.what).toList();
    }

    private void askAgain() {
        scheduler.after(random.nextLong(2 * meanGap) + 1, () -> {
            if (asking) {
                if (underWay.size() < MAX_UNDER_WAY && !runtime.isPaused()) {
                    ask();
                }
                askAgain();
            }
        });
    }

    private void ask() {
        int choice = random.nextInt(work.banks().isEmpty() ? 100 : 115);
        if (work.onlyBanks() || choice >= 100) {
            useBank(pick(work.banks()));
        } else if (choice < 20) {
            get(pick(keys.singles()));
        } else if (choice < 32) {
            put(pick(keys.registers));
        } else if (choice < 40) {
            swap(pick(keys.registers));
        } else if (choice < 45) {
            delete(pick(keys.registers));
        } else if (choice < 60) {
            append(pick(keys.lists));
        } else if (choice < 72) {
            increment(pick(keys.counters));
        } else if (choice < 80) {
            putPair(pick(keys.pairs));
        } else if (choice < 88) {
            getPair(pick(keys.pairs));
        } else if (choice < 93) {
            multiGet();
        } else {
            scan();
        }
    }

    // --- reads ---

    void get(String key) {
        ask("get " + key, timeout -> client.get(Keys.bytes(key), timeout), () -> {}, (called, value) -> {
            value.ifPresent(v -> seen.put(key, v));
            histories.read(name, called, scheduler.now(), key, value);
        });
    }

    private void getPair(Keys.Pair pair) {
        List<byte[]> both = List.of(Keys.bytes(pair.left()), Keys.bytes(pair.right()));
        ask("get pair " + pair.name(), timeout -> client.multiGet(both, timeout), () -> {}, (called, values) -> {
            values.get(0).ifPresent(v -> seen.put(pair.name(), v));
            histories.readPair(name, called, scheduler.now(), pair, values.get(0), values.get(1));
        });
    }

    private void multiGet() {
        List<String> some = new ArrayList<>();
        List<byte[]> asked = new ArrayList<>();
        for (String key : keys.singles()) {
            if (random.nextBoolean()) {
                some.add(key);
                asked.add(Keys.bytes(key));
            }
        }
        if (some.isEmpty()) {
            return;
        }
        ask("multiGet " + some, timeout -> client.multiGet(asked, timeout), () -> {}, (called, values) -> {
            for (int i = 0; i < some.size(); i++) {
                histories.read(name, called, scheduler.now(), some.get(i), values.get(i));
            }
        });
    }

    /** The end of the run: one read of everything, and the counts must be right. */
    void readAll() {
        for (String key : keys.singles()) {
            get(key);
        }
        keys.pairs.forEach(this::getPair);
        for (Bank bank : work.banks()) {
            ask(
                    "last audit of " + bank.name(),
                    timeout -> client.multiGet(bank.keys(), timeout),
                    () -> {},
                    (called, found) -> {
                        bank.book().audited(name, Bank.balances(found));
                        bank.book().closed(Bank.balances(found));
                    });
        }
        for (String key : keys.lists) {
            ask(
                    "last get " + key,
                    timeout -> client.get(Keys.bytes(key), timeout),
                    () -> {},
                    (called, value) -> exactlyOnce.finalList(
                            key, value.map(v -> Keys.text(v.value())).orElse("")));
        }
        for (String key : keys.counters) {
            ask(
                    "last get " + key,
                    timeout -> client.get(Keys.bytes(key), timeout),
                    () -> {},
                    (called, value) -> exactlyOnce.finalNumber(
                            key,
                            Long.parseLong(value.map(v -> Keys.text(v.value())).orElse("0"))));
        }
        scan(ScanQuery.all());
        scan(ScanQuery.all().reverse());
    }

    /** A write and a read in each shard that there is. */
    void useEveryShard() {
        ask("configuration", client::configuration, () -> {}, (called, configuration) -> {
            for (Shard shard : configuration.getShardsList()) {
                byte[] key = shard.getStart()
                        .concat(ByteString.copyFromUtf8("~last"))
                        .toByteArray();
                byte[] value = Keys.bytes(token());
                String where = "shard " + shard.getId();
                ask("put in " + where, timeout -> client.put(key, value, timeout), () -> {}, (begun, version) -> {
                    ask("get in " + where, timeout -> client.get(key, timeout), () -> {}, (again, found) -> {
                        if (found.isEmpty() || !Arrays.equals(found.get().value(), value)) {
                            throw new Violation("AcknowledgedWritesSurvive", "a put in %s is not there", where);
                        }
                    });
                });
            }
        });
    }

    private void scan() {
        ScanQuery query = ScanQuery.all().pageRows(random.nextInt(4));
        if (random.nextBoolean()) {
            query = query.from(Keys.bytes(pick(keys.singles())));
        }
        if (random.nextBoolean()) {
            query = query.to(Keys.bytes(pick(keys.singles())));
        }
        if (!query.isEmpty()) {
            scan(random.nextBoolean() ? query : query.reverse());
        }
    }

    private void scan(ScanQuery query) {
        ask("scan", timeout -> client.scan(query, timeout), () -> {}, (called, page) -> {
            recordPage(query, page, called);
            page.next().ifPresent(this::scan);
        });
    }

    /** A page is a read of every key in the range that it covers. */
    private void recordPage(ScanQuery query, ScanPage page, long called) {
        byte[] from =
                query.isReverse() && page.next().isPresent() ? page.next().get().to() : query.from();
        byte[] to = !query.isReverse() && page.next().isPresent()
                ? page.next().get().from()
                : query.to();
        Map<String, VersionedValue> rows = new TreeMap<>();
        String before = null;
        for (Row row : page.rows()) {
            String key = Keys.text(row.key());
            if (rows.put(key, new VersionedValue(row.value(), row.version())) != null || !covers(from, to, key)) {
                throw new Violation("Scans", "%s: the page of %s holds the key %s wrongly", name, query, key);
            }
            if (before != null && (before.compareTo(key) > 0) != query.isReverse()) {
                throw new Violation("Scans", "%s: the page of %s has %s after %s", name, query, key, before);
            }
            before = key;
        }
        for (String key : keys.singles()) {
            if (covers(from, to, key)) {
                histories.read(name, called, scheduler.now(), key, Optional.ofNullable(rows.remove(key)));
            }
        }
        for (Keys.Pair pair : keys.pairs) {
            boolean whole = covers(from, to, pair.left()) && covers(from, to, pair.right());
            Optional<VersionedValue> left = Optional.ofNullable(rows.remove(pair.left()));
            Optional<VersionedValue> right = Optional.ofNullable(rows.remove(pair.right()));
            if (whole) {
                histories.readPair(name, called, scheduler.now(), pair, left, right);
            }
        }
        for (Bank bank : work.banks()) {
            boolean whole = bank.accounts().stream().allMatch(account -> covers(from, to, account));
            List<Long> balances = Bank.balances(bank.accounts().stream()
                    .map(account -> Optional.ofNullable(rows.remove(account)))
                    .toList());
            if (whole) {
                bank.book().audited(name, balances);
            }
        }
        if (!rows.isEmpty()) {
            throw new Violation("Scans", "%s: a scan found keys that nobody wrote: %s", name, rows.keySet());
        }
    }

    private static boolean covers(byte[] from, byte[] to, String key) {
        return Keys.text(from).compareTo(key) <= 0
                && (to.length == 0 || Keys.text(to).compareTo(key) > 0);
    }

    // --- writes ---

    private void put(String key) {
        String value = token();
        write(
                key,
                "put",
                new KeyCall.Put(value),
                timeout -> client.put(Keys.bytes(key), Keys.bytes(value), timeout),
                KeyAnswer.Written::new);
    }

    private void append(String key) {
        String token = token();
        KeyCall call = new KeyCall.Append(token + ";");
        long called = scheduler.now();
        ask(
                "append " + token + " to " + key,
                timeout -> client.append(Keys.bytes(key), Keys.bytes(token + ";"), timeout),
                () -> {
                    exactlyOnce.appended(key, token, false);
                    histories.add(key, KeyOperation.unknown(name, called, call));
                },
                (begun, version) -> {
                    exactlyOnce.appended(key, token, true);
                    known(key, begun, call, new KeyAnswer.Written(version));
                });
    }

    private void increment(String key) {
        long delta = 1 + random.nextInt(3);
        KeyCall call = new KeyCall.Increment(delta);
        long called = scheduler.now();
        ask(
                "increment " + key + " by " + delta,
                timeout -> client.increment(Keys.bytes(key), delta, timeout),
                () -> {
                    exactlyOnce.incremented(key, delta, false);
                    histories.add(key, KeyOperation.unknown(name, called, call));
                },
                (begun, number) -> {
                    exactlyOnce.incremented(key, delta, true);
                    known(key, begun, call, new KeyAnswer.Number(number));
                });
    }

    private void delete(String key) {
        write(
                key,
                "delete",
                new KeyCall.Delete(),
                timeout -> client.delete(Keys.bytes(key), timeout),
                KeyAnswer.Deleted::new);
    }

    private void swap(String key) {
        String value = token();
        Wish wish = wish(key, value);
        write(
                key,
                "compareAndSet",
                wish.call,
                timeout -> client.compareAndSet(Keys.bytes(key), wish.expectation, Keys.bytes(value), timeout),
                SimClient::answer);
    }

    /** A write with a condition, which holds unless somebody else wrote since this client looked. */
    private record Wish(KeyCall call, Expectation expectation) {}

    private Wish wish(String key, String value) {
        VersionedValue last = seen.get(key);
        if (last == null || random.nextInt(4) == 0) {
            return new Wish(new KeyCall.SwapIfAbsent(value), Expectation.absent());
        } else if (random.nextBoolean()) {
            return new Wish(new KeyCall.SwapIfValue(Keys.text(last.value()), value), Expectation.value(last.value()));
        }
        return new Wish(new KeyCall.SwapIfVersion(last.version(), value), Expectation.version(last.version()));
    }

    private static KeyAnswer answer(CasResult result) {
        return result.done()
                ? new KeyAnswer.Written(result.version())
                : result.present()
                        .<KeyAnswer>map(present -> new KeyAnswer.NotSwapped(Keys.text(present)))
                        .orElseGet(() -> new KeyAnswer.NotDone(result.version()));
    }

    /** Both halves at once; half of the time only if one of them, or both, is as last seen. */
    private void putPair(Keys.Pair pair) {
        String value = token();
        WriteBatch.Builder batch = WriteBatch.builder()
                .put(Keys.bytes(pair.left()), Keys.bytes(value))
                .put(Keys.bytes(pair.right()), Keys.bytes(value));
        KeyCall call = new KeyCall.Put(value);
        if (random.nextBoolean()) {
            Wish wish = wish(pair.name(), value);
            call = wish.call;
            int halves = 1 + random.nextInt(3);
            if ((halves & 1) != 0) {
                batch.onlyIf(Keys.bytes(pair.left()), wish.expectation);
            }
            if ((halves & 2) != 0) {
                batch.onlyIf(Keys.bytes(pair.right()), wish.expectation);
            }
        }
        WriteBatch whole = batch.build();
        write(
                pair.name(),
                "batch",
                call,
                timeout -> client.batch(whole, timeout),
                result -> result.done()
                        ? new KeyAnswer.Written(result.version())
                        : new KeyAnswer.NotDone(result.version()));
    }

    // --- banks ---

    /** Looks at all accounts; opens the bank if it has none, else mostly moves money between two, if nobody else does meanwhile. */
    private void useBank(Bank bank) {
        ask("audit of " + bank.name(), timeout -> client.multiGet(bank.keys(), timeout), () -> {}, (called, found) -> {
            List<Long> balances = Bank.balances(found);
            bank.book().audited(name, balances);
            if (balances.isEmpty()) {
                open(bank);
            } else if (random.nextInt(4) > 0) {
                transfer(bank, found, balances);
            }
        });
    }

    private void open(Bank bank) {
        WriteBatch.Builder batch = WriteBatch.builder();
        for (byte[] key : bank.keys()) {
            batch.onlyIf(key, Expectation.absent()).put(key, Keys.bytes(String.valueOf(BankBook.DEPOSIT)));
        }
        WriteBatch whole = batch.build();
        ask("opening of " + bank.name(), timeout -> client.batch(whole, timeout), () -> {}, (called, result) -> {});
    }

    private void transfer(Bank bank, List<Optional<VersionedValue>> found, List<Long> balances) {
        int from = random.nextInt(balances.size());
        int to = (from + 1 + random.nextInt(balances.size() - 1)) % balances.size();
        long amount = 1 + random.nextInt(20);
        WriteBatch batch = WriteBatch.builder()
                .onlyIf(
                        bank.keys().get(from),
                        Expectation.version(found.get(from).orElseThrow().version()))
                .onlyIf(
                        bank.keys().get(to),
                        Expectation.version(found.get(to).orElseThrow().version()))
                .put(bank.keys().get(from), Keys.bytes(String.valueOf(balances.get(from) - amount)))
                .put(bank.keys().get(to), Keys.bytes(String.valueOf(balances.get(to) + amount)))
                .build();
        ask(
                "transfer in " + bank.name(),
                timeout -> client.batch(batch, timeout),
                () -> bank.book().transferred(from, to, amount, false),
                (called, result) -> {
                    if (result.done()) {
                        bank.book().transferred(from, to, amount, true);
                    }
                });
    }

    private <T> void write(
            String key,
            String what,
            KeyCall call,
            Function<Duration, CompletableFuture<T>> operation,
            Function<T, KeyAnswer> answer) {
        long called = scheduler.now();
        ask(
                what + " " + key,
                operation,
                () -> histories.add(key, KeyOperation.unknown(name, called, call)),
                (begun, result) -> known(key, begun, call, answer.apply(result)));
    }

    private void known(String key, long called, KeyCall call, KeyAnswer answer) {
        histories.add(key, new KeyOperation(name, called, scheduler.now(), call, answer));
    }

    // --- asking ---

    /** One operation without an answer. */
    private static final class Asked {
        final String what;
        final Runnable unknown;

        Asked(String what, Runnable unknown) {
            this.what = what;
            this.unknown = unknown;
        }
    }

    /**
     * @param unknown what to note if the outcome stays unknown
     * @param done takes the time of the call and the result
     */
    private <T> void ask(
            String what,
            Function<Duration, CompletableFuture<T>> operation,
            Runnable unknown,
            BiConsumer<Long, T> done) {
        long called = scheduler.now();
        boolean strict = mustSucceed;
        boolean hurried = !strict && random.nextInt(8) == 0;
        Duration timeout = hurried
                ? Duration.ofMillis(100 + random.nextInt(1_500))
                : strict ? Duration.ofSeconds(5) : work.patience();
        SimRuntime incarnation = runtime;
        CompletableFuture<T> future = operation.apply(timeout);
        Asked asked = new Asked(what, unknown);
        underWay.add(asked);
        future.whenComplete((result, failure) -> {
            if (incarnation != runtime || !underWay.remove(asked)) {
                return;
            }
            try {
                if (failure == null) {
                    done.accept(called, result);
                } else {
                    failed(what, strict, failure, unknown);
                }
            } catch (Violation e) {
                scheduler.fail(e);
            }
        });
    }

    private void failed(String what, boolean strict, Throwable failure, Runnable unknown) {
        if (strict) {
            throw new Violation(
                    "Liveness", "%s: %s was not done within 5 s, though nothing is broken: %s", name, what, failure);
        }
        if (failure instanceof IndeterminateException) {
            unknown.run();
        } else if (!(failure instanceof RefusedException refused)
                || refused.reason() == RefusedException.Reason.INVALID) {
            throw new Violation("TypedOutcomes", "%s: %s ended with %s", name, what, failure);
        }
    }

    private String token() {
        return name + "." + ++numbers;
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }
}
