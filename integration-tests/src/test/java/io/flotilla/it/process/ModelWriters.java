package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.Row;
import io.flotilla.client.ScanPage;
import io.flotilla.client.ScanQuery;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writers that know what must be there. Each appends numbers to a key of its own, one after the other, reads the key now and then, and takes
 * a new key when the value is long. What was acknowledged must be there once; what got no answer, once or not at all.
 */
final class ModelWriters implements AutoCloseable {
    private static final int NUMBERS_PER_KEY = 100;
    private static final int READ_EVERY = 5;

    private final AsyncFlotillaClient client;
    private final Duration timeout;
    private final long pauseNanos;
    private final List<Writer> writers = new ArrayList<>();
    private final ScheduledExecutorService pacer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "writers' pace");
        thread.setDaemon(true);
        return thread;
    });
    /** Rows that nobody changes. */
    private final TreeMap<byte[], byte[]> still = new TreeMap<>(Arrays::compareUnsigned);

    private final AtomicLong reads = new AtomicLong();
    private final AtomicLong longestNanos = new AtomicLong();
    private volatile boolean stopping;
    private volatile Throwable failure;

    /** @param writers their keys are spread evenly over the key space */
    ModelWriters(AsyncFlotillaClient client, String name, int writers, Duration pause, Duration timeout) {
        this.client = client;
        this.timeout = timeout;
        this.pauseNanos = pause.toNanos();
        for (int i = 0; i < writers; i++) {
            this.writers.add(new Writer(i * 256 / writers, name + "-" + i));
        }
    }

    /** One of them. Its fields belong to the client's loop while it writes, and to whoever stopped it afterwards. */
    private final class Writer {
        private final int first;
        private final String name;
        private final TreeMap<Long, Boolean> written = new TreeMap<>();
        private final CompletableFuture<Void> over = new CompletableFuture<>();
        private volatile long number;
        private long unknown;
        private StringBuilder expected = new StringBuilder();
        private boolean isExpected = true;

        Writer(int first, String name) {
            this.first = first;
            this.name = name;
        }

        byte[] key(long of) {
            byte[] key =
                    String.format("%s-%06d %s", " ", of / NUMBERS_PER_KEY, name).getBytes(StandardCharsets.UTF_8);
            key[0] = (byte) first;
            return key;
        }

        void write() {
            if (stopping || failure != null) {
                over.complete(null);
                return;
            }
            long now = number;
            number = now + 1;
            if (now % NUMBERS_PER_KEY == 0) {
                expected = new StringBuilder();
                isExpected = true;
            }
            long begun = System.nanoTime();
            byte[] suffix = (now + ";").getBytes(StandardCharsets.UTF_8);
            client.append(key(now), suffix, timeout).whenComplete((version, failed) -> {
                longestNanos.accumulateAndGet(System.nanoTime() - begun, Math::max);
                Throwable why = failed instanceof CompletionException ? failed.getCause() : failed;
                if (why == null) {
                    written.put(now, true);
                    expected.append(now).append(';');
                } else if (why instanceof IndeterminateException) {
                    written.put(now, false);
                    unknown++;
                    isExpected = false;
                } else {
                    fail(new AssertionError(name + ": append " + now + ": " + why, why));
                }
                if (failure == null && now % READ_EVERY == 0) {
                    read(now);
                } else {
                    later();
                }
            });
        }

        private void read(long now) {
            long begun = System.nanoTime();
            client.get(key(now), timeout).whenComplete((found, failed) -> {
                longestNanos.accumulateAndGet(System.nanoTime() - begun, Math::max);
                reads.incrementAndGet();
                if (failed != null) {
                    fail(new AssertionError(name + ": get: " + failed, failed));
                } else if (isExpected
                        && !found.map(value -> value.text()).orElse("").contentEquals(expected)) {
                    fail(new AssertionError(name + ": a read gave " + found + " but " + expected + " was written"));
                }
                later();
            });
        }

        private void later() {
            pacer.schedule(this::write, pauseNanos, TimeUnit.NANOSECONDS);
        }

        /** What must be there; of what is not known, as it was found. */
        void addTo(Map<byte[], byte[]> model, Map<byte[], byte[]> found) {
            for (long from = 0; from < number; from += NUMBERS_PER_KEY) {
                byte[] key = key(from);
                StringBuilder must = new StringBuilder();
                String is = new String(found.getOrDefault(key, new byte[0]), StandardCharsets.UTF_8);
                for (Map.Entry<Long, Boolean> each :
                        written.subMap(from, from + NUMBERS_PER_KEY).entrySet()) {
                    String text = each.getKey() + ";";
                    if (each.getValue() || (";" + is).contains(";" + text)) {
                        must.append(text);
                    }
                }
                if (must.length() > 0) {
                    model.put(key, must.toString().getBytes(StandardCharsets.UTF_8));
                }
            }
        }
    }

    private void fail(Throwable why) {
        failure = failure == null ? why : failure;
    }

    /** Rows beside those that the writers write: acknowledged when this returns. */
    void preload(long bytes, int valueBytes) throws Exception {
        long rows = bytes / valueBytes;
        List<CompletableFuture<?>> open = new ArrayList<>();
        for (long i = 0; i < rows; i++) {
            byte[] key = String.format("%s bulk-%09d", " ", i).getBytes(StandardCharsets.UTF_8);
            key[0] = (byte) (i * 256 / rows);
            byte[] value = new byte[valueBytes];
            new java.util.SplittableRandom(i).nextBytes(value);
            still.put(key, value);
            open.add(client.put(key, value, timeout));
            if (open.size() == 256) {
                CompletableFuture.allOf(open.toArray(new CompletableFuture<?>[0]))
                        .get(2, TimeUnit.MINUTES);
                open.clear();
            }
        }
        CompletableFuture.allOf(open.toArray(new CompletableFuture<?>[0])).get(2, TimeUnit.MINUTES);
    }

    ModelWriters start() {
        writers.forEach(Writer::write);
        return this;
    }

    /** How many writes got their answer so far. */
    long answered() {
        return writers.stream().mapToLong(writer -> writer.number).sum();
    }

    /** Every writer gets so many further answers, within the time. */
    void awaitProgress(String what, long answers, Duration within) throws Exception {
        long[] before = writers.stream().mapToLong(writer -> writer.number).toArray();
        Poll.until("every writer is answered " + what, within, () -> {
            rethrow();
            for (int i = 0; i < before.length; i++) {
                if (writers.get(i).number < before[i] + answers) {
                    return false;
                }
            }
            return true;
        });
    }

    /** The longest time that an operation took since this was asked last, in milliseconds. */
    long longestMillis() {
        return longestNanos.getAndSet(0) / 1_000_000;
    }

    private void rethrow() {
        if (failure != null) {
            throw new AssertionError(failure.getMessage(), failure);
        }
    }

    /** Waits for what is under way; fails if anything failed. */
    void stop() throws Exception {
        stopping = true;
        for (Writer writer : writers) {
            writer.over.get(timeout.toSeconds() + 30, TimeUnit.SECONDS);
        }
        rethrow();
    }

    /** After {@link #stop}: the fleet's rows are those of the model, which is returned. */
    TreeMap<byte[], byte[]> check() throws Exception {
        TreeMap<byte[], byte[]> found = new TreeMap<>(Arrays::compareUnsigned);
        ScanQuery query = ScanQuery.all();
        while (query != null) {
            ScanPage page = client.scan(query, timeout).get(2, TimeUnit.MINUTES);
            for (Row row : page.rows()) {
                assertThat(found.put(row.key(), row.value())).as("a key twice").isNull();
            }
            query = page.next().orElse(null);
        }
        TreeMap<byte[], byte[]> model = new TreeMap<>(Arrays::compareUnsigned);
        model.putAll(still);
        writers.forEach(writer -> writer.addTo(model, found));
        for (Map.Entry<byte[], byte[]> row : model.entrySet()) {
            byte[] is = found.get(row.getKey());
            assertThat(is == null ? "nothing" : text(is))
                    .as("the value of " + text(row.getKey()))
                    .isEqualTo(text(row.getValue()));
        }
        assertThat(found.keySet().stream()
                        .filter(key -> !model.containsKey(key))
                        .map(ModelWriters::text))
                .as("keys that nobody wrote")
                .isEmpty();
        return model;
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** Likewise, and {@code dump} prints them, byte for byte. */
    void checkDump(ProcessFleet fleet) throws Exception {
        HexFormat hex = HexFormat.of();
        StringBuilder dump = new StringBuilder();
        check().forEach((key, value) -> dump.append(hex.formatHex(key))
                .append('\t')
                .append(hex.formatHex(value))
                .append('\n'));
        byte[] printed = fleet.run("dump", "--hex").stdout();
        assertThat(Rows.digestOf(printed))
                .as("%d bytes that dump printed, %d of the model", printed.length, dump.length())
                .isEqualTo(Rows.digestOf(dump.toString().getBytes(StandardCharsets.US_ASCII)));
    }

    /** All rows of the fleet, once nobody writes. */
    static void deleteAll(AsyncFlotillaClient client) throws Exception {
        List<CompletableFuture<?>> open = new ArrayList<>();
        ScanQuery query = ScanQuery.all();
        while (query != null) {
            ScanPage page = client.scan(query, MovingFleet.PATIENCE).get(2, TimeUnit.MINUTES);
            page.rows().forEach(row -> open.add(client.delete(row.key(), MovingFleet.PATIENCE)));
            query = page.next().orElse(null);
        }
        CompletableFuture.allOf(open.toArray(new CompletableFuture<?>[0])).get(2, TimeUnit.MINUTES);
    }

    String summary() {
        long unknown = writers.stream().mapToLong(writer -> writer.unknown).sum();
        return answered() - unknown + " writes and " + reads + " reads answered, " + unknown + " writes unknown, "
                + still.size() + " rows beside";
    }

    @Override
    public void close() {
        stopping = true;
        pacer.shutdownNow();
    }
}
