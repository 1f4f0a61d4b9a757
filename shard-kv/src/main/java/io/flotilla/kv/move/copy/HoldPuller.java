package io.flotilla.kv.move.copy;

import io.flotilla.client.proto.Shard;
import io.flotilla.kv.proto.HoldReport;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;

/**
 * Has one replica here hold a shard that moves to its group: copies the rows, then follows the changes, until the group's fence is at the
 * move. It goes on after a restart where the engine is. Belongs to the transfer lane.
 *
 * <pre>
 * LOOKING    asks the machine what is held                     → COPYING, FOLLOWING, OVER
 * COPYING    waits for a place, copies the rows                → FOLLOWING; RESTING where nobody gives or there is no room
 * FOLLOWING  the hold is whole: rounds                         → LOOKING where it changed; COPYING to pull a peer's hold
 * RESTING    a while                                           → LOOKING
 * OVER       the group is through with the move, or nobody wants it here any more
 * </pre>
 */
final class HoldPuller {
    private static final int LONGEST_BACKOFF = 1;
    /** A copy that found no room looks again after so many times {@link CopyLimits#retryNanos}. */
    private static final int ROOM_PATIENCE = 60;

    private enum Phase {
        LOOKING,
        COPYING,
        FOLLOWING,
        RESTING,
        OVER
    }

    private final HoldKey key;
    private final CopyPorts ports;
    private final CopyLimits limits;
    private final Lane lane;
    private final PullersParts parts;
    private final CopyGivers givers;
    private final HoldCopy copy;
    private final HoldRounds rounds;

    private Phase phase = Phase.RESTING;
    /** What was begun in an earlier turn is not gone on with. */
    private long turn;

    /** A source for rounds is being looked for. */
    private boolean surveying;

    private int failures;
    private String problem = "";
    private boolean givenUp;
    private boolean isOutOfReach;
    private long appliedIndex;
    private long fence;
    private HoldReport told = HoldReport.getDefaultInstance();

    /** What the machine says. @param changeNumber of a whole hold; else below 0 */
    private record Looked(long fence, long appliedIndex, long changeNumber) {}

    HoldPuller(HoldKey key, CopyPorts ports, CopyLimits limits, PullersParts parts) {
        this.key = key;
        this.ports = ports;
        this.limits = limits;
        this.lane = ports.transfers().lane();
        this.parts = parts;
        this.givers = new CopyGivers(key, ports, limits, parts.survey());
        this.copy = new HoldCopy(key, ports, limits, parts, givers, new CopyEnds());
        this.rounds = new HoldRounds(key, ports, limits, parts.questions(), parts.slots(), new RoundEnds());
    }

    HoldKey key() {
        return key;
    }

    boolean isOver() {
        return phase == Phase.OVER;
    }

    /** Whether neither the owner nor a peer gives what this replica lacks to append an entry. */
    boolean isOutOfReach() {
        return isOutOfReach;
    }

    /** The newest. */
    HoldReport report() {
        return told;
    }

    /** @param owner null if the configuration does not show the move any more: then only peers are asked */
    void follow(OwnerReplicas owner) {
        if (givers.setOwner(owner) && phase == Phase.RESTING) {
            look();
        }
    }

    boolean hasOwner() {
        return givers.owner() != null;
    }

    boolean isHeldBack() {
        return givers.isHeldBack(rounds.durable());
    }

    void heldBack(Shard shard, long needed, NodeId from) {
        givers.heldBack(new CopyGivers.Peer(from, shard, needed));
        if (phase == Phase.RESTING && !givenUp && givers.peer(rounds.durable()) != null) {
            look();
        } else if (phase == Phase.FOLLOWING && isHeldBack()) {
            if (rounds.hasSource() && !rounds.isIdle()) {
                rounds.hurry();
            } else if (!surveying) {
                findRounds(needed);
            }
        }
    }

    private void enter(Phase next) {
        phase = next;
        turn++;
        surveying = false;
    }

    /** Begins anew with what the machine says. */
    void look() {
        enter(Phase.LOOKING);
        long mine = turn;
        ports.machines().visit(key.group(), machine -> {
            Looked looked = machine == null
                    ? null
                    : new Looked(
                            machine.moves().state(key.shard(), key.move()).fence(),
                            machine.appliedIndex(),
                            machine.moves().holdChangeNumber(key.shard(), key.move()));
            lane.execute(() -> {
                if (mine == turn) {
                    looked(looked);
                }
            });
        });
    }

