package io.flotilla.it.history;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Decides whether the operations on one key could have happened one after the other, each between its call and its
 * return (Herlihy and Wing 1990). The search is the one of Wing and Gong, with Lowe's memory of the places it has been
 * to. Operations with an unknown outcome may take effect at any time after their call, or never; they are tried last.
 *
 * <p>The search is bounded: a history that can't be decided within the bound is an error, never a pass.
 */
public final class LinearizabilityChecker {
    private static final int MAX_STEPS = 3_000_000;

    /** A history is too entangled to be decided. */
    public static final class UndecidedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        UndecidedException(String message) {
            super(message);
        }
    }

    private final Node head = new Node(null, -1, false);
    private final List<KeyOperation> unknown = new ArrayList<>();
    private final int knownCount;
    private final Map<Place, List<Way>> visited = new HashMap<>();
    /** The longest value that anyone read, if the key is a list that is only appended to; else null. */
    private final String longestRead;

    private final long[] done;
    private final long[] used;
    private int steps;

    private LinearizabilityChecker(List<KeyOperation> history) {
        List<KeyOperation> known = new ArrayList<>();
        for (KeyOperation operation : history) {
            (operation.isKnown() ? known : unknown).add(operation);
        }
        known.sort(Comparator.comparingLong(KeyOperation::called));
        unknown.sort(Comparator.comparingLong(KeyOperation::called));
        unknown.removeIf(operation -> operation.call() instanceof KeyCall.Read);
        knownCount = known.size();
        longestRead = longestReadOfList(history);
        done = new long[(knownCount + 63) / 64];
        used = new long[(unknown.size() + 63) / 64];
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < knownCount; i++) {
            Node call = new Node(known.get(i), i, true);
            Node back = new Node(known.get(i), i, false);
            call.match = back;
            nodes.add(call);
            nodes.add(back);
        }
        nodes.sort(Comparator.comparingLong(Node::time).thenComparing(node -> !node.isCall));
        Node last = head;
        for (Node node : nodes) {
            last.next = node;
            node.previous = last;
            last = node;
        }
    }

    /** Null if the history of one key is linearizable, else what is wrong with it, in lines for people. */
    public static String check(List<KeyOperation> history) {
        return new LinearizabilityChecker(history).search();
    }

    private String search() {
        List<Frame> stack = new ArrayList<>();
        stack.add(new Frame(KeyState.INITIAL, head.next));
        int depth = 0;
        int deepest = -1;
        Frame stuck = null;
        List<KeyOperation> candidates = List.of();
        while (true) {
            if (depth == knownCount) {
                return null;
            }
            Frame frame = stack.get(stack.size() - 1);
            if (frame.taken >= 0) {
                depth -= undo(frame);
            }
            if (depth > deepest) {
                deepest = depth;
                stuck = frame;
                candidates = candidates();
            }
            KeyState next = advance(frame);
            if (next != null) {
                depth += frame.takenNode == null ? 0 : 1;
                stack.add(new Frame(next, head.next));
            } else {
                stack.remove(stack.size() - 1);
                if (stack.isEmpty()) {
                    return describe(deepest, stuck.state, candidates);
                }
            }
        }
    }

    /** Takes the next operation that can come now; the state after it, or null if there is none left. */
    private KeyState advance(Frame frame) {
        while (true) {
            while (frame.alternatives.hasNext()) {
                KeyState state = frame.alternatives.next();
                if (++steps > MAX_STEPS) {
                    throw new UndecidedException("more than " + MAX_STEPS + " steps for " + knownCount
                            + " operations and " + unknown.size() + " of unknown outcome");
                }
                if (frame.candidateNode == null && state.equals(frame.state)) {
                    continue; // without effect: as good as never
                }
                if (longestRead != null && !fits(state.value(), frame.candidateNode != null)) {
                    continue;
                }
                flip(frame.candidate);
                if (isNew(state)) {
                    frame.taken = frame.candidate;
                    frame.takenNode = frame.candidateNode;
                    if (frame.takenNode != null) {
                        lift(frame.takenNode);
                    }
                    return state;
                }
                flip(frame.candidate);
            }
            if (frame.cursor != null && frame.cursor.isCall) {
                frame.candidateNode = frame.cursor;
                frame.candidate = frame.cursor.id;
                frame.alternatives = frame.state.after(frame.cursor.operation).iterator();
                frame.cursor = frame.cursor.next;
            } else {
                // the first return: what began before it may come now, and nothing else
                long before = frame.cursor == null ? Long.MAX_VALUE : frame.cursor.time();
                int i = frame.nextUnknown++;
                if (i >= unknown.size() || unknown.get(i).called() > before) {
                    return null;
                }
                frame.candidateNode = null;
                frame.candidate = knownCount + i;
                frame.alternatives = isUsed(i) || hasUnusedTwinBefore(i)
                        ? KeyStates.NONE
                        : frame.state.after(unknown.get(i)).iterator();
            }
        }
    }

    /** The operations one of which must come next. */
    private List<KeyOperation> candidates() {
        List<KeyOperation> found = new ArrayList<>();
        Node node = head.next;
        for (; node != null && node.isCall; node = node.next) {
            found.add(node.operation);
        }
        for (int i = 0; i < unknown.size() && node != null && unknown.get(i).called() <= node.time(); i++) {
            if (!isUsed(i)) {
                found.add(unknown.get(i));
            }
        }
        return found;
    }

    private String describe(int fitting, KeyState state, List<KeyOperation> candidates) {
        StringBuilder text = new StringBuilder();
        text.append(fitting).append(" of ").append(knownCount).append(" answered operations fit. Then the key is ");
        text.append(state).append(", and none of these can come next:\n");
        for (KeyOperation candidate : candidates) {
            text.append("  ").append(candidate).append('\n');
        }
        return text.toString();
    }

    private int undo(Frame frame) {
        flip(frame.taken);
        frame.taken = -1;
        if (frame.takenNode == null) {
            return 0;
        }
        unlift(frame.takenNode);
        frame.takenNode = null;
        return 1;
    }

    private static void lift(Node call) {
        call.previous.next = call.next;
        if (call.next != null) {
            call.next.previous = call.previous;
        }
        Node back = call.match;
        back.previous.next = back.next;
        if (back.next != null) {
            back.next.previous = back.previous;
        }
    }

    private static void unlift(Node call) {
        Node back = call.match;
        back.previous.next = back;
        if (back.next != null) {
            back.next.previous = back;
        }
        call.previous.next = call;
        if (call.next != null) {
            call.next.previous = call;
        }
    }

    /**
     * Whether the search was not yet here. With the same answered operations behind it and the same value, having used
     * fewer of the unknown ones, or knowing less of the version, leaves at least as many ways to go on.
     */
    private boolean isNew(KeyState state) {
        Place place = new Place(done.clone(), state.value(), state.exact() ? state.version() : -1);
        List<Way> before = visited.computeIfAbsent(place, p -> new ArrayList<>(1));
        for (Way way : before) {
            if (way.version <= state.version() && isSubset(way.used, used)) {
                return false;
            }
        }
        before.add(new Way(used.clone(), state.version()));
        return true;
    }

    /**
     * Each value of a list that is only appended to is a beginning of what is read later. What goes beyond that nobody reads: of
     * unknown outcome it may as well never have happened, and the orders in which it could have are not tried.
     */
    private boolean fits(String value, boolean isKnown) {
        return value == null || longestRead.startsWith(value) || isKnown && value.startsWith(longestRead);
    }

    private static String longestReadOfList(List<KeyOperation> history) {
        String longest = "";
        for (KeyOperation operation : history) {
            if (operation.answer() instanceof KeyAnswer.Found found
                    && found.value().length() > longest.length()) {
                longest = found.value();
            }
            if (!(operation.call() instanceof KeyCall.Append) && !(operation.call() instanceof KeyCall.Read)) {
                return null;
            }
        }
        return longest;
    }

    /** Of equal operations of unknown outcome the first one is used first: which of them it was makes no difference. */
    private boolean hasUnusedTwinBefore(int i) {
        KeyCall call = unknown.get(i).call();
        for (int j = 0; j < i; j++) {
            if (!isUsed(j) && unknown.get(j).call().equals(call)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isSubset(long[] small, long[] large) {
        for (int i = 0; i < small.length; i++) {
            if ((small[i] & ~large[i]) != 0) {
                return false;
            }
        }
        return true;
    }

    private void flip(int operation) {
        if (operation < knownCount) {
            done[operation >> 6] ^= 1L << operation;
        } else {
            used[(operation - knownCount) >> 6] ^= 1L << (operation - knownCount);
        }
    }

    private boolean isUsed(int i) {
        return (used[i >> 6] & 1L << i) != 0;
    }

    private static final class KeyStates {
        static final Iterator<KeyState> NONE = List.<KeyState>of().iterator();
    }

    /** A call or a return in the order of time. */
    private static final class Node {
        final KeyOperation operation;
        final int id;
        final boolean isCall;
        Node match;
        Node previous;
        Node next;

        Node(KeyOperation operation, int id, boolean isCall) {
            this.operation = operation;
            this.id = id;
            this.isCall = isCall;
        }

        long time() {
            return isCall ? operation.called() : operation.returned();
        }
    }

    /** A place in the search: a state, and how far the operations that may come next were tried. */
    private static final class Frame {
        final KeyState state;
        Node cursor;
        int nextUnknown;
        int candidate = -1;
        Node candidateNode;
        Iterator<KeyState> alternatives = KeyStates.NONE;
        int taken = -1;
        Node takenNode;

        Frame(KeyState state, Node cursor) {
            this.state = state;
            this.cursor = cursor;
        }
    }

    private record Place(long[] done, String value, long exactVersion) {
        @Override
        public boolean equals(Object o) {
            return o instanceof Place other
                    && exactVersion == other.exactVersion
                    && Arrays.equals(done, other.done)
                    && Objects.equals(value, other.value);
        }

        @Override
        public int hashCode() {
            return (Arrays.hashCode(done) * 31 + Objects.hashCode(value)) * 31 + Long.hashCode(exactVersion);
        }
    }

    /** How the search came to a place: which unknown operations it used, and what it knew of the version. */
    private record Way(long[] used, long version) {}
}
