package io.flotilla.client.call;

import java.util.List;
import java.util.function.Predicate;

/**
 * Operations of one group that pause, and those whose pause is over and that wait until they may be tried again, the oldest first. Each group
 * has its own, so that what one can't do costs the others nothing. Owned by the loop.
 */
final class Retries extends Timed {
    /** Between two looks at the budget. */
    private static final long PACE = 4_000_000;
    /** Bytes that cost one token more. */
    private static final int BYTES_PER_TOKEN = 16 << 10;
    /** Of a larger request only so much is sent before the node says whether it takes it. */
    private static final int MOST_BYTES = 256 << 10;

    private final ClientLoop loop;
    private final RetryBudget budget = new RetryBudget();
    private final WaitingRoom waiting = new WaitingRoom();
    private final WaitingRoom resting = new WaitingRoom();
    private boolean releasing;

    Retries(ClientLoop loop) {
        this.loop = loop;
    }

    /** Tries it again now, or when it is the oldest and the budget allows it. */
    void retry(Call<?> call, long now) {
        if (waiting.isEmpty() && take(call, now)) {
            loop.place(call);
            return;
        }
        waiting.enter(call);
        loop.schedule(call);
        release(now);
    }

    /** Whether it may be sent once more now. */
    boolean take(Call<?> call, long now) {
        int cost = 1 + (int) Math.min(call.bytes, MOST_BYTES) / BYTES_PER_TOKEN;
        if (!budget.take(now, cost)) {
            return false;
        }
        call.retryTokens = cost;
        return true;
    }

    /** The operation pauses before it is tried again. */
    void rests(Call<?> call) {
        resting.enter(call);
    }

    /** Those that need not wait here any more, for they are to go elsewhere. */
    List<Call<?>> release(Predicate<Call<?>> which) {
        List<Call<?>> released = resting.release(which);
        released.addAll(waiting.release(which));
        return released;
    }

    boolean holds(Call<?> call) {
        return call.waitingIn == waiting;
    }

    /** The operation was done. */
    void succeeded(Call<?> call) {
        budget.succeeded(call.retryTokens);
        call.retryTokens = 0;
        if (!waiting.isEmpty()) {
            release(loop.now());
        }
    }

    @Override
    void wake(long now) {
        release(now);
    }

    private void release(long now) {
        if (releasing) {
            return;
        }
        releasing = true;
        Call<?> first = waiting.first();
        while (first != null && take(first, now)) {
            WaitingRoom.leave(first);
            loop.place(first);
            first = waiting.first();
        }
        releasing = false;
        if (first != null && !isScheduled()) {
            loop.wheel.schedule(this, now + PACE);
        }
    }
}
