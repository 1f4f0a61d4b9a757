package io.flotilla.kv.machine;

import static io.flotilla.kv.machine.MovingGroup.mark;
import static io.flotilla.kv.machine.Writes.put;
import static io.flotilla.kv.machine.Writes.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.kv.engine.memory.MemoryEngine;
import io.flotilla.raft.core.log.Entry;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The state right after a Mark can be added up for a while. */
class MarksTest {
    private final MovingGroup a = new MovingGroup(Writes.GROUP, new MemoryEngine(), Writes.low());

    private Long at(MovingGroup group, long index) {
        try (GroupChecksum sum = group.machines.checksum(Writes.GROUP, index)) {
            return sum == null ? null : sum.compute(() -> true);
        }
    }

    @Test
    void replicasAddUpTheStateOfTheSameMomentWhateverWasAppliedSince() {
        a.append(MovingGroup.writes(Writes.NOW, write(1, 1, put("a", "1"))));
        a.append(mark());
        a.append(MovingGroup.writes(Writes.NOW, write(1, 2, put("a", "2"))));
        List<Entry> entries = List.copyOf(a.log);
        MovingGroup other = new MovingGroup(Writes.GROUP, new MemoryEngine(), null, a.log, List.of(Writes.low()));
        a.machine.apply(entries);
        other.catchUp(2);
        long there = other.machine.checksum();
        assertThat(at(a, 2)).isEqualTo(there).isEqualTo(at(a, 2));
        other.catchUp();
        assertThat(at(other, 2)).isEqualTo(there);
        assertThat(other.machine.checksum()).isNotEqualTo(there).isEqualTo(a.machine.checksum());
        assertThat(at(a, 1)).isNull();
        assertThat(a.machines.checksum(77, 2)).isNull();
    }

    @Test
    void theNewestTwoAreKeptForAMinute() {
        for (int i = 0; i < 3; i++) {
            a.apply(mark());
            a.time.passMillis(10_000);
        }
        assertThat(at(a, 1)).isNull();
        assertThat(at(a, 2)).isNotNull();
        assertThat(at(a, 3)).isNotNull();
        GroupChecksum read = a.machines.checksum(Writes.GROUP, 3);
        a.time.passMillis(45_000);
        assertThat(at(a, 2)).isNull();
        a.machines.tidy();
        assertThat(at(a, 3)).isNotNull();
        a.time.passMillis(5_000);
        a.machines.tidy();
        assertThat(at(a, 3)).isNull();
        assertThat(read.compute(() -> true)).as("somebody is at it").isNotZero();
        read.close();
        read.close();
    }
}
