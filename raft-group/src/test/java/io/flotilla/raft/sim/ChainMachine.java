package io.flotilla.raft.sim;

import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.machine.StateMachine;
import java.util.ArrayList;
import java.util.List;

/** A state machine whose state is a hash over all commands so far, and whose result is that hash. In memory only. */
final class ChainMachine implements StateMachine {
    private long applied;
    private long chain;

    long chain() {
        return chain;
    }

    @Override
    public long appliedIndex() {
        return applied;
    }

    @Override
    public List<Object> apply(List<Entry> entries) {
        List<Object> results = new ArrayList<>();
        for (Entry entry : entries) {
            applied = entry.index();
            if (entry.kind() == EntryKind.COMMAND) {
                chain = chain * 31 + TraceHash.of(entry.payload());
                results.add(chain);
            } else {
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
