package io.flotilla.raft.lab;

import io.flotilla.raft.core.SoftState;
import io.flotilla.raft.host.ProposalCallback;
import io.flotilla.raft.host.Refusal;
import io.flotilla.raft.sim.SimFailure;
import io.flotilla.raft.sim.SimNetwork;
import io.flotilla.raft.sim.SimScheduler;
import io.flotilla.raft.sim.invariant.RaftInvariants;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * The servers of a lab test and the labs' questions to them. The test is the only one who lets time pass. All of a run
 * follows from its seed; every safety property of Raft is checked at every event besides.
 */
final class LabGroup implements LabRuns.World {
    static final long GROUP = 0;
    private static final long MILLI = 1_000_000;
    /** The labs end a test that takes longer. */
    private static final long CAP_NANOS = 120_000 * MILLI;

    private static final long AGREEMENT_MILLIS = 10_000;

    private final SimScheduler scheduler;
    private final SimNetwork network;
    private final LabWires wires;
    private final RaftInvariants invariants;
    private final LabTiming timing;
    private final SplittableRandom random;
    private final List<LabServer> servers = new ArrayList<>();
    private final boolean[] connected;
    /** What was applied first at each place, anywhere. */
    private final List<String> agreed = new ArrayList<>();
    /** How many commands there are up to each committed index. */
    private final List<Long> committedOrdinals = new ArrayList<>(List.of(0L));

    private final Map<Long, Attempt> attempts = new HashMap<>();
    private long attemptNumber;

    private final boolean snapshots;

    /**
     * @param unreliable whether messages are lost and late from the beginning
     * @param snapshots whether the servers take one after each tenth command and let go of their logs
     */
    LabGroup(long seed, LabTiming timing, int size, boolean unreliable, boolean snapshots) {
        this.timing = timing;
        this.snapshots = snapshots;
        scheduler = new SimScheduler(seed);
        network = new SimNetwork(scheduler);
        random = scheduler.randomStream();
        wires = new LabWires(scheduler.randomStream());
        wires.setUnreliable(unreliable);
        network.setCarrier(wires);
        invariants = new RaftInvariants(
                scheduler,
                result -> result == null ? 0 : (Long) result,
                machine -> machine.as(LabMachine.class).hash());
        network.observe(invariants);
        connected = new boolean[size];
        for (int i = 0; i < size; i++) {
            servers.add(new LabServer(this, i, random.split()));
            connected[i] = true;
        }
        servers.forEach(LabServer::start);
    }

    // --- the world ---

    SimScheduler scheduler() {
        return scheduler;
    }

    SimNetwork network() {
        return network;
    }

    LabWires wires() {
        return wires;
    }

    RaftInvariants invariants() {
        return invariants;
    }

    @Override
    public LabTiming timing() {
        return timing;
    }

    SplittableRandom random() {
        return random;
    }

    int size() {
        return connected.length;
    }

    LabServer server(int number) {
        return servers.get(number);
    }

    boolean hasSnapshots() {
        return snapshots;
    }

    /** The most bytes of Raft's own state that any server keeps on disk. */
    long largestState() {
        return servers.stream().mapToLong(LabServer::stateBytes).max().orElseThrow();
    }

    @Override
    public double seconds() {
        return scheduler.now() / 1e9;
    }

    /** Lets time pass. */
    void sleep(long millis) {
        scheduler.runUntil(scheduler.now() + millis * MILLI);
        checkTime();
    }

    /** Goes on event by event until it is so, or the time is over. */
    void stepUntil(long millis, BooleanSupplier so) {
        long end = scheduler.now() + millis * MILLI;
        while (!so.getAsBoolean() && scheduler.now() < end) {
            scheduler.step();
        }
        checkTime();
    }

    private void checkTime() {
        if (scheduler.now() > CAP_NANOS) {
            throw new LabFailure("test took longer than 120 seconds");
        }
    }

    // --- what a test may break ---

    boolean isConnected(int server) {
        return connected[server];
    }

    void disconnect(int server) {
        connected[server] = false;
        rewire();
    }

