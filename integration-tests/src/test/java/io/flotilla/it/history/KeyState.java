package io.flotilla.it.history;

import java.util.List;

/**
 * One key of a store with one copy: what the checker holds against a history.
 *
 * <p>Versions only grow, also over a delete. Where an answer did not tell the version, only a lower bound of it is
 * known, until a later answer tells.
 *
 * @param value null if the key is absent
 * @param version the version, or the least that it can be
 * @param exact whether {@code version} is known
 */
public record KeyState(String value, long version, boolean exact) {
    public static final KeyState INITIAL = new KeyState(null, 0, false);

    /**
     * The states in which the operation can leave the key if it takes effect now; none if its answer contradicts this
     * state. More than one only for an operation whose answer is unknown.
     */
    public List<KeyState> after(KeyOperation operation) {
        KeyCall call = operation.call();
        KeyAnswer answer = operation.answer();
        if (call instanceof KeyCall.Read) {
            return read(answer);
        }
        if (call instanceof KeyCall.Put put) {
            return write(put.value(), answer);
        }
        if (call instanceof KeyCall.Append append) {
            return write(value == null ? append.suffix() : value + append.suffix(), answer);
        }
        if (call instanceof KeyCall.Delete) {
            return delete(answer);
        }
        if (call instanceof KeyCall.Increment increment) {
            return increment(increment.delta(), answer);
        }
        if (call instanceof KeyCall.SwapIfValue swap) {
            return swap(swap.expected().equals(value), swap.value(), answer);
        }
        if (call instanceof KeyCall.SwapIfAbsent swap) {
            return swap(value == null, swap.value(), answer);
        }
        return swapIfVersion((KeyCall.SwapIfVersion) call, answer);
    }

    private List<KeyState> read(KeyAnswer answer) {
        if (answer == null) {
            return List.of(this);
        }
        if (answer instanceof KeyAnswer.Absent) {
            return value == null ? List.of(this) : List.of();
        }
        KeyAnswer.Found found = (KeyAnswer.Found) answer;
        return found.value().equals(value) && canBe(found.version())
                ? List.of(new KeyState(value, found.version(), true))
                : List.of();
    }

    private List<KeyState> write(String newValue, KeyAnswer answer) {
        if (answer == null) {
            return List.of(new KeyState(newValue, version + 1, false));
        }
        long written = ((KeyAnswer.Written) answer).version();
        return written > version ? List.of(new KeyState(newValue, written, true)) : List.of();
    }

    private List<KeyState> delete(KeyAnswer answer) {
        if (answer != null && ((KeyAnswer.Deleted) answer).existed() != (value != null)) {
            return List.of();
        }
        return List.of(value == null ? this : new KeyState(null, version, false));
    }

    private List<KeyState> increment(long delta, KeyAnswer answer) {
        long sum = (value == null ? 0 : Long.parseLong(value)) + delta;
        if (answer != null && ((KeyAnswer.Number) answer).value() != sum) {
            return List.of();
        }
        return List.of(new KeyState(Long.toString(sum), version + 1, false));
    }

    private List<KeyState> swap(boolean holds, String newValue, KeyAnswer answer) {
        if (answer instanceof KeyAnswer.NotSwapped refused) {
            return !holds && presentIs(refused.present()) ? List.of(this) : List.of();
        }
        if (answer instanceof KeyAnswer.NotDone refused) {
            return holds ? List.of() : notDone(refused.version());
        }
        if (!holds) {
            return answer == null ? List.of(this) : List.of();
        }
        return write(newValue, answer);
    }

    private List<KeyState> notDone(long present) {
        if (present == 0) {
            return value == null ? List.of(this) : List.of();
        }
        return value != null && canBe(present) ? List.of(new KeyState(value, present, true)) : List.of();
    }

    private List<KeyState> swapIfVersion(KeyCall.SwapIfVersion swap, KeyAnswer answer) {
        boolean can = value != null && canBe(swap.expected());
        boolean must = can && exact;
        if (answer instanceof KeyAnswer.NotSwapped refused) {
            return !must && presentIs(refused.present()) ? List.of(this) : List.of();
        }
        if (answer instanceof KeyAnswer.NotDone refused) {
            return refused.version() == swap.expected() ? List.of() : notDone(refused.version());
        }
        KeyState known = new KeyState(value, swap.expected(), true);
        if (answer != null) {
            return can ? known.write(swap.value(), answer) : List.of();
        }
        if (!can) {
            return List.of(this);
        }
        List<KeyState> done = known.write(swap.value(), null);
        return must ? done : List.of(done.get(0), this);
    }

    private boolean canBe(long candidate) {
        return exact ? candidate == version : candidate >= version;
    }

    private boolean presentIs(String present) {
        return present == null ? value == null : present.equals(value);
    }
}
