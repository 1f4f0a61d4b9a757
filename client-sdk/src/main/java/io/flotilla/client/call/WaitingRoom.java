package io.flotilla.client.call;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Operations that wait for the same thing, in the order in which they were given. Each waits in one room at most. */
final class WaitingRoom {
    private final TreeMap<Long, Call<?>> calls = new TreeMap<>();

    void enter(Call<?> call) {
        if (call.waitingIn != this) {
            leave(call);
            call.waitingIn = this;
            calls.put(call.number, call);
        }
    }

    static void leave(Call<?> call) {
        if (call.waitingIn != null) {
            call.waitingIn.calls.remove(call.number);
            call.waitingIn = null;
        }
    }

    boolean isEmpty() {
        return calls.isEmpty();
    }

    /** The oldest, or null. It stays. */
    Call<?> first() {
        Map.Entry<Long, Call<?>> first = calls.firstEntry();
        return first == null ? null : first.getValue();
    }

    /** The oldest that has no unanswered attempt on the stream, or null. It stays. */
    Call<?> firstNotOpenOn(Link link) {
        for (Call<?> call : calls.values()) {
            if (!call.isOpenOn(link)) {
                return call;
            }
        }
        return null;
    }

    /** The oldest, no longer waiting; null if nobody waits. */
    Call<?> releaseFirst() {
        Map.Entry<Long, Call<?>> first = calls.pollFirstEntry();
        if (first == null) {
            return null;
        }
        first.getValue().waitingIn = null;
        return first.getValue();
    }

    /** Those of which it is true, the oldest first, no longer waiting. */
    List<Call<?>> release(Predicate<Call<?>> which) {
        List<Call<?>> released = new ArrayList<>();
        for (Call<?> call : calls.values()) {
            if (which.test(call)) {
                released.add(call);
            }
        }
        for (Call<?> call : released) {
            leave(call);
        }
        return released;
    }

    /** Empties the room. */
    List<Call<?>> releaseAll() {
        List<Call<?>> all = new ArrayList<>(calls.values());
        calls.clear();
        for (Call<?> call : all) {
            call.waitingIn = null;
        }
        return all;
    }
}
