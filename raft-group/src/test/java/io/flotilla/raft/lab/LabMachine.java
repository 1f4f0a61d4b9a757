package io.flotilla.raft.lab;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;

/** Keeps the applied commands in order and shows each to the group, which compares the servers. */
final class LabMachine implements StateMachine {
    /** Sees what is applied. */
    interface Observer {
        void applied(long index, long ordinal, String command);
    }

    private final Observer observer;
    private final List<String> commands = new ArrayList<>();
    private long applied;
    private long hash;

    LabMachine(Observer observer) {
        this.observer = observer;
    }

    long hash() {
        return hash;
    }

    @Override
    public long appliedIndex() {
        return applied;
    }

    @Override
    public List<Object> apply(List<Entry> entries) {
        List<Object> results = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.index() != applied + 1) {
                throw new LabFailure("server applies index %d after %d", entry.index(), applied);
            }
            applied = entry.index();
            if (entry.kind() == EntryKind.COMMAND) {
                LabCommand command = LabCommand.of(entry.payload());
                commands.add(command.text());
                hash = hash * 31 + command.hashCode();
                observer.applied(applied, commands.size(), command.text());
                results.add((long) commands.size());
            } else {
                observer.applied(applied, commands.size(), null);
                results.add(null);
            }
        }
        return results;
    }

    @Override
    public long durableIndex() {
        return 0;
    }

    @Override
    public void close() {}
}
