package io.flotilla.client.call;

import io.flotilla.client.RefusedException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The way to one group's leader. While it is known, operations go there at once. When it gets lost they wait here, and
 * one of them at a time is sent to the replicas in turn, those first that a refusal pointed to, until one answers; then
 * all follow. So a change of leader costs the fleet a few requests, however many operations wait for it. Owned by the
 * loop.
 */
final class GroupRoute extends Timed {
    private static final long MILLI = 1_000_000;
    /** A probe that is not answered for this long no longer keeps others from being sent. */
    private static final long PROBE_PATIENCE = 250 * MILLI;
    /** How long a new connection may take before the next replica is tried instead. */
    private static final long CONNECT_PATIENCE = 250 * MILLI;
    /** Between probes once each replica has been asked in vain, and half of it again at random. */
    private static final long POLL = 30 * MILLI;
    /** How long a replica that left requests unanswered is passed over. */
    private static final long SUSPICION = 1_000 * MILLI;
    /** How often in a row a hint is followed at once: replicas may point at each other. */
    private static final int HOPS = 4;

    private final ClientLoop loop;
    private final long id;
    private final WaitingRoom waiting = new WaitingRoom();
    // by node: until when it is passed over
    private final Map<String, Long> suspects = new LinkedHashMap<>();
    private List<String> replicas = List.of();
    private Link leader;
    private long leaderHeardAt;
    private String hint;
    private int hops;
    private int cursor;
    private int refusals;
    private long nextProbeAt;
    private Link probed;
    private long probedUntil;

    GroupRoute(ClientLoop loop, long id) {
        this.loop = loop;
        this.id = id;
        this.cursor = (int) Math.floorMod(id, 1009L);
    }

    long id() {
        return id;
    }

    void setReplicas(List<String> replicas) {
        this.replicas = replicas;
        cursor = replicas.isEmpty() ? 0 : cursor % replicas.size();
    }

    boolean isSeeking() {
        return leader == null && !waiting.isEmpty();
    }

    /** Sends the operation to the leader, or keeps it until the leader is known. */
    void offer(Call<?> call) {
        if (leader != null && leader.isReady()) {
            if (call.isOpenOn(leader)) {
                loop.schedule(call);
            } else if (leader.isFull()) {
                leader.backlog.enter(call);
                loop.schedule(call);
            } else {
                loop.send(call, leader, this);
            }
            return;
        }
        leader = null;
        if (!call.everSent) {
            call.note(RefusedException.Reason.TIMEOUT_BEFORE_SEND, "no leader of group " + id + " was found");
        }
        waiting.enter(call);
        loop.schedule(call);
        seek(loop.now());
    }

    /** The node answered a request of this group as only its leader does. */
    void succeeded(Link link) {
        if (leader == null && link.isReady()) {
            leader = link;
            hint = null;
            hops = 0;
            refusals = 0;
            nextProbeAt = 0;
            probed = null;
            suspects.clear();
            loop.wheel.cancel(this);
            for (Call<?> call : waiting.releaseAll()) {
                offer(call);
            }
        }
        if (leader == link) {
            leaderHeardAt = loop.now();
        }
    }

    /** The leader lives but did not do it. */
    void heard(Link link) {
        if (leader == link) {
            leaderHeardAt = loop.now();
        } else {
            probeEnded(link);
        }
    }

    /** The node does not lead the group. @param hinted the node that does, as far as it knows; or empty */
    void refused(Link link, String hinted) {
        if (leader == link) {
            forgetLeader();
        }
        if (leader != null) {
            return;
        }
        probeEnded(link);
        long now = loop.now();
        boolean follow = !hinted.isEmpty() && hops < HOPS && !isSuspect(hinted, now);
        Link target = follow ? loop.fleet.linkTo(hinted) : null;
        if (target != null
                && target != link
                && (target.isReady() || target.mayConnect(now) || target.isConnecting(now, CONNECT_PATIENCE))) {
            hint = hinted;
            hops++;
            return;
        }
        refusals++;
        if (refusals >= replicas.size()) {
            nextProbeAt = now + POLL + Math.floorMod(loop.random(), POLL / 2);
            hops = 0;
            loop.fleet.connectEndpoints();
        }
    }

    /** The stream is over: whoever it led to must be found again. */
    void linkDown(Link link) {
        if (leader == link) {
            forgetLeader();
        }
        probeEnded(link);
    }

    /**
     * An operation got no answer for long. If its node still counts as the leader and nothing was heard from it since,
     * that is over, and all others that wait for it are placed anew.
     *
     * @return whether the operation should be placed anew
     */
    boolean unanswered(Attempt attempt, long now) {
        if (leader != attempt.link) {
            return true;
        }
        if (leaderHeardAt > attempt.sentAt) {
            return false;
        }
        suspect(attempt.link, now);
        forgetLeader();
        for (Attempt other : attempt.link.attemptsOf(this)) {
            if (other.call != attempt.call) {
                loop.placeAgain(other.call);
            }
        }
        loop.placeBacklog(attempt.link);
        return true;
    }

    /** Asks the next replica, if there is somebody who waits for it and nothing speaks against it. */
    void seek(long now) {
        if (!isSeeking()) {
            return;
        }
        if (probed != null) {
            if (now < probedUntil) {
                loop.wheel.schedule(this, probedUntil);
                return;
            }
            suspect(probed, now);
            probed = null;
        }
        if (now < nextProbeAt) {
            loop.wheel.schedule(this, nextProbeAt);
            return;
        }
        boolean connecting = hint != null && probeOrConnect(hint, now);
        hint = connecting && probed == null ? hint : null;
        for (int i = 0; i < replicas.size() && !connecting; i++) {
            String node = replicas.get(cursor);
            boolean asked = !isSuspect(node, now) && probeOrConnect(node, now);
            if (!asked || probed != null) {
                cursor = (cursor + 1) % replicas.size();
            }
            connecting = asked;
        }
        if (probed != null) {
            loop.wheel.schedule(this, probedUntil);
        } else if (connecting) {
            loop.wheel.schedule(this, now + CONNECT_PATIENCE);
        } else {
            loop.fleet.connectEndpoints();
            loop.wheel.schedule(this, now + POLL + Math.floorMod(loop.random(), POLL / 2));
        }
    }

    @Override
    void wake(long now) {
        seek(now);
    }

    /** @return whether the node was asked or a connection to it is on the way */
    private boolean probeOrConnect(String node, long now) {
        Link link = loop.fleet.linkTo(node);
        if (link == null) {
            return false;
        }
        if (link.isReady()) {
            Call<?> call = waiting.firstNotOpenOn(link);
            if (call == null || !loop.budget.take(now)) {
                return false;
            }
            WaitingRoom.leave(call);
            probed = link;
            probedUntil = now + PROBE_PATIENCE;
            loop.send(call, link, this);
            return true;
        }
        if (link.mayConnect(now)) {
            link.connect();
        }
        return link.isConnecting(now, CONNECT_PATIENCE);
    }

    private void probeEnded(Link link) {
        if (probed == link) {
            probed = null;
        }
    }

    private void forgetLeader() {
        leader = null;
        hint = null;
        hops = 0;
        refusals = 0;
        nextProbeAt = 0;
    }

    private void suspect(Link link, long now) {
        if (!link.node().isEmpty()) {
            suspects.put(link.node(), now + SUSPICION);
        }
    }

    private boolean isSuspect(String node, long now) {
        Long until = suspects.get(node);
        return until != null && now < until;
    }
}