    /** Connects a server to all others that are connected. */
    void connect(int server) {
        connected[server] = true;
        rewire();
    }

    private void rewire() {
        for (int a = 0; a < size(); a++) {
            for (int b = 0; b < size(); b++) {
                String from = LabServer.id(a).value();
                String to = LabServer.id(b).value();
                if (connected[a] && connected[b]) {
                    network.heal(from, to);
                } else {
                    network.cut(from, to);
                }
            }
        }
    }

    /** The process ends; what it wrote survives. It comes back disconnected, by {@link #restart}. */
    void crash(int server) {
        disconnect(server);
        servers.get(server).crash();
    }

    /** Ends it first if it runs. */
    void restart(int server) {
        if (servers.get(server).isUp()) {
            crash(server);
        }
        servers.get(server).start();
    }

    // --- commands ---

    private static final class Attempt {
        final int server;
        final Consumer<LabStart> done;

        Attempt(int server, Consumer<LabStart> done) {
            this.server = server;
            this.done = done;
        }
    }

    /** Submits; answers with where it stands once the server took it as leader, or with null if it does not lead. */
    void start(int server, String command, Consumer<LabStart> done) {
        LabServer to = servers.get(server);
        if (to.host() == null) {
            done.accept(null);
            return;
        }
        long number = ++attemptNumber;
        attempts.put(number, new Attempt(server, done));
        to.host().propose(GROUP, new LabCommand(number, command).payload(), new ProposalCallback() {
            @Override
            public void applied(long index, Object result) {}

            @Override
            public void refused(Refusal refusal) {
                Attempt attempt = attempts.remove(number);
                if (attempt != null) {
                    attempt.done.accept(null);
                }
            }
        });
    }

    /** A server's log takes a command: if it was submitted there, this is the answer. */
    void taken(int server, LabCommand command, long ordinal, long term) {
        Attempt attempt = attempts.get(command.attempt());
        if (attempt != null && attempt.server == server) {
            attempts.remove(command.attempt());
            attempt.done.accept(new LabStart(server, ordinal, term));
        }
    }

    /** As {@link #start(int, String, Consumer)}, at once: almost no time passes. Null if the server does not lead. */
    LabStart start(int server, String command) {
        List<LabStart> answers = new ArrayList<>();
        start(server, command, answers::add);
        stepUntil(50, () -> !answers.isEmpty());
        return answers.isEmpty() ? null : answers.get(0);
    }

    /** Submits to every server at the same time. @return by server, null where it was not taken */
    List<LabStart> startEverywhere(String command) {
        List<LabStart> answers = new ArrayList<>();
        int[] open = {size()};
        for (int i = 0; i < size(); i++) {
            int server = i;
            answers.add(null);
            start(server, command, answer -> {
                answers.set(server, answer);
                open[0]--;
            });
        }
        stepUntil(50, () -> open[0] == 0);
        return answers;
    }

    // --- what the servers apply ---

    void committed(long index, long ordinal) {
        if (index == committedOrdinals.size()) {
            committedOrdinals.add(ordinal);
        }
    }

    long committedOrdinal(long index) {
        return committedOrdinals.get((int) index);
    }

    void checkApplied(LabServer server, long ordinal, String command) {
        if (ordinal == agreed.size() + 1) {
            agreed.add(command);
        } else if (!agreed.get((int) ordinal - 1).equals(command)) {
            throw new LabFailure(
                    "commit index=%d server=%d %s != %s",
                    ordinal, server.number, command, agreed.get((int) ordinal - 1));
        }
    }

    // --- the labs' questions ---

    /** Waits for it; the leader of the highest term. */
    int checkOneLeader() {
        for (int tries = 0; tries < 10; tries++) {
            sleep(450 + random.nextLong(100));
            TreeMap<Long, Integer> leaders = new TreeMap<>();
            for (LabServer server : servers) {
                if (connected[server.number] && server.leads()) {
                    long term = server.state().term();
                    Integer other = leaders.put(term, server.number);
                    if (other != null) {
                        throw new LabFailure("term %d has two leaders: %d and %d", term, other, server.number);
                    }
                }
            }
            if (!leaders.isEmpty()) {
                return leaders.lastEntry().getValue();
            }
        }
        throw new LabFailure("expected one leader, got none");
    }

