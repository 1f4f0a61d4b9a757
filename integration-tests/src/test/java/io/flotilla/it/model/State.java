package io.flotilla.it.model;

/** One state of the whole: the controller, group A, and the three replicas of B. */
record State(Course course, GroupA a, Replica b1, Replica b2, Replica b3) {
    static final int REPLICAS = 3;

    Replica replica(int i) {
        return i == 0 ? b1 : i == 1 ? b2 : b3;
    }

    State with(Course changed) {
        return new State(changed, a, b1, b2, b3);
    }

    State with(GroupA changed) {
        return new State(course, changed, b1, b2, b3);
    }

    State with(int i, Replica changed) {
        return switch (i) {
            case 0 -> new State(course, a, changed, b2, b3);
            case 1 -> new State(course, a, b1, changed, b3);
            default -> new State(course, a, b1, b2, changed);
        };
    }

    int highestTerm() {
        return Math.max(b1.term(), Math.max(b2.term(), b3.term()));
    }

    /** The replica that leads the highest term and lives, or -1. */
    int leader() {
        int term = highestTerm();
        for (int i = 0; i < REPLICAS; i++) {
            if (replica(i).leads() && replica(i).term() == term) {
                return i;
            }
        }
        return -1;
    }
}
