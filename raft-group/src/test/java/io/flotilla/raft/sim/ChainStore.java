package io.flotilla.raft.sim;

import io.flotilla.raft.core.log.EntryId;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What survives of a {@link ChainMachine}: the state of the last flush for certain, and of those after it any one.
 * Belongs to a place on a node; each crash leaves a new one.
 */
final class ChainStore {
    /** A state, after an index. */
    record Point(long applied, long chain, EntryId installed) {}

    private final List<Point> unsure = new ArrayList<>();
    private Point durable;
    private Point beforeInstall;
    private long installedAt = Long.MIN_VALUE;

    ChainStore(Point durable) {
        this.durable = durable;
    }

    static ChainStore empty() {
        return new ChainStore(new Point(0, 0, EntryId.ZERO));
    }

    Point durable() {
        return durable;
    }

    void applied(Point point) {
        unsure.add(point);
    }

    void flushed(Point point) {
        if (point.applied > durable.applied) {
            durable = point;
            unsure.removeIf(other -> other.applied <= point.applied);
        }
    }

    /** The whole state is replaced; a crash before {@code when} may leave the old one. */
    void installed(Point point, long when) {
        beforeInstall = durable;
        installedAt = when;
        durable = point;
        unsure.clear();
    }

    ChainStore crash(long now, SplittableRandom random) {
        Point certain = now < installedAt && random.nextBoolean() ? beforeInstall : durable;
        int further = certain == durable && random.nextBoolean() ? random.nextInt(unsure.size() + 1) : 0;
        return new ChainStore(further == 0 ? certain : unsure.get(further - 1));
    }
}
