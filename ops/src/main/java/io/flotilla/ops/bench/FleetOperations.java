package io.flotilla.ops.bench;

import io.flotilla.client.AsyncFlotillaClient;
import io.flotilla.client.Expectation;
import io.flotilla.client.ScanPage;
import io.flotilla.client.ScanQuery;
import io.flotilla.client.proto.Shard;
import io.flotilla.client.routing.RoutingTable;
import io.flotilla.client.routing.ShardRoute;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/** Starts a workload's operations on a fleet, one at each call. Thread-safe. */
final class FleetOperations implements Supplier<Driver.Started> {
    private static final int LONGEST_SCAN = 100;
    /** No key ever has it. */
    private static final long NO_VERSION = Long.MAX_VALUE;

    private static final Driver.Place UNKNOWN = new Driver.Place(-1, -1);

    private final AsyncFlotillaClient client;
    private final BenchPlan plan;
    private final RoutingTable table;
    private final KeyChooser chooser;
    private final ValueSource values;
    private final Map<Long, Driver.Place> places = new HashMap<>();
    private final LongAdder absent = new LongAdder();

    /** @param table says which shard and group a key belongs to, for the count alone */
    FleetOperations(AsyncFlotillaClient client, BenchPlan plan, RoutingTable table) {
        this.client = client;
        this.plan = plan;
        this.table = table;
        this.chooser = KeyChooser.of(plan.distribution(), plan.keys());
        this.values = new ValueSource(plan.valueSize());
        for (Shard shard : table.configuration().getShardsList()) {
            places.put(shard.getId(), new Driver.Place(shard.getGroup(), shard.getId()));
        }
    }

    @Override
    public Driver.Started get() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        Workload.Step step = plan.workload().step(random.nextInt(100));
        // new keys are numbered where no run has been before
        long number = step == Workload.Step.INSERT ? random.nextLong() | Long.MIN_VALUE : chooser.next(random);
        byte[] key = BenchKeys.key(number);
        ShardRoute shard = table.find(key);
        return new Driver.Started(start(step, key, random), shard == null ? UNKNOWN : places.get(shard.id()));
    }

    private CompletableFuture<?> start(Workload.Step step, byte[] key, ThreadLocalRandom random) {
        return switch (step) {
            case PUT, INSERT -> client.put(key, values.next(random.nextLong()));
            case GET ->
                client.get(key).thenAccept(found -> {
                    if (found.isEmpty()) {
                        absent.increment();
                    }
                });
            case FAILED_CAS ->
                client.compareAndSet(key, Expectation.version(NO_VERSION), values.next(random.nextLong()));
            case SCAN -> scan(ScanQuery.all().from(key).limit(1 + random.nextInt(LONGEST_SCAN)));
        };
    }

    /** All pages, for a scan may begin near its shard's end. */
    private CompletableFuture<ScanPage> scan(ScanQuery query) {
        return client.scan(query)
                .thenCompose(page -> page.next().isEmpty()
                        ? CompletableFuture.completedFuture(page)
                        : scan(page.next().get()));
    }

    /** Gets that found nothing. */
    long absent() {
        return absent.sum();
    }
}
