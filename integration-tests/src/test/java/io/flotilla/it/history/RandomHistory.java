package io.flotilla.it.history;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Histories of a store with one copy, with and without a wrong answer. */
final class RandomHistory {
    private RandomHistory() {}

    /** A short history; often one answer in it is replaced by another one. */
    static List<KeyOperation> make(SplittableRandom random, int size) {
        List<KeyOperation> made = correct(random, size, 3, 4, 10);
        if (random.nextInt(3) > 0) {
            int at = random.nextInt(made.size());
            KeyOperation old = made.get(at);
            if (old.isKnown()) {
                made.set(
                        at,
                        new KeyOperation(old.client(), old.called(), old.returned(), old.call(), wrong(random, old)));
            }
        }
        return made;
    }

    private static KeyAnswer wrong(SplittableRandom random, KeyOperation old) {
        KeyAnswer answer = old.answer();
        if (answer instanceof KeyAnswer.Found found) {
            return random.nextBoolean()
                    ? new KeyAnswer.Absent()
                    : new KeyAnswer.Found("v" + random.nextInt(4), found.version());
        }
        if (answer instanceof KeyAnswer.Absent) {
            return new KeyAnswer.Found("v" + random.nextInt(4), 1 + random.nextInt(4));
        }
        if (answer instanceof KeyAnswer.Written written) {
            return new KeyAnswer.Written(Math.max(1, written.version() + random.nextInt(5) - 2));
        }
        if (answer instanceof KeyAnswer.Deleted deleted) {
            return new KeyAnswer.Deleted(!deleted.existed());
        }
        if (answer instanceof KeyAnswer.NotDone refused) {
            return new KeyAnswer.NotDone(Math.max(0, refused.version() + random.nextInt(5) - 2));
        }
        return new KeyAnswer.NotSwapped("v" + random.nextInt(4));
    }

    /**
     * A linearizable history.
     *
     * @param values how many different values are written
     * @param lostPercent how many of the operations are never answered
     */
    static List<KeyOperation> correct(SplittableRandom random, int size, int clients, int values, int lostPercent) {
        long[] free = new long[clients];
        List<KeyOperation> made = new ArrayList<>();
        KeyState state = KeyState.INITIAL;
        long now = 0;
        for (int i = 0; i < size; i++) {
            // operations take effect one after the other; each begins before and ends after its moment
            now += 1 + random.nextInt(10);
            int client = random.nextInt(clients);
            if (free[client] >= now) {
                now = free[client] + 1;
            }
            long called = Math.max(free[client], now - random.nextInt(40));
            long returned = now + random.nextInt(40);
            free[client] = returned;
            KeyCall call = call(random, values);
            KeyOperation asked = KeyOperation.unknown("c" + client, called, call);
            boolean lost = random.nextInt(100) < lostPercent;
            if (lost && random.nextBoolean()) {
                made.add(asked);
                continue;
            }
            KeyState next = state.after(asked).get(0);
            KeyAnswer answer = answer(random, call, state, next);
            long version = next.version();
            state = new KeyState(next.value(), version, next.value() != null);
            made.add(lost ? asked : new KeyOperation("c" + client, called, returned, call, answer));
        }
        return made;
    }

    private static KeyCall call(SplittableRandom random, int values) {
        String value = "v" + random.nextInt(values);
        switch (random.nextInt(8)) {
            case 0:
                return new KeyCall.Delete();
            case 1:
                return new KeyCall.SwapIfAbsent(value);
            case 2:
                return new KeyCall.SwapIfValue("v" + random.nextInt(values), value);
            case 3:
                return new KeyCall.SwapIfVersion(1 + random.nextInt(4), value);
            case 4:
            case 5:
                return new KeyCall.Put(value);
            default:
                return new KeyCall.Read();
        }
    }

    private static KeyAnswer answer(SplittableRandom random, KeyCall call, KeyState before, KeyState after) {
        if (call instanceof KeyCall.Read) {
            return before.value() == null
                    ? new KeyAnswer.Absent()
                    : new KeyAnswer.Found(before.value(), before.version());
        }
        if (call instanceof KeyCall.Delete) {
            return new KeyAnswer.Deleted(before.value() != null);
        }
        boolean swap = !(call instanceof KeyCall.Put);
        if (!swap || after.version() != before.version()) {
            return new KeyAnswer.Written(after.version());
        }
        return random.nextBoolean()
                ? new KeyAnswer.NotSwapped(before.value())
                : new KeyAnswer.NotDone(before.value() == null ? 0 : before.version());
    }
}
