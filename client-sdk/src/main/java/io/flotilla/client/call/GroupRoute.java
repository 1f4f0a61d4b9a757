package io.flotilla.client.call;

import io.flotilla.client.RefusedException;
import java.util.List;
import java.util.function.Predicate;

/**
 * The way to one group's leader. While it is known, operations go there at once, as many as {@link GroupLoad} and
 * {@link LinkRoom} allow; the others wait here. When it gets lost all wait, and one of them at a time is sent to the
 * replicas in turn, those first that a refusal pointed to, until one answers; then they follow. So a change of leader costs
 * the fleet a few requests, however many operations wait for it. What a group has waiting, unanswered and to be tried
 * again is counted for it alone. Owned by the loop.
 */
final class GroupRoute extends Timed {
    private static final long MILLI = 1_000_000;
    /** A probe that is not answered for this long no longer keeps others from being sent. */
    private static final long PROBE_PATIENCE = 250 * MILLI;
    /** How long a new connection may take before the next replica is tried instead. */
    private static final long CONNECT_PATIENCE = 250 * MILLI;
    /** How often in a row a hint is followed at once: replicas may point at each other. */
    private static final int HOPS = 4;
    /** A live node that was silent about a request for this many attempt timeouts may be asked once more. */
    private static final int ASK_AGAIN = 2;
    /** An operation that was given longer ago than this had to wait for others. */
    private static final long WAITED = 20 * MILLI;

    private final ClientLoop loop;
    private final long id;
    private final Retries retries;
    private final GroupLoad load;
    private final WaitingRoom waiting = new WaitingRoom();
    private final Suspects suspects = new Suspects();
    private final Detour detour;
    private final SeekPace pace;
    private List<String> replicas = List.of();
    private Link leader;
    private long leaderHeardAt;
    /** When the newest request was sent that the leader has done. */
    private long doneSentAt;
    /** A request that is sent once more to see whether the leader has passed over others; or null. */
    private Attempt askedAgain;

