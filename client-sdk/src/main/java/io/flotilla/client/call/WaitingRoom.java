package io.flotilla.client.call;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/** Operations that wait for the same thing, in the order in which they came. Each waits in one room at most. */
final class WaitingRoom {
    // identity hashes decide nothing: the order is that of insertion
    private final LinkedHashSet<Call<?>> calls = new LinkedHashSet<>();

    void enter(Call<?> call) {
        if (call.waitingIn != this) {
            leave(call);
            call.waitingIn = this;
            calls.add(call);
        }
    }

    static void leave(Call<?> call) {
        if (call.waitingIn != null) {
            call.waitingIn.calls.remove(call);
            call.waitingIn = null;
        }
    }

    boolean isEmpty() {
        return calls.isEmpty();
    }

    /** The first that has no unanswered attempt on the stream, or null. It stays. */
    Call<?> firstNotOpenOn(Link link) {
        for (Call<?> call : calls) {
            if (!call.isOpenOn(link)) {
                return call;
            }
        }
        return null;
    }

    /** The one that came first, no longer waiting; null if nobody waits. */
    Call<?> releaseFirst() {
        for (Call<?> call : calls) {
            leave(call);
            return call;
        }
        return null;
    }

    /** Empties the room. */
    List<Call<?>> releaseAll() {
        List<Call<?>> all = new ArrayList<>(calls);
        calls.clear();
        for (Call<?> call : all) {
            call.waitingIn = null;
        }
        return all;
    }
}
