package io.flotilla.raft.transport.grpc;

import io.grpc.netty.shaded.io.netty.channel.SelectStrategy;
import io.grpc.netty.shaded.io.netty.util.IntSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Asked by one of netty's loops at the beginning of each round, makes its rounds begin some time apart. A round is what its sockets
 * brought and the tasks that it was given; the tasks to which those led, such as to write a frame, get a second round that
 * does not wait. While the loop waits here, who gives it a task need not wake it. Of the loop's thread.
 */
final class PacedRounds implements SelectStrategy {
    private final LongSupplier nanosApart;
    private final LongSupplier clock;
    private final LongConsumer park;
    private long begun;
    private boolean isSecond;

    PacedRounds(LongSupplier nanosApart, LongSupplier clock, LongConsumer park) {
        this.nanosApart = nanosApart;
        this.clock = clock;
        this.park = park;
    }

    @Override
    public int calculateStrategy(IntSupplier selectNow, boolean hasTasks) throws Exception {
        long apart = nanosApart.getAsLong();
        if (apart == 0 || isSecond && hasTasks) {
            isSecond = false;
            return hasTasks ? selectNow.get() : SELECT;
        }
        long now = clock.getAsLong();
        long wait = begun + apart - now;
        if (wait > 0 && wait <= apart) {
            park.accept(wait);
            now = clock.getAsLong();
        }
        begun = now;
        isSecond = true;
        int ready = selectNow.get();
        return ready > 0 || hasTasks ? ready : SELECT;
    }
}
