package io.flotilla.kv.move;

/**
 * Keeps the membership of one group from changing between Freeze and Adopt: none may be open when Freeze is asked for, and none
 * begins for a bounded time. What was granted stays good until a change is seen to have begun, or it is given back.
 */
final class MembershipHold {
    private final long group;
    private final MoveActions actions;
    private final long nanos;
    private final RetryPace pace = new RetryPace(50, 1_000);
    private boolean asking;
    private boolean granted;

    MembershipHold(long group, MoveActions actions, MoveLimits limits) {
        this.group = group;
        this.actions = actions;
        this.nanos = limits.membershipNanos();
    }

    /** Whether no change is open and none begins; asks for that if need be. */
    boolean isHeld(ReplicaFacts facts, long now) {
        if (!facts.steady()) {
            granted = false;
            return false;
        }
        if (!granted && !asking && pace.isDue(now)) {
            pace.tried(now);
            asking = true;
            actions.holdMembership(group, nanos, new MoveActions.End() {
                @Override
                public void done() {
                    asking = false;
                    granted = true;
                    pace.reset();
                }

                @Override
                public void failed(String why) {
                    asking = false;
                }
            });
        }
        return granted;
    }

    void giveBack() {
        if (granted) {
            granted = false;
            actions.holdMembership(group, 0, new MoveActions.End() {
                @Override
                public void done() {}

                @Override
                public void failed(String why) {}
            });
        }
    }
}
