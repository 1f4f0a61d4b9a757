package io.flotilla.it.model;

/** What an entry does to a group of this model, and what the checker remembers of it. */
final class Applied {
    private Applied() {}

    /** The engine of a replica of B after one more entry, whatever the entry does. */
    static Engine by(State state, Engine engine, int entry, Fault fault) {
        Shard shard = engine.shard();
        int subject = Entry.subject(entry);
        Course course = state.course();
        Shard after = switch (Entry.kind(entry)) {
            case Entry.MOVE_OUT -> shard.moveOut(subject, course.epochOf(subject), fault);
            case Entry.FREEZE -> shard.freeze(subject);
            case Entry.CANCEL ->
                course.back(subject) ? shard.cancelAtSource(subject, fault) : shard.cancelAtTarget(subject);
            case Entry.ADOPT ->
                shard.adopt(
                        subject,
                        Entry.least(entry),
                        engine.hold(subject),
                        state.a().frozenBy(subject),
                        fault);
            case Entry.DROP -> shard.drop(subject, fault);
            case Entry.WRITE -> shard.write(subject, course.key(subject));
            case Entry.ACKNOWLEDGE -> shard.acknowledge(subject, fault);
            case Entry.TIME -> shard.advanceTime();
            default -> shard;
        };
        return engine.after(after, engine.applied() + 1);
    }

    /** The course after a group has applied an entry that changed its shard. */
    static Course noted(Course known, Shard before, Shard after, int entry, boolean byA) {
        if (before.bits() == after.bits()) {
            return known;
        }
        Course course = known.reaching(after.csn());
        int subject = Entry.subject(entry);
        return switch (Entry.kind(entry)) {
            case Entry.WRITE -> {
                boolean again = (before.row(course.key(subject)) & 2 << subject) != 0;
                boolean elsewhere =
                        byA ? course.takenByA(subject) || course.takenByB(subject) : course.takenByA(subject);
                yield course.taken(subject, byA, again || elsewhere);
            }
            case Entry.ACKNOWLEDGE -> course.acknowledging(subject);
            case Entry.TIME -> course.passingTime();
            default -> course;
        };
    }
}
