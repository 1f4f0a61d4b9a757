package io.flotilla.raft.sim;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.BulkMessage;
import io.flotilla.raft.transport.GroupMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The world between places (nodes and clients, by name). Faults are set from outside: how lossy the network is as a
 * whole, and which directed links are cut.
 */
public final class SimNetwork {
    /**
     * How well the network carries.
     *
     * @param loss the chance that a frame is lost
     * @param duplication the chance that it comes twice
     * @param reordering the chance that it is held back by up to {@code reorderNanos}
     */
    public record Quality(
            double loss, double duplication, double reordering, long reorderNanos, long minDelay, long maxDelay) {
        /** A healthy local network: 0.1 to 1 ms. */
        public static Quality healthy() {
            return new Quality(0, 0, 0, 0, 100_000, 1_000_000);
        }
    }

    /** Another kind of network in place of the quality: decides about each message, which then travels alone. */
    public interface Carrier {
        /** @return the nanoseconds until it arrives, or -1 if it is lost */
        long carry(NodeId from, NodeId to, GroupMessage message);

        /** The same for a piece of bulk. */
        long carry(NodeId from, NodeId to, BulkMessage message);
    }

    /** Sees each frame as it leaves, before the network has done anything to it. */
    public interface Observer {
        void sent(NodeId from, NodeId to, GroupMessage message);
    }

    private final SimScheduler scheduler;
    private final SplittableRandom random;
    private final TreeMap<String, SimTransport> listeners = new TreeMap<>();
    private final TreeSet<String> cuts = new TreeSet<>();
    private final TreeSet<String> forgetful = new TreeSet<>();
    private final TreeSet<String> muted = new TreeSet<>();
    private Quality quality = Quality.healthy();
    private Carrier carrier;
    private final List<Observer> observers = new ArrayList<>();
    private final SimGreetings greetings = new SimGreetings();

    public SimNetwork(SimScheduler scheduler) {
        this.scheduler = scheduler;
        this.random = scheduler.randomStream();
    }

    /** Shows each frame to one more observer. */
    public void observe(Observer observer) {
        observers.add(observer);
    }

    public void setQuality(Quality newQuality) {
        quality = newQuality;
    }

    public Quality quality() {
        return quality;
    }

    /** From now on messages between nodes go by this; null goes back to the quality. */
    public void setCarrier(Carrier newCarrier) {
        carrier = newCarrier;
    }

    Carrier carrier() {
        return carrier;
    }

    /** Cuts one direction; frames on their way are lost too. */
    public void cut(String from, String to) {
        cuts.add(from + '>' + to);
    }

    public void heal(String from, String to) {
        cuts.remove(from + '>' + to);
    }

    public void healAll() {
        cuts.clear();
    }

    public boolean isCut(String from, String to) {
        return !cuts.isEmpty() && cuts.contains(from + '>' + to);
    }

    /** From now on this node forgets at once what it hears of starts and logs of the other, as if it crashed before that was durable. */
    public void forget(String node, String other) {
        forgetful.add(node + '>' + other);
    }

    boolean forgets(NodeId node, NodeId other) {
        return !forgetful.isEmpty() && forgetful.contains(node.value() + '>' + other.value());
    }

    public SplittableRandom random() {
        return random;
    }

    /** How long a frame takes that leaves now. */
    public long delay() {
        long base = quality.minDelay + random.nextLong(quality.maxDelay - quality.minDelay + 1);
        return chance(quality.reordering) ? base + random.nextLong(quality.reorderNanos + 1) : base;
    }

    public boolean loses() {
        return chance(quality.loss);
    }

    public boolean duplicates() {
        return chance(quality.duplication);
    }

    private boolean chance(double probability) {
        return probability > 0 && random.nextDouble() < probability;
    }

    SimScheduler scheduler() {
        return scheduler;
    }

    /** What the node says from now on is not held against it: its directory was put back, and it is to be refused. */
    public void mute(String node) {
        muted.add(node);
    }

    boolean isMute(NodeId node) {
        return !muted.isEmpty() && muted.contains(node.value());
    }

    void sent(NodeId from, NodeId to, GroupMessage message) {
        if (isMute(from)) {
            return;
        }
        for (Observer observer : observers) {
            observer.sent(from, to, message);
        }
    }

    SimGreetings greetings() {
        return greetings;
    }

    void listen(String address, SimTransport transport) {
        listeners.put(address, transport);
    }

    void stopListening(String address, SimTransport transport) {
        listeners.remove(address, transport);
    }

    SimTransport listener(String address) {
        return listeners.get(address);
    }
}
