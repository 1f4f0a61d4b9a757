package io.flotilla.ops.bench;

import io.flotilla.client.Limits;
import io.flotilla.ops.cli.CliException;
import java.time.Duration;

/**
 * What a run is to do.
 *
 * @param keys the keys 0 to keys - 1 are used
 * @param valueSize bytes of a value written
 * @param inFlight operations under way at most
 * @param rate operations a second, each with its own intended start; 0 starts the next one when one has ended
 * @param duration of the measured window
 * @param warmup what comes before it
 */
public record BenchPlan(
        Workload workload,
        long keys,
        int valueSize,
        int inFlight,
        long rate,
        Duration duration,
        Duration warmup,
        KeyChooser.Kind distribution,
        Load load) {
    private static final long MAX_KEYS = 1_000_000_000L;
    private static final int MAX_IN_FLIGHT = 65_536;
    private static final long MAX_IN_FLIGHT_BYTES = 1L << 30;
    private static final long MAX_RATE = 10_000_000;

    /** Whether the keys are written before the run. */
    public enum Load {
        /** If the workload reads and a sample of the keys is not all there with values of that size. */
        auto,
        always,
        never
    }

    /** @throws CliException (usage) if a number is out of bounds */
    public void check() {
        range("--keys", keys, 1, MAX_KEYS);
        range("--value-size", valueSize, 0, Limits.VALUE_BYTES);
        range("--in-flight", inFlight, 1, MAX_IN_FLIGHT);
        range("--rate", rate, 0, MAX_RATE);
        if (bytesInFlight() > MAX_IN_FLIGHT_BYTES) {
            throw CliException.usage("bench: --in-flight " + inFlight + " with --value-size " + valueSize + " is "
                    + (bytesInFlight() >> 20) + " MiB at once, at most " + (MAX_IN_FLIGHT_BYTES >> 20)
                    + " MiB are allowed; give a smaller one");
        }
        if (duration.compareTo(Duration.ofMillis(100)) < 0) {
            throw CliException.usage("bench: --duration is shorter than 100ms; nothing could be measured");
        }
    }

    /** What the client must allow. */
    public long bytesInFlight() {
        return (long) inFlight * (BenchKeys.BYTES + valueSize);
    }

    private static void range(String flag, long value, long least, long most) {
        if (value < least || value > most) {
            throw CliException.usage("bench: " + flag + " is " + value + ", but must be from " + least + " to " + most);
        }
    }
}
