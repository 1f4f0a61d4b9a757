package io.flotilla.ops.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.ops.cli.CliException;
import io.flotilla.ops.cli.ExitCode;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoaderTest {
    private static final CliException LOST = new CliException(ExitCode.UNAVAILABLE, "nobody answers");

    @TempDir
    private Path folder;

    private final ExecutorService threads = Executors.newFixedThreadPool(2);

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    /** Answers writes late and in random order, from another thread; remembers them in the order they arrived. */
    private final class SlowFleet {
        private record Pending(String key, String value, CompletableFuture<Void> answer) {}

        private final List<Pending> pending = new ArrayList<>();
        private final SplittableRandom random = new SplittableRandom(7);
        final Map<String, List<String>> writes = new TreeMap<>();
        int mostPending;

        synchronized CompletableFuture<?> write(byte[] key, byte[] value) {
            CompletableFuture<Void> answer = new CompletableFuture<>();
            pending.add(new Pending(new String(key, UTF_8), new String(value, UTF_8), answer));
            mostPending = Math.max(mostPending, pending.size());
            threads.execute(this::answerOne);
            return answer;
        }

        private void answerOne() {
            Pending one;
            synchronized (this) {
                one = pending.remove(random.nextInt(pending.size()));
                writes.computeIfAbsent(one.key, k -> new ArrayList<>()).add(one.value);
            }
            one.answer.complete(null);
        }
    }

    @Test
    void linesWithTheSameKeyAreWrittenInFileOrderAndTheWindowIsBounded() throws Exception {
        SlowFleet fleet = new SlowFleet();
        StringBuilder input = new StringBuilder();
        Map<String, List<String>> expected = new TreeMap<>();
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 20_000; i++) {
            String key = "k" + random.nextInt(50);
            input.append(key).append('\t').append(i).append('\n');
            expected.computeIfAbsent(key, k -> new ArrayList<>()).add(String.valueOf(i));
        }

        Loader.Result result = loader(fleet::write, null).run(stream(input.toString()));

        assertThat(result.failure()).isNull();
        assertThat(result.summary().rows()).isEqualTo(20_000);
        assertThat(result.summary().lines()).isEqualTo(20_000);
        assertThat(fleet.writes).isEqualTo(expected);
        assertThat(fleet.mostPending).isLessThanOrEqualTo(50);
    }

    @Test
    void notMoreThanTheWindowIsInFlight() throws Exception {
        LinkedBlockingQueue<CompletableFuture<Void>> asked = new LinkedBlockingQueue<>();
        StringBuilder input = new StringBuilder();
        for (int i = 0; i < 3 * Loader.WINDOW_ROWS; i++) {
            input.append(i).append("\tv\n");
        }
        Loader loader = loader((key, value) -> never(asked), null);
        CompletableFuture<Loader.Result> running = CompletableFuture.supplyAsync(() -> run(loader, input), threads);

        List<CompletableFuture<Void>> inFlight = new ArrayList<>();
        for (int i = 0; i < Loader.WINDOW_ROWS; i++) {
            inFlight.add(asked.poll(60, TimeUnit.SECONDS));
        }
        assertThat(asked.poll(200, TimeUnit.MILLISECONDS)).isNull();
        // The second is answered, the first is not: the window moves with the first only.
        inFlight.get(1).complete(null);
        assertThat(asked.poll(200, TimeUnit.MILLISECONDS)).isNull();
        inFlight.get(0).complete(null);
        inFlight.add(asked.poll(60, TimeUnit.SECONDS));
        inFlight.add(asked.poll(60, TimeUnit.SECONDS));
        assertThat(inFlight).doesNotContainNull();

        inFlight.get(5).completeExceptionally(LOST);
        inFlight.forEach(write -> write.complete(null));
        assertThat(running.get(60, TimeUnit.SECONDS).failure().exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    }

    @Test
    void checkpointCountsOnlyLeadingLinesThatAreAcknowledged() throws Exception {
        Path file = folder.resolve("cp");
        Loader.Result result = loader(
                        (key, value) -> new String(key, UTF_8).equals("d") ? failed() : done(), Checkpoint.open(file))
                .run(stream("a\t1\nb\t2\nc\t3\nd\t4\ne\t5\n"));

        assertThat(result.failure().exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(result.failure()).hasMessage("load: line 4: nobody answers");
        assertThat(Files.readAllLines(file)).startsWith("3");
    }

    @Test
    void noRowIsWrittenBehindAFailedOneWithTheSameKey() throws Exception {
        List<String> written = new ArrayList<>();
        CompletableFuture<Void> first = new CompletableFuture<>();
        Loader loader = loader(
                (key, value) -> {
                    written.add(new String(value, UTF_8));
                    return first;
                },
                null);
        CompletableFuture<Loader.Result> running =
                CompletableFuture.supplyAsync(() -> run(loader, new StringBuilder("k\t1\nk\t2\nk\t3\n")), threads);
        CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS).execute(() -> first.completeExceptionally(LOST));

        assertThat(running.get(60, TimeUnit.SECONDS).failure().exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(written).containsExactly("1");
    }

    @Test
    void aLoadContinuesAfterItsCheckpoint() throws Exception {
        Path file = folder.resolve("cp");
        Files.writeString(file, "2\nwhatever follows\n");
        List<String> written = new ArrayList<>();
        Loader.Result result = loader(
                        (key, value) -> {
                            written.add(new String(key, UTF_8));
                            return done();
                        },
                        Checkpoint.open(file))
                .run(stream("a\t1\nno row, but done\nc\t3\nd\t4"));

        assertThat(result.failure()).isNull();
        assertThat(written).containsExactly("c", "d");
        assertThat(result.summary().lines()).isEqualTo(4);
        assertThat(Files.readAllLines(file)).startsWith("4");
    }

    @Test
    void aCheckpointOfAnotherInputIsRefusedBeforeAnythingIsWritten() throws Exception {
        Path file = folder.resolve("cp");
        Loader.Result first =
                loader((key, value) -> done(), Checkpoint.open(file)).run(stream("a\t1\nb\t2"));
        assertThat(first.failure()).isNull();
        List<String> before = Files.readAllLines(file);
        assertThat(before).startsWith("2").hasSize(2);

        List<String> written = new ArrayList<>();
        for (String other : List.of("a\t1\nb\t3\nc\t4\n", "x\t1\nb\t2\nc\t4\n", "a\t1\nb\t22\nc\t4\n")) {
            Loader.Result second = loader(
                            (key, value) -> {
                                written.add(new String(key, UTF_8));
                                return done();
                            },
                            Checkpoint.open(file))
                    .run(stream(other));
            assertThat(second.failure().exitCode()).isEqualTo(ExitCode.REFUSED);
            assertThat(second.failure()).hasMessageContaining("checkpoint is of another input");
        }
        assertThat(written).isEmpty();
        assertThat(Files.readAllLines(file)).isEqualTo(before);

        // the same input that has grown since goes on
        Loader.Result third = loader(
                        (key, value) -> {
                            written.add(new String(key, UTF_8));
                            return done();
                        },
                        Checkpoint.open(file))
                .run(stream("a\t1\nb\t2\nc\t4\n"));
        assertThat(third.failure()).isNull();
        assertThat(written).containsExactly("c");
    }

    @Test
    void aLineThatIsTooLongIsNamedByItsNumber() throws Exception {
        Loader.Result result = loader((key, value) -> done(), null)
                .run(new ByteArrayInputStream(("a\t1\nb\t" + "x".repeat(LineSplitter.MAX_LINE * 3)).getBytes(UTF_8)));

        assertThat(result.failure()).hasMessageStartingWith("load: line 2 is longer");
    }

    @Test
    void aCheckpointBeyondTheInputIsRefused() throws Exception {
        Path file = folder.resolve("cp");
        Files.writeString(file, "9\n");
        Loader.Result result =
                loader((key, value) -> done(), Checkpoint.open(file)).run(stream("a\t1\n"));

        assertThat(result.failure().exitCode()).isEqualTo(ExitCode.REFUSED);
        assertThat(result.failure()).hasMessageContaining("9 lines").hasMessageContaining("only 1");
        assertThat(Files.readString(file)).isEqualTo("9\n");
    }

    @Test
    void aMalformedLineIsNamedAndEarlierOnesStay() throws Exception {
        Path file = folder.resolve("cp");
        List<String> written = new ArrayList<>();
        Loader.Result result = loader(
                        (key, value) -> {
                            written.add(new String(key, UTF_8));
                            return done();
                        },
                        Checkpoint.open(file))
                .run(stream("a\t1\nb\t2\nno tab here\nd\t4\n"));

        assertThat(result.failure().exitCode()).isEqualTo(ExitCode.REFUSED);
        assertThat(result.failure()).hasMessageStartingWith("load: line 3 has no tab");
        assertThat(written).containsExactly("a", "b");
        assertThat(Files.readAllLines(file)).startsWith("2");
    }

    @Test
    void aFailureEndsTheLoadAlsoWhileTheInputStandsStill() throws Exception {
        try (PipedOutputStream producer = new PipedOutputStream();
                PipedInputStream input = new PipedInputStream(producer)) {
            producer.write("a\t1\n".getBytes(UTF_8));
            producer.flush();
            Loader loader = loader((key, value) -> failed(), null);
            CompletableFuture<Loader.Result> running = CompletableFuture.supplyAsync(() -> run(loader, input), threads);

            assertThat(running.get(60, TimeUnit.SECONDS).failure().exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
        }
    }

    @Test
    void theCheckpointIsRenewedWhileTheInputStandsStill() throws Exception {
        Path file = folder.resolve("cp");
        PipedInputStream input = new PipedInputStream();
        CompletableFuture<Loader.Result> running;
        try (PipedOutputStream producer = new PipedOutputStream(input)) {
            Loader loader = loader((key, value) -> done(), Checkpoint.open(file));
            running = CompletableFuture.supplyAsync(() -> run(loader, input), threads);
            producer.write("a\t1\nb\t2\nc".getBytes(UTF_8));
            producer.flush();
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
            while (!Files.readString(file).startsWith("2\n") && System.nanoTime() < deadline) {
                Thread.onSpinWait();
            }
            assertThat(Files.readString(file)).startsWith("2\n");
            producer.write("\t3\n".getBytes(UTF_8));
        }
        assertThat(running.get(60, TimeUnit.SECONDS).summary().lines()).isEqualTo(3);
    }

    private static Loader loader(LoadWindow.Writer writer, Checkpoint checkpoint) {
        return new Loader(
                RowFormat.tabSeparated(false),
                writer::write,
                failed -> failed instanceof CliException why ? why : new CliException(99, String.valueOf(failed)),
                checkpoint,
                LoadProgress.NONE,
                System::nanoTime);
    }

    private static Loader.Result run(Loader loader, StringBuilder input) {
        return run(loader, stream(input.toString()));
    }

    private static Loader.Result run(Loader loader, InputStream input) {
        try {
            return loader.run(input);
        } catch (InterruptedException told) {
            throw new IllegalStateException(told);
        }
    }

    private static CompletableFuture<?> never(LinkedBlockingQueue<CompletableFuture<Void>> asked) {
        CompletableFuture<Void> write = new CompletableFuture<>();
        asked.add(write);
        return write;
    }

    private static CompletableFuture<?> done() {
        return CompletableFuture.completedFuture(null);
    }

    private static CompletableFuture<?> failed() {
        return CompletableFuture.failedFuture(LOST);
    }

    private static InputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(UTF_8)) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                // In small pieces, so that lines cross them.
                return super.read(target, offset, Math.min(length, 7));
            }
        };
    }
}
