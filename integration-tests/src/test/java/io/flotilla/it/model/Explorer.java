package io.flotilla.it.model;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Explores all states of a size, breadth first, and then looks from every state for a way on which all moves end. The first is
 * ended by the first promise broken, so its counterexample is a shortest one.
 */
final class Explorer {
    private final Size size;
    private final Fault fault;
    private final int limit;
    private final Logs logs = new Logs();
    private final RaftRules raft;
    private final SourceRules source;
    private final TargetRules target;
    private final Promises promises;
    private final StateTable table;
    private final Set<Step> kinds = EnumSet.noneOf(Step.class);
    private final Steps steps = new Steps();
    private int[] parents = new int[1 << 16];

    /**
     * @param alike whether states that differ in the names of B's replicas alone are one
     * @param limit states after which the exploration stops and says so
     */
    Explorer(Size size, Fault fault, boolean alike, int limit) {
        table = new StateTable(alike);
        this.size = size;
        this.fault = fault;
        this.limit = limit;
        raft = new RaftRules(fault, logs);
        source = new SourceRules(size, fault, raft);
        target = new TargetRules(size, fault, raft, logs);
        promises = new Promises(fault, logs);
    }

    /**
     * What came out.
     *
     * @param exhausted whether all states within the size were seen
     * @param broken the promise that was broken, or null
     * @param trace the steps to it, from the beginning
     * @param seconds of one core
     * @param kinds the kinds of steps that were taken
     */
    record Result(
            Size size,
            Fault fault,
            int states,
            long edges,
            int depth,
            boolean exhausted,
            String broken,
            List<String> trace,
            double seconds,
            String parts,
            Set<Step> kinds) {
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(String.format(
                    "%s, %s: %,d states, %,d edges, depth %d, %s, %.1f s of one core (%s)",
                    size.name(),
                    fault,
                    states,
                    edges,
                    depth,
                    broken != null ? "BROKEN" : exhausted ? "exhausted" : "not exhausted",
                    seconds,
                    parts));
            if (broken != null) {
                text.append("\n  ").append(broken);
                for (int n = 0; n < trace.size(); n++) {
                    text.append(String.format("%n  %2d. %s", n + 1, trace.get(n)));
                }
            }
            return text.toString();
        }
    }

    Result run() {
        long begin = cpuTime();
        begin();
        long edges = 0;
        int depth = 0;
        int levelEnds = table.size();
        int next = 0;
        String broken = null;
        int last = -1;
        while (next < table.size() && broken == null && table.size() < limit) {
            if (next == levelEnds) {
                depth++;
                levelEnds = table.size();
            }
            State state = table.get(next);
            stepsOf(state);
            edges += steps.size();
            for (int n = 0; n < steps.size() && broken == null; n++) {
                State after = steps.state(n);
                kinds.add(steps.kind(n));
                broken = promises.brokenBy(steps.kind(n), state, after);
                int number = add(after);
                if (number < 0) {
                    parent(-1 - number, next);
                    if (broken == null) {
                        broken = promises.broken(after);
                    }
                }
                last = number < 0 ? -1 - number : number;
            }
            if (broken != null) {
                List<String> trace = trace(next, last);
                return result(begin, edges, depth + 1, false, broken, trace);
            }
            next++;
        }
        boolean exhausted = next == table.size();
        if (!exhausted) {
            return result(begin, edges, depth, false, null, List.of());
        }
        int stuck = stuck();
        if (stuck >= 0) {
            List<String> trace = trace(stuck, -1);
            return result(begin, edges, depth, true, "no way on which the moves end", trace);
        }
        return result(begin, edges, depth, true, null, List.of());
    }

    /** How many states there are once the names of B's replicas are left out. */
    int statesWithoutNames() {
        StateTable sorted = new StateTable(true);
        for (int number = 0; number < table.size(); number++) {
            sorted.add(table.get(number));
        }
        return sorted.size();
    }

    private static long cpuTime() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private Result result(long begin, long edges, int depth, boolean all, String broken, List<String> trace) {
        double seconds = (cpuTime() - begin) / 1e9;
        return new Result(size, fault, table.size(), edges, depth, all, broken, trace, seconds, table.parts(), kinds);
    }

    /** The shard at A; b1 leads B in term 1 and its first entry is on all replicas and applied. */
    private void begin() {
        int log = logs.append(Logs.EMPTY, Entry.inTerm(Entry.of(Entry.TERM_BEGINS, 0), 1));
        Engine engine = Engine.EMPTY.after(Shard.NOTHING, 1);
        Replica follower = new Replica(log, engine, engine, 1, true, false, false);
        // in one view the keys are alike; in two, the order in which they are copied tells them apart
        int ways = size.views() == 1 ? 1 : 1 << size.writes();
        for (int keys = 0; keys < ways; keys++) {
            Course course = Course.of(size, keys).committed(1);
            add(new State(course, GroupA.FOUNDED, follower.inTerm(1, true), follower, follower));
            parent(table.size() - 1, -1);
        }
    }

    private void stepsOf(State state) {
        steps.clear();
        target.addTo(steps, state);
        raft.addTo(steps, state);
        source.addTo(steps, state);
    }

    /** Once nothing can crash any more, when an engine is flushed makes no difference: at once. */
    private State normal(State state) {
        State normal = state;
        if (state.course().crashes() == 0) {
            for (int i = 0; i < State.REPLICAS; i++) {
                Replica replica = state.replica(i);
                if (replica.engine() != replica.flushed()) {
                    normal = normal.with(i, replica.withFlushed(replica.engine()));
                }
            }
        }
        return normal;
    }

    private int add(State state) {
        return table.add(normal(state));
    }

    private void parent(int number, int parent) {
        if (number >= parents.length) {
            parents = Arrays.copyOf(parents, parents.length * 2);
        }
        parents[number] = parent;
    }

    /**
     * The first state found from which no way of healing steps leads to the end of all moves, or -1. Steps lead mostly to
     * states found later, so going backwards settles nearly all states at once; repeated until nothing changes.
     */
    private int stuck() {
        BitSet ends = new BitSet(table.size());
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int number = table.size() - 1; number >= 0; number--) {
                if (!ends.get(number) && leadsOn(number, ends)) {
                    ends.set(number);
                    changed = true;
                }
            }
        }
        int first = ends.nextClearBit(0);
        return first < table.size() ? first : -1;
    }

    private boolean leadsOn(int number, BitSet ends) {
        State state = table.get(number);
        if (promises.ended(state)) {
            return true;
        }
        stepsOf(state);
        for (int n = 0; n < steps.size(); n++) {
            if (steps.heals(n) && ends.get(add(steps.state(n)))) {
                return true;
            }
        }
        return false;
    }

    /** The steps from the beginning to a state, and on to the last one if given, with the replicas' names kept. */
    private List<String> trace(int to, int last) {
        List<Integer> way = new ArrayList<>();
        for (int number = to; number >= 0; number = parents[number]) {
            way.add(0, number);
        }
        if (last >= 0) {
            way.add(last);
        }
        List<String> trace = new ArrayList<>();
        State state = table.get(way.get(0));
        for (int wanted : way.subList(1, way.size())) {
            stepsOf(state);
            int n = 0;
            while (add(steps.state(n)) != wanted) {
                n++;
            }
            trace.add(steps.text(n));
            state = normal(steps.state(n));
        }
        trace.add("then: A " + state.a().shard() + "; " + describe(state));
        return trace;
    }

    private String describe(State state) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < State.REPLICAS; i++) {
            Replica replica = state.replica(i);
            text.append(i == 0 ? "" : "; ").append("b").append(i + 1).append(replica.up() ? " " : " (down) ");
            text.append("term ").append(replica.term()).append(replica.leads() ? " leads, " : ", ");
            text.append(replica.engine().shard());
            for (int m = 1; m <= size.moves(); m++) {
                text.append(", hold(")
                        .append(m)
                        .append(") ")
                        .append(replica.engine().hold(m));
            }
            text.append(", applied ").append(replica.engine().applied()).append(" of ");
            text.append(logs.length(replica.log()))
                    .append(", commit ")
                    .append(state.course().commit());
        }
        return text.toString();
    }
}
