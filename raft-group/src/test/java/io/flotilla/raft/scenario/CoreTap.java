package io.flotilla.raft.scenario;

import java.util.ArrayList;
import java.util.List;

/**
 * Hears every call of a core if the core was compiled with taps in it, and someone listens. One recording at a time,
 * on one thread: a simulation's.
 */
public final class CoreTap {
    /** @param group as told before the core was made; 0 if it was not */
    record Call(Object core, long group, String method, Object[] arguments) {}

    private static List<Call> calls;
    private static long nextGroup;

    private CoreTap() {}

    /** From now on everything is kept. */
    static void begin() {
        calls = new ArrayList<>();
    }

    /** What was kept, until now. */
    static List<Call> end() {
        List<Call> kept = calls;
        calls = null;
        return kept;
    }

    /** The next core that is made is of this group. Called by tapped code. */
    public static void group(long group) {
        nextGroup = group;
    }

    /** Called by tapped code. A list is kept as it is now: its owner uses it again. */
    public static void call(Object core, String method, Object... arguments) {
        if (calls != null) {
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] = arguments[i] instanceof List<?> list ? new ArrayList<>(list) : arguments[i];
            }
            calls.add(new Call(core, nextGroup, method, arguments));
        }
    }
}