    private boolean pumping;
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
        this.retries = new Retries(loop);
        this.load = new GroupLoad(loop.attemptTimeout());
        this.detour = new Detour(loop.fleet);
        this.pace = new SeekPace(loop);
        this.cursor = (int) Math.floorMod(id, 1009L);
    }

    long id() {
        return id;
    }

    Retries retries() {
        return retries;
    }

    void setReplicas(List<String> replicas) {
        this.replicas = replicas;
        cursor = replicas.isEmpty() ? 0 : cursor % replicas.size();
    }

    boolean isSeeking() {
        return leader == null && !waiting.isEmpty();
    }

    // ---- sending ----

    /** Sends the operation to the leader, or keeps it until the leader is known and has room for it. */
    void offer(Call<?> call) {
        if (leader != null && !leader.isReady()) {
            forgetLeader();
        }
        if (leader != null && waiting.isEmpty() && dispatch(call)) {
            return;
        }
        if (leader == null && !call.everSent) {
            call.note(RefusedException.Reason.TIMEOUT_BEFORE_SEND, "no leader of group " + id + " was found");
        }
        waiting.enter(call);
        loop.schedule(call);
        if (leader == null) {
            seek(loop.now());
        } else {
            pump(1);
            awaitRoom();
        }
    }

    /** Those that wait or pause here and whose shard this group no longer has: they go to its owner at once. */
    void placeAnew(Predicate<Call<?>> gone) {
        List<Call<?>> leaving = waiting.release(gone);
        leaving.addAll(retries.release(gone));
        leaving.forEach(loop::place);
    }

    /** @return false if there is no room for it now */
    private boolean dispatch(Call<?> call) {
        if (call.isOpenOn(leader)) {
            WaitingRoom.leave(call);
            loop.schedule(call);
            return true;
        }
        if (!call.takePlace(leader)) {
            loop.schedule(call);
            return true;
        }
        if (!load.allowsMore() || !leader.room().has(load, call.bytes)) {
            return false;
        }
        if (isTooLate(call)) {
            loop.refuse(
                    call,
                    RefusedException.Reason.BUSY,
                    "group " + id + " has more to do than it gets done: answers take " + load.usualNanos() / MILLI
                            + " ms, and less is left for this operation");
            return true;
        }
        send(call, leader);
        return true;
    }

    private void send(Call<?> call, Link link) {
        loop.send(call, link, this, detour.beyond(link));
    }

    /** Whether it would only take the time from others: it waited so long that its answer would come too late. */
    private boolean isTooLate(Call<?> call) {
        long usual = load.usualNanos();
        long left = call.deadline - loop.now();
        return !call.everSent && call.timeoutNanos - left >= WAITED && left < usual + usual / 2;
    }

    /** Sends what waits, the oldest first. @return how many did not have to wait here longer */
    int pump(int most) {
        if (pumping) {
            return 0;
        }
        pumping = true;
        int count = 0;
        Call<?> first = waiting.first();
        while (count < most && leader != null && leader.isReady() && first != null && dispatch(first)) {
            count++;
            first = waiting.first();
        }
        pumping = false;
        return count;
    }

    boolean waitsForRoom() {
        return leader != null && !waiting.isEmpty();
    }

    private void awaitRoom() {
        if (waitsForRoom()) {
            leader.room().await(this);
        }
    }

    void opened(Attempt attempt) {
        load.opened(attempt);
    }

    void closed(Attempt attempt) {
        load.closed(attempt);
        if (askedAgain == attempt) {
            askedAgain = null;
        }
    }

    // ---- what answers tell ----

    /** The node answered a request of this group as only its leader does. */
    void succeeded(Attempt attempt) {
        Link link = attempt.link;
        boolean around = attempt.passedTo != null;
        if (leader == null && link.isReady() && (!around || detour.isAround(attempt.passedTo))) {
            if (!around) {
                detour.end();
            }
            found(link);
        }
        if (leader == link) {
            leaderHeardAt = loop.now();
            doneSentAt = Math.max(doneSentAt, attempt.sentAt);
            load.answered(attempt, leaderHeardAt);
            if (around) {
                goBack(leaderHeardAt);
            }
        }
    }

    /** Leaves the detour if the leader can be reached. */
    private void goBack(long now) {
        String node = detour.wayBack(now);
        if (node != null) {
            if (leader != null) {
                forgetLeader();
            }
            hint = node;
            seek(now);
        }
    }

    /** There is a new stream. */
    void linkReady(Link link, long now) {
        if (detour.isAround(link.node())) {
            goBack(now);
        }
        seek(now);
    }

    private void found(Link link) {
        leader = link;
        hint = null;
        hops = 0;
        refusals = 0;
        nextProbeAt = 0;
        probed = null;
        doneSentAt = 0;
        suspects.clear();
        pace.end();
        loop.wheel.cancel(this);
        load.leaderIs(link, loop.now());
        // those that were asked of other replicas hold back all that come after them
        for (Attempt elsewhere : load.open(link, false)) {
            loop.placeAgain(elsewhere.call);
        }
        pump(GroupLoad.MOST);
        awaitRoom();
    }

    /** The leader had too much to do. */
    void busy(Attempt attempt) {
        load.busy(attempt, loop.now());
    }

    /** Whether the leader has left the attempt unanswered while it did what was sent long after it. */
    boolean isPassedOver(Attempt attempt) {
        return leader == attempt.link && doneSentAt - attempt.sentAt >= loop.attemptTimeout();
    }

    /**
     * A refusal told which node leads the group. That is worth more than what this client knew if it heard nothing of its
     * leader since.
     *
     * @param since when the request was sent that was refused
     */
    void told(String node, long since) {
        if (leader != null && !leader.node().equals(node) && !detour.isAround(node) && leaderHeardAt < since) {
            forgetLeader();
        }
        if (leader == null && !node.equals(hint)) {
            hint = node;
            hops = 0;
            nextProbeAt = 0;
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

    /** The node does not lead the group, or did not pass on. @param hinted the node that leads, as far as it knows; or empty */
    void refused(Attempt attempt, String hinted) {
        Link link = attempt.link;
        if (leader == link) {
            forgetLeader();
        }
        if (leader != null) {
            return;
        }
        probeEnded(link);
        long now = loop.now();
        if (hops < HOPS && detour.begins(attempt, hinted, now)) {
            hint = link.node();
            hops++;
            return;
        }
        boolean follow = !hinted.isEmpty() && hops < HOPS && !suspects.has(hinted, now);
        Link target = follow ? loop.fleet.linkTo(hinted) : null;
        if (target != null
                && (target != link || attempt.passedTo != null)
                && (target.isReady() || target.mayConnect(now) || target.isConnecting(now, CONNECT_PATIENCE))) {
            hint = hinted;
            hops++;
            return;
        }
        refusals++;
        if (refusals >= replicas.size()) {
            nextProbeAt = now + pace.nanos();
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
     * that is over, and all others that wait for it are placed anew. If the node goes on with others, it is asked once more
     * for one at a time, since it answers each request: that it is late is no reason to give it more to do. Only if that one
     * is answered were the others passed over.
     *
     * @return whether the operation should be placed anew
     */
    boolean unanswered(Attempt attempt, long now) {
        if (leader != attempt.link) {
            return true;
        }
        if (leaderHeardAt > attempt.sentAt) {
            boolean again = isPassedOver(attempt)
                    || (askedAgain == null && now - attempt.sentAt >= ASK_AGAIN * loop.attemptTimeout());
            if (again && retries.take(attempt.call, now)) {
                send(attempt.call, leader);
                askedAgain = attempt.call.newestOpen();
            }
            return false;
        }
        suspects.add(attempt.link, now);
        forgetLeader();
        for (Attempt other : load.open(attempt.link, true)) {
            if (other.call != attempt.call) {
                loop.placeAgain(other.call);
            }
        }
        return true;
    }

    /** The operation's time is over, and nothing was heard of its node since it was sent. */
    void unansweredAtAll(Attempt attempt) {
        if (leader == attempt.link && leaderHeardAt <= attempt.sentAt) {
            forgetLeader();
            told(attempt.link.node(), attempt.sentAt);
            seek(loop.now());
        }
    }

    // ---- seeking the leader ----

    /** Asks the next replica, if there is somebody who waits for it and nothing speaks against it. */
    void seek(long now) {
        if (!isSeeking()) {
            pace.end();
            return;
        }
        pace.begin();
        if (probed != null) {
            if (now < probedUntil) {
                loop.wheel.schedule(this, probedUntil);
                return;
            }
            if (detour.beyond(probed) == null) {
                suspects.add(probed, now);
            }
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
            boolean asked = !suspects.has(node, now) && probeOrConnect(node, now);
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
            loop.wheel.schedule(this, now + pace.nanos());
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
            while (call != null && !call.takePlace(link)) {
                loop.schedule(call);
                call = waiting.firstNotOpenOn(link);
            }
            if (call == null) {
                return false;
            }
            probed = link;
            probedUntil = now + PROBE_PATIENCE;
            send(call, link);
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
        leader.room().leave(this);
        leader = null;
        hint = null;
        hops = 0;
        refusals = 0;
        nextProbeAt = 0;
    }
}
