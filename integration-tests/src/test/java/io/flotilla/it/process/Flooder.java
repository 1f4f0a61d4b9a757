package io.flotilla.it.process;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.BatchResult;
import io.flotilla.client.ClientConfig;
import io.flotilla.client.FlotillaClient;
import io.flotilla.client.FlotillaException;
import io.flotilla.client.IndeterminateException;
import io.flotilla.client.RefusedException;
import io.flotilla.client.WriteBatch;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** A process of its own: so many clients, each with a batch of 4 MiB under way at any time, for so many seconds. */
final class Flooder {
    private static final int VALUE_BYTES = 1_000_000;
    private static final int VALUES = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(4);

    /** A flood of which nothing is refused is none: it lasts until something is, so much longer at most. */
    private static final long MOST_NANOS_MORE = TimeUnit.SECONDS.toNanos(120);

    private final LongAdder done = new LongAdder();
    private final LongAdder busy = new LongAdder();
    /** The last answer was busy, but what became of an earlier attempt is not known. */
    private final LongAdder busyAfterMore = new LongAdder();

    private final LongAdder other = new LongAdder();
    private final long end;
    private final byte[] value = new byte[VALUE_BYTES];
    private volatile String otherText = "";

    private Flooder(long nanos) {
        end = System.nanoTime() + nanos;
        new SplittableRandom(1).nextBytes(value);
    }

    /** @param args endpoints, clients, seconds */
    public static void main(String[] args) {
        List<FlotillaClient> clients = new ArrayList<>();
        List<CompletableFuture<Void>> floods = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(args[1]); i++) {
            FlotillaClient client = FlotillaClient.connect(ClientConfig.of(args[0]));
            // connected, so that it is the nodes that are flooded
            client.async()
                    .put(new byte[] {(byte) i}, new byte[1], Duration.ofMinutes(2))
                    .join();
            clients.add(client);
        }
        Flooder flooder = new Flooder(TimeUnit.SECONDS.toNanos(Long.parseLong(args[2])));
        for (int i = 0; i < clients.size(); i++) {
            CompletableFuture<Void> over = new CompletableFuture<>();
            floods.add(over);
            flooder.next(clients.get(i).async(), "flood-" + i + "-", over);
        }
        CompletableFuture.allOf(floods.toArray(new CompletableFuture<?>[0])).join();
        System.out.println(
                "batches done=" + flooder.done + " refused busy=" + flooder.busy + " busy after an unknown attempt="
                        + flooder.busyAfterMore + " otherwise failed=" + flooder.other + " " + flooder.otherText);
        clients.forEach(FlotillaClient::close);
    }

    private void next(AsyncFlotillaClient client, String prefix, CompletableFuture<Void> over) {
        long now = System.nanoTime();
        if (now >= end && (busy.sum() > 0 || now >= end + MOST_NANOS_MORE)) {
            over.complete(null);
            return;
        }
        WriteBatch.Builder batch = WriteBatch.builder();
        for (int i = 0; i < VALUES; i++) {
            batch.put((prefix + i).getBytes(StandardCharsets.UTF_8), value);
        }
        CompletableFuture<BatchResult> writing = client.batch(batch.build(), PATIENCE);
        writing.whenComplete((result, failed) -> {
            count(failed instanceof CompletionException ? failed.getCause() : failed);
            next(client, prefix, over);
        });
    }

    private void count(Throwable failed) {
        if (failed == null) {
            done.increment();
        } else if (failed instanceof RefusedException refused && refused.reason() == RefusedException.Reason.BUSY) {
            busy.increment();
        } else if (failed instanceof IndeterminateException
                && failed.getMessage().contains("too many requests")) {
            busyAfterMore.increment();
        } else {
            other.increment();
            otherText = "such as " + (failed instanceof FlotillaException ? failed.getMessage() : failed.toString());
        }
    }
}
