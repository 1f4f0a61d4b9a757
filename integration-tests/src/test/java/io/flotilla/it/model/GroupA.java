package io.flotilla.it.model;

import java.util.Arrays;

/**
 * Group A, as one replicated log without its replicas: an entry is committed and applied in one step. What lags is what its
 * replicas show: {@code past} has every state with the shard moving or frozen, for some replica of A may still be in it and
 * serve copies out of it.
 *
 * @param holds what A has copied as the target of a move back: a majority's, and durable
 */
record GroupA(Shard shard, Holds holds, long[] past) {
    static final GroupA FOUNDED = new GroupA(Shard.founded(), Holds.NONE, new long[0]);

    /** The group after an entry; keeps what later copies may be made of. */
    GroupA after(Shard next) {
        long[] longer = past;
        if (next.move() > 0 && !shows(next)) {
            longer = Arrays.copyOf(past, past.length + 1);
            longer[past.length] = next.bits();
        }
        return new GroupA(next, holds.above(next.fence()), longer);
    }

    GroupA with(Holds changed) {
        return new GroupA(shard, changed, past);
    }

    private boolean shows(Shard state) {
        for (long known : past) {
            if (known == state.bits()) {
                return true;
            }
        }
        return false;
    }

    /** The shard as move m froze it, or null; once frozen it does not change, so there is one. */
    Shard frozenBy(int m) {
        for (long known : past) {
            Shard state = new Shard(known);
            if (state.frozenBy(m)) {
                return state;
            }
        }
        return null;
    }

    @Override
    public int hashCode() {
        return (Long.hashCode(shard.bits() * 0x9E3779B97F4A7C15L) * 31 + Long.hashCode(holds.bits())) * 31
                + Arrays.hashCode(past);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GroupA that
                && shard.bits() == that.shard.bits()
                && holds.bits() == that.holds.bits()
                && Arrays.equals(past, that.past);
    }
}
