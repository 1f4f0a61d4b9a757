package io.flotilla.it.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs the benchmark for a moment; with {@code -Dflotilla.bench=true} in full, in processes of its own. */
class CoreBenchmarkTest {
    @Test
    void whatIsProposedIsOnEveryDisk() {
        CoreGroup group = new CoreGroup();
        long before = group.durableEverywhere();
        for (int i = 0; i < 1_000; i++) {
            group.replicate(List.of(() -> new byte[128], () -> new byte[128]));
        }
        assertThat(group.durableEverywhere()).isEqualTo(before + 2_000);
    }

    @Test
    @Timeout(value = 1, unit = TimeUnit.HOURS)
    void theBenchmarkRuns() throws Exception {
        boolean full = Boolean.getBoolean("flotilla.bench");
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(CoreBenchmark.class.getName())
                .shouldFailOnError(true)
                .addProfiler(GCProfiler.class);
        if (!full) {
            options.forks(0)
                    .warmupIterations(0)
                    .measurementIterations(1)
                    .measurementTime(TimeValue.milliseconds(50))
                    .verbosity(VerboseMode.SILENT);
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        assertThat(results).hasSize(3);
        for (RunResult result : results) {
            double perSecond = result.getPrimaryResult().getScore();
            double bytes =
                    result.getSecondaryResults().get("gc.alloc.rate.norm").getScore();
            System.out.printf(
                    "batches of %s: %,.0f entries per second, %,.0f bytes allocated per entry%n",
                    result.getParams().getParam("batch"), perSecond, bytes);
            assertThat(perSecond).isPositive();
            assertThat(bytes).isPositive();
        }
    }
}
