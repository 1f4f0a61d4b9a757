package io.flotilla.kv.move.copy;

import io.flotilla.kv.machine.HoldPlace;
import io.flotilla.kv.machine.KvStateMachine;
import io.flotilla.kv.machine.PreparedSessions;
import io.flotilla.kv.move.copy.SourceSurvey.Source;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.runtime.Lane;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Copies the rows of one hold until it is whole, from one source after the other: waits for a place, finds who gives, and has the
 * machine take what came as the hold. Belongs to the transfer lane.
 */
final class HoldCopy {
    /** For so many times {@link CopyLimits#retryNanos} a source that broke off is not asked again. */
    private static final int AVOIDED = 10;

    private final HoldKey key;
    private final CopyPorts ports;
    private final CopyLimits limits;
    private final Lane lane;
    private final PullersParts parts;
    private final CopyGivers givers;
    private final Ends ends;

    /** What was begun in an earlier turn is not gone on with. */
    private long turn;
    /** Null where nothing is being written; of the owner's rows it outlives its sources. */
    private HoldWriter writer;
    /** Null between two sources. */
    private RowCopy copy;

    private long bytes;

    /** What {@link #begin} comes to, once, unless it is stopped; on the lane. The place is given back by then. */
    interface Ends {
        /** The hold is whole, not durably yet. */
        void whole(long changeNumber);

        /** What is held is not what it was thought to be. */
        void changed();

        /** Nobody gives now; what came so far stays. */
        void sourceless(String why);

        /** There is no room: what came so far is gone. */
        void full(String why);

        /** A source was found. */
        void copying();
    }

    HoldCopy(HoldKey key, CopyPorts ports, CopyLimits limits, PullersParts parts, CopyGivers givers, Ends ends) {
        this.key = key;
        this.ports = ports;
        this.limits = limits;
        this.lane = ports.transfers().lane();
        this.parts = parts;
        this.givers = givers;
        this.ends = ends;
    }

    /** Of the last copy, as far as it has come since this node started. */
    long bytes() {
        return copy == null ? bytes : copy.bytes();
    }

    /** @param peer to pull from, into a fresh place; null to copy from the owner */
    void begin(CopyGivers.Peer peer) {
        stopSource();
        long mine = ++turn;
        // no place is used within the call that gives it
        parts.places()
                .take(
                        key,
                        () -> lane.execute(() -> {
                            if (mine != turn) {
                                return;
                            }
                            if (peer == null) {
                                findSource();
                            } else {
                                pull(peer);
                            }
                        }));
    }

    /** Runs what a task on the group's applier lane answers, back on this lane, if nothing else was begun meanwhile. */
    private <T> void visit(Function<KvStateMachine, T> task, Consumer<T> then) {
        long mine = ++turn;
        ports.machines().visit(key.group(), machine -> {
            T answer = machine == null ? null : task.apply(machine);
            lane.execute(() -> {
                if (mine == turn) {
                    then.accept(answer);
                }
            });
        });
    }

    private void findSource() {
        long mine = ++turn;
        givers.survey(0, found -> {
            if (mine != turn) {
                return;
            }
            CopyGivers.Peer peer = givers.peer(-1);
            if (found.source() != null) {
                copyFrom(found.source());
            } else if (peer != null) {
                pull(peer);
            } else {
                leave();
                ends.sourceless(
                        givers.owner() == null
                                ? "it is not known here who has the shard"
                                : "no replica of group " + givers.owner().group()
                                        + " answers that has begun with the move");
            }
        });
    }

    private void copyFrom(Source source) {
        CopyId id = new CopyId(false, source.group(), key.shard(), key.move(), parts.attempt());
        if (writer != null) {
            copy(source.node(), id);
            return;
        }
        visit(machine -> machine.moves().beginHold(source.served(), key.move()), place -> {
            if (place == null || place.isWhole()) {
                leave();
                ends.changed();
                return;
            }
            boolean isFresh = place.copiedBehind().isEmpty();
            String lack = RowCopy.lack(ports.disk(), limits, isFresh ? source.bytes() : 0);
            if (lack != null) {
                giveUp(lack);
            } else {
                writer = new HoldWriter(place, false);
                copy(source.node(), id);
            }
        });
    }

    /** Out of the hold of the replica that sent what can't be appended: from its first key, into a fresh place. */
    private void pull(CopyGivers.Peer peer) {
        closeWriter();
        visit(machine -> machine.moves().beginAnew(peer.shard(), key.move()), place -> {
            if (place == null) {
                leave();
                ends.changed();
                return;
            }
            writer = new HoldWriter(place, true);
            copy(peer.node(), new CopyId(true, key.group(), key.shard(), key.move(), parts.attempt()));
        });
    }

    private void copy(NodeId from, CopyId id) {
        turn++;
        copy = new RowCopy(
                key, ports, limits, parts.localRate(), writer, from, id, parts.target(), new SourceEnds(from, id));
        parts.copying().put(copy.transfer(), copy);
        copy.begin();
        ends.copying();
    }

    /** How the copy from one source ended. */
    private final class SourceEnds implements RowCopy.Ends {
        private final NodeId from;
        private final CopyId id;

        SourceEnds(NodeId from, CopyId id) {
            this.from = from;
            this.id = id;
        }

        @Override
        public void copied() {
            stopSource();
            complete();
        }

        @Override
        public void broken(String why, boolean isGone) {
            boolean hasNothing = copy.bytes() == 0;
            stopSource();
            if (!id.isOfHold()) {
                givers.avoid(from, AVOIDED * limits.retryNanos());
                findSource();
                return;
            }
            if (isGone && hasNothing) {
                givers.peerHasNone();
            }
            closeWriter();
            leave();
            ends.sourceless(why);
        }

        @Override
        public void full(String why) {
            stopSource();
            giveUp(why);
        }

        @Override
        public void unwanted() {
            stopSource();
            closeWriter();
            leave();
            ends.changed();
        }
    }

    private void stopSource() {
        if (copy != null) {
            bytes = copy.bytes();
            parts.copying().remove(copy.transfer());
            copy.stop();
            copy = null;
        }
    }

    private void closeWriter() {
        if (writer != null) {
            writer.close();
            writer.place().abandon();
            writer = null;
        }
    }

    private void leave() {
        turn++;
        parts.places().leave(key);
    }

    private void complete() {
        HoldPlace place = writer.place();
        long changeNumber = writer.changeNumber();
        PreparedSessions sessions = place.readSessions();
        visit(machine -> machine.moves().completeCopy(place, changeNumber, sessions), isHold -> {
            closeWriter();
            leave();
            if (Boolean.TRUE.equals(isHold)) {
                ports.counters().copied.increment();
                ends.whole(changeNumber);
            } else {
                ends.changed();
            }
        });
    }

    private void giveUp(String why) {
        closeWriter();
        leave();
        ports.counters().givenUp.increment();
        ports.machines().visit(key.group(), machine -> {
            if (machine != null) {
                machine.moves().dropHold(key.shard(), key.move());
            }
        });
        ends.full(why);
    }

    /** Ends what is under way; what the engine has of a copy from the owner stays. May be called again. */
    void stop() {
        stopSource();
        closeWriter();
        leave();
    }
}