    /** All connected servers are in this term. */
    long checkTerms() {
        long term = -1;
        for (LabServer server : servers) {
            if (connected[server.number]) {
                long its = server.state().term();
                if (term != -1 && its != term) {
                    throw new LabFailure("servers disagree on term: %d and %d", term, its);
                }
                term = its;
            }
        }
        return term;
    }

    void checkNoLeader() {
        for (LabServer server : servers) {
            if (connected[server.number] && server.leads()) {
                throw new LabFailure(
                        "expected no leader among connected servers, but %d claims to be leader", server.number);
            }
        }
    }

    long highestTerm() {
        long term = 0;
        for (LabServer server : servers) {
            term = Math.max(term, server.state().term());
        }
        return term;
    }

    /** How many servers have applied a command at this place. That they agree is checked as they apply. */
    int committedOn(long index) {
        int count = 0;
        for (LabServer server : servers) {
            if (server.applied(index) != null) {
                count++;
            }
        }
        return count;
    }

    /** The command that was committed at this place, or null. */
    String commandAt(long index) {
        return index > agreed.size() ? null : agreed.get((int) index - 1);
    }

    /** Waits until {@code count} servers have applied the place. @return null if a server left the term meanwhile */
    String await(long index, int count, long startTerm) {
        long pause = 10;
        for (int i = 0; i < 30 && committedOn(index) < count; i++) {
            sleep(pause);
            pause = pause < 1_000 ? 2 * pause : pause;
            if (startTerm > -1) {
                for (LabServer server : servers) {
                    if (server.state().term() > startTerm) {
                        return null;
                    }
                }
            }
        }
        if (committedOn(index) < count) {
            throw new LabFailure("only %d decided for index %d; wanted %d", committedOn(index), index, count);
        }
        return commandAt(index);
    }

    /**
     * Reaches agreement on a command within 10 s: some connected leader takes it, and within 2 s at least {@code
     * expected} servers have applied it at the place the leader named. Else, if allowed, it is submitted again.
     *
     * @return its place
     */
    long one(String command, int expected, boolean retry) {
        long end = scheduler.now() + AGREEMENT_MILLIS * MILLI;
        int next = 0;
        while (scheduler.now() < end) {
            LabStart start = null;
            for (int i = 0; i < size() && start == null; i++) {
                next = (next + 1) % size();
                if (connected[next]) {
                    start = start(next, command);
                }
            }
            if (start == null) {
                sleep(50);
                continue;
            }
            long index = start.index();
            for (int i = 0; i < 100; i++) {
                if (committedOn(index) >= expected && command.equals(commandAt(index))) {
                    return index;
                }
                sleep(20);
            }
            if (!retry) {
                break;
            }
        }
        throw new LabFailure("one(%s) failed to reach agreement%s", brief(command), describe());
    }

    private static String brief(String command) {
        return command.length() > 20 ? command.substring(0, 20) + "..." : command;
    }

    private String describe() {
        StringBuilder all = new StringBuilder();
        for (LabServer server : servers) {
            SoftState state = server.state();
            all.append(String.format(
                    "%n  %s: %s, %s, term %d, log to %d, committed to %d",
                    server.id,
                    server.isUp() ? state.role() : "down",
                    connected[server.number] ? "connected" : "disconnected",
                    state.term(),
                    state.last(),
                    state.committed()));
        }
        return all.toString();
    }

    /** At the end of a run: what its own checks can't see. */
    @Override
    public void finish() {
        checkTime();
        // a lab test must not leave anything behind that runs on without it
        for (LabServer server : servers) {
            if (server.isUp()) {
                server.crash();
            }
        }
        try {
            while (scheduler.step()) {
                // what was planned runs into nothing
            }
        } catch (SimFailure e) {
            throw new LabFailure("after the end: %s", e.getMessage());
        }
    }
}
