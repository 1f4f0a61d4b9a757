package io.flotilla.it.history;

import java.util.List;

/** The checker's dumb twin: tries every order of a small history. */
final class EveryOrder {
    private EveryOrder() {}

    static boolean isLinearizable(List<KeyOperation> history) {
        return search(history, 0, KeyState.INITIAL);
    }

    private static boolean search(List<KeyOperation> history, int done, KeyState state) {
        long firstReturn = KeyOperation.NEVER;
        for (int i = 0; i < history.size(); i++) {
            if ((done & 1 << i) == 0) {
                firstReturn = Math.min(firstReturn, history.get(i).returned());
            }
        }
        if (firstReturn == KeyOperation.NEVER) {
            return true;
        }
        for (int i = 0; i < history.size(); i++) {
            if ((done & 1 << i) == 0 && history.get(i).called() <= firstReturn) {
                for (KeyState next : state.after(history.get(i))) {
                    if (search(history, done | 1 << i, next)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }
}
