package io.flotilla.ops.command;

import io.flotilla.ops.bench.Bench;
import io.flotilla.ops.cli.LiveLine;
import io.flotilla.ops.cli.Terminal;

/** Shows how a measurement goes. Used by one thread. */
final class BenchProgress extends LiveLine implements Bench.ProgressListener {
    BenchProgress(Terminal terminal) {
        super(terminal, "bench");
    }
}
