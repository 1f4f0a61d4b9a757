package io.flotilla.raft.scenario;

import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.BiFunction;

/**
 * A run of a seed, done with taps in its cores.
 *
 * @param failure what was seen to be broken, or null
 */
record TappedRun(String failure, List<CoreTap.Call> calls) {
    /** @param judge class and argument of what runs the seed, with a colon between them */
    static TappedRun of(String judge, long seed) {
        CoreTap.begin();
        String failure = null;
        List<CoreTap.Call> calls;
        try {
            failure = run(judge).apply(seed, judge.substring(judge.indexOf(':') + 1));
        } finally {
            calls = CoreTap.end();
        }
        return new TappedRun(failure, calls);
    }

    @SuppressWarnings("unchecked")
    private static BiFunction<Long, String, String> run(String judge) {
        try {
            return (BiFunction<Long, String, String>)
                    Class.forName(judge.substring(0, judge.indexOf(':')), true, TappedRun.class.getClassLoader())
                            .getDeclaredConstructor()
                            .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("there is no judge " + judge, e);
        }
    }

    SortedSet<Long> groups() {
        SortedSet<Long> groups = new TreeSet<>();
        calls.forEach(call -> groups.add(call.group()));
        return groups;
    }
}
