package io.flotilla.it.bench;

import io.flotilla.raft.core.Command;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The Raft core alone: entries proposed, replicated to two followers, durable in memory and committed, in one thread. An
 * operation is one entry of 128 bytes.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(value = 1, jvmArgs = "-Xmx1g")
public class CoreBenchmark {
    private static final int ENTRIES = 64;
    private static final int BYTES = 128;

    /** Entries proposed in one turn. */
    @Param({"1", "16", "64"})
    public int batch;

    private final List<Command> commands = new ArrayList<>();
    private CoreGroup group;

    /** Three replicas, one of which leads. */
    @Setup
    public void elect() {
        for (int i = 0; i < batch; i++) {
            byte[] payload = new byte[BYTES];
            commands.add(() -> payload);
        }
        group = new CoreGroup();
    }

    /** @return the entries that are on every disk, so that nothing is left out */
    @Benchmark
    @OperationsPerInvocation(ENTRIES)
    public long replicate() {
        for (int done = 0; done < ENTRIES; done += batch) {
            group.replicate(commands);
        }
        return group.durableEverywhere();
    }
}
