package io.flotilla.kv.engine.rocks;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.kv.engine.EngineBatch;
import io.flotilla.kv.engine.KvEngine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the engine calls durable while some write, some flush and RocksDB flushes by itself is there after the process was killed, and what is
 * there is a prefix of what was written.
 */
@Timeout(180)
class KilledEngineTest {
    private static final int WRITERS = 3;
    private static final int KILLS = 6;

    @TempDir
    Path home;

    private static byte[] b(String text) {
        return text.getBytes(US_ASCII);
    }

    /** The process that is killed. Its lines tell up to which number each writer's batches are durable. */
    static final class Writers {
        private final KvEngine engine;
        /** Of each writer: the number of a batch by what its write returned, and the newest one that returned. */
        private final List<ConcurrentSkipListMap<Long, Long>> sequences = new ArrayList<>();

        private final AtomicReferenceArray<Long> returned = new AtomicReferenceArray<>(WRITERS);

        private Writers(KvEngine engine, long[] from) {
            this.engine = engine;
            for (int i = 0; i < WRITERS; i++) {
                sequences.add(new ConcurrentSkipListMap<>());
                returned.set(i, from[i]);
            }
        }

        public static void main(String[] arguments) {
            KvEngine engine = RocksEngine.open(Path.of(arguments[0]));
            long[] from = new long[WRITERS];
            for (int i = 0; i < WRITERS; i++) {
                from[i] = number(engine.get(b("writer" + i)));
            }
            Writers writers = new Writers(engine, from);
            for (int i = 0; i < WRITERS; i++) {
                int writer = i;
                start(() -> writers.write(writer));
            }
            start(() -> {
                while (true) {
                    engine.flush();
                }
            });
            start(() -> {
                while (true) {
                    engine.flushSoon();
                    Thread.yield();
                }
            });
            writers.tell(System.out);
        }

        private static void start(Runnable task) {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            thread.start();
        }

        private void write(int writer) {
            SplittableRandom random = new SplittableRandom(writer);
            for (long number = returned.get(writer) + 1; true; number++) {
                EngineBatch batch = new EngineBatch();
                batch.put(b("writer" + writer), b(Long.toString(number)));
                // what it can have seen of the others is before it
                for (int other = 0; other < WRITERS; other++) {
                    batch.put(b("seen" + writer + other), b(Long.toString(returned.get(other))));
                }
                byte[] filler = new byte[random.nextInt(20_000)];
                random.nextBytes(filler);
                batch.put(b("filler" + writer + "-" + number % 100), filler);
                batch.put(b("end" + writer), b(Long.toString(number)));
                sequences.get(writer).put(engine.write(batch), number);
                returned.set(writer, number);
            }
        }

        private void tell(PrintStream out) {
            while (true) {
                long durable = engine.durableSequence();
                StringBuilder line = new StringBuilder();
                for (ConcurrentSkipListMap<Long, Long> each : sequences) {
                    var newest = each.floorEntry(durable);
                    line.append(newest == null ? 0 : newest.getValue()).append(' ');
                    if (newest != null) {
                        each.headMap(newest.getKey()).clear();
                    }
                }
                out.println(line);
            }
        }
    }

    private static long number(byte[] row) {
        return row == null ? 0 : Long.parseLong(new String(row, US_ASCII));
    }

    @Test
    void whatIsCalledDurableBesideFlushesSurvivesAKill() throws Exception {
        Path directory = home.resolve("db");
        long[] told = new long[WRITERS];
        SplittableRandom random = new SplittableRandom(1);
        for (int kill = 0; kill < KILLS; kill++) {
            told = untilKilled(directory, told, 200 + random.nextInt(3_000));
            try (KvEngine engine = RocksEngine.open(directory)) {
                for (int writer = 0; writer < WRITERS; writer++) {
                    long found = number(engine.get(b("writer" + writer)));
                    assertThat(found)
                            .as("kill %d, batches of writer %d", kill, writer)
                            .isGreaterThanOrEqualTo(told[writer]);
                    assertThat(number(engine.get(b("end" + writer))))
                            .as("whole")
                            .isEqualTo(found);
                    for (int other = 0; other < WRITERS; other++) {
                        assertThat(number(engine.get(b("writer" + other))))
                                .as("kill %d: what writer %d had seen of writer %d", kill, writer, other)
                                .isGreaterThanOrEqualTo(number(engine.get(b("seen" + writer + other))));
                    }
                }
            }
        }
        assertThat(Arrays.stream(told).min().orElse(0)).isGreaterThan(100);
    }

    /** Whether each has written enough to be worth a kill: lines come faster than writes where another process has the processor. */
    private static boolean hasWritten(long[] before, long[] told) {
        for (int writer = 0; writer < WRITERS; writer++) {
            if (told[writer] < before[writer] + 20) {
                return false;
            }
        }
        return true;
    }

    /** @return what the process told at last */
    private static long[] untilKilled(Path directory, long[] before, int lines) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Writers.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        long[] told = before.clone();
        try (BufferedReader said = process.inputReader(US_ASCII)) {
            int heard = 0;
            boolean isEnding = false;
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                // the last one may be torn
                String[] numbers = line.split(" ", -1);
                if (numbers.length == WRITERS + 1) {
                    for (int i = 0; i < WRITERS; i++) {
                        told[i] = Math.max(told[i], Long.parseLong(numbers[i]));
                    }
                }
                heard++;
                if (heard >= lines && !isEnding && hasWritten(before, told)) {
                    isEnding = true;
                    // the process itself would close the pipe, too, and what it told last would be lost
                    process.toHandle().destroyForcibly();
                }
            }
            assertThat(heard).as("lines before the process ended").isGreaterThanOrEqualTo(lines);
        } finally {
            process.destroyForcibly();
            process.onExit().join();
        }
        return told;
    }
}