    private void looked(Looked looked) {
        if (looked == null) {
            rest(backoff(), "group " + key.group() + " has no running replica here");
            return;
        }
        fence = looked.fence;
        appliedIndex = looked.appliedIndex;
        if (fence >= key.move()) {
            stop();
        } else if (looked.changeNumber >= 0) {
            rounds.holds(looked.changeNumber);
            followChanges();
        } else {
            enter(Phase.COPYING);
            copy.begin(null);
        }
    }

    private long backoff() {
        return limits.retryNanos() << Math.min(LONGEST_BACKOFF, failures++);
    }

    private void rest(long nanos, String why) {
        enter(Phase.RESTING);
        problem = why;
        tell();
        lookAfter(nanos);
    }

    private void lookAfter(long nanos) {
        long mine = turn;
        lane.after(nanos, () -> {
            if (mine == turn) {
                look();
            }
        });
    }

    private final class CopyEnds implements HoldCopy.Ends {
        @Override
        public void copying() {
            problem = "";
            givenUp = false;
            isOutOfReach = false;
            tell();
        }

        @Override
        public void whole(long changeNumber) {
            failures = 0;
            rounds.holds(changeNumber);
            followChanges();
        }

        @Override
        public void changed() {
            look();
        }

        @Override
        public void sourceless(String why) {
            isOutOfReach = isHeldBack() && givers.peer(rounds.durable()) == null;
            rest(backoff(), why);
        }

        @Override
        public void full(String why) {
            givenUp = true;
            rest(ROOM_PATIENCE * limits.retryNanos(), why);
        }
    }

    private void followChanges() {
        enter(Phase.FOLLOWING);
        tell();
        findRounds(rounds.changeNumber());
    }

    /** @param atLeast a change number that the source has; the present one stays if nobody has it */
    private void findRounds(long atLeast) {
        long mine = ++turn;
        surveying = true;
        givers.survey(Math.max(atLeast, rounds.changeNumber()), found -> {
            if (mine != turn) {
                return;
            }
            surveying = false;
            CopyGivers.Peer peer = givers.peer(rounds.durable());
            if (found.source() != null) {
                problem = "";
                isOutOfReach = false;
                failures = 0;
                tell();
                rounds.follow(found.source().group(), found.source().node());
            } else if (peer != null) {
                rounds.pause();
                enter(Phase.COPYING);
                copy.begin(peer);
            } else if (!rounds.hasSource()) {
                noRounds(found.isOver());
            }
        });
    }

    /** The hold stays as it is; a later look may find somebody. */
    private void noRounds(boolean isOwnerThrough) {
        isOutOfReach = isHeldBack();
        problem = isOwnerThrough || !hasOwner()
                ? ""
                : "no replica of group " + givers.owner().group() + " answers that has all changes that are held here";
        tell();
        lookAfter(backoff());
    }

    private final class RoundEnds implements HoldRounds.Ends {
        @Override
        public void sourceless(NodeId from) {
            if (phase == Phase.FOLLOWING) {
                givers.avoid(from, limits.retryNanos());
                findRounds(rounds.changeNumber());
            }
        }

        @Override
        public void nothingNew() {
            if (phase == Phase.FOLLOWING && !surveying) {
                findRounds(rounds.changeNumber() + 1);
            }
        }

        @Override
        public void changed() {
            if (phase == Phase.FOLLOWING) {
                look();
            }
        }

        @Override
        public void durable(long changeNumber) {
            tell();
        }

        @Override
        public void applied(long index) {
            appliedIndex = Math.max(appliedIndex, index);
        }
    }

    /** What is held is told as far as it survives a crash. */
    private void tell() {
        HoldReport now = HoldReport.newBuilder()
                .setGroup(key.group())
                .setShard(key.shard())
                .setMove(key.move())
                .setWhole(rounds.durable() >= 0 && fence < key.move())
                .setChangeNumber(Math.max(0, rounds.durable()))
                .setCopiedBytes(copy.bytes())
                .setFence(fence)
                .setAppliedIndex(appliedIndex)
                .setProblem(problem)
                .setGivenUp(givenUp)
                .build();
        boolean isNews = !now.equals(told);
        told = now;
        parts.told().accept(this, isNews);
    }

    /** Ends all that is under way; what the engine has stays. May be called again. */
    void stop() {
        if (phase == Phase.OVER) {
            return;
        }
        enter(Phase.OVER);
        copy.stop();
        rounds.stop();
        problem = "";
        tell();
        parts.over().accept(key);
    }
}
