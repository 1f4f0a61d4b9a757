package io.flotilla.client.call;

/**
 * The way to a group's leader that this client can't reach itself: over the node of another replica, which passes requests on.
 * It is taken when a replica names a leader to which the last try to open a stream failed, or whose stream is silent, and left as soon
 * as there is a way to that one, or another leads. Owned by the loop.
 */
final class Detour {
    private final FleetView fleet;
    /** Leads the group and can't be reached; null as a rule: there is no detour. */
    private String leader;

    Detour(FleetView fleet) {
        this.fleet = fleet;
    }

    /** To whom a request has to be passed on that is sent over the stream; null if to nobody. */
    String beyond(Link link) {
        return leader == null || leader.equals(link.node()) ? null : leader;
    }

    /** Whether requests go around that node. */
    boolean isAround(String node) {
        return node.equals(leader);
    }

    void end() {
        leader = null;
    }

    /**
     * A replica refused, and names the leader: goes around that one if it can't be reached, and no longer around another.
     *
     * @param named empty if it names none
     * @return whether that replica should be asked to pass on
     */
    boolean begins(Attempt refused, String named, long now) {
        if (refused.passedTo != null && named.equals(leader)) {
            return false;
        }
        if (named.isEmpty()) {
            if (refused.passedTo != null) {
                // whom it was to pass on to leads no more, as far as it knows: the leader is sought anew
                leader = null;
            }
            return false;
        }
        leader = null;
        Link link = fleet.linkTo(named);
        if (link == null || link == refused.link || !link.isUnreachable(now)) {
            return false;
        }
        tryAgain(link, now);
        leader = named;
        return true;
    }

    /** Looks whether the leader can be reached after all. @return its node if so: the detour is over; else null */
    String wayBack(long now) {
        if (leader == null) {
            return null;
        }
        String node = leader;
        Link link = fleet.linkTo(node);
        if (link == null || !link.isReady() || link.isUnreachable(now)) {
            if (link != null) {
                tryAgain(link, now);
            }
            return null;
        }
        leader = null;
        return node;
    }

    private static void tryAgain(Link link, long now) {
        if (link.mayConnect(now)) {
            link.connect();
        }
    }
}
