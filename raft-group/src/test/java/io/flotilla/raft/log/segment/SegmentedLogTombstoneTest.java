package io.flotilla.raft.log.segment;

import static io.flotilla.raft.log.segment.LogModel.creation;
import static io.flotilla.raft.log.segment.LogModel.entry;
import static io.flotilla.raft.log.segment.LogModel.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import io.flotilla.raft.sim.DiskTimer;
import io.flotilla.raft.sim.SimDisk;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Replicas that were dropped. */
class SegmentedLogTombstoneTest {
    private static final int SEGMENT = 16 << 10;
    private static final Tombstone TOMBSTONE = new Tombstone(2, 40, 7, new EntryId(6, 30), true);

    private final SimDisk disk = new SimDisk("n1", DiskTimer.standalone(), 5);
    private SegmentedLogStore store;

    SegmentedLogTombstoneTest() throws IOException {
        open();
    }

    private void open() throws IOException {
        store = SegmentedLogStore.open(disk, "log", new LogConfig(SEGMENT, 4 * SEGMENT, 77, 2));
    }

    private void put(GroupWrite... writes) throws IOException {
        store.write(List.of(writes));
        LogStore.Upkeep upkeep = store.upkeep();
        if (upkeep != null) {
            upkeep.run();
        }
    }

    private void reopen() throws IOException {
        store.close();
        open();
    }

    private static GroupWrite joins(long joined) {
        GroupDescriptor group = new GroupDescriptor(2, Membership.of(new NodeId("n9")), new byte[3], joined);
        return new GroupWrite(2, group, null, null, List.of());
    }

    @Test
    void aTombstoneOutlivesRestartsAndAllSegments() throws IOException {
        put(creation(1, new HardState(3, null), entry(3, 1, 100)), creation(2, new HardState(7, null)));
        put(write(2, null, entry(7, 1, 1000), entry(7, 2, 1000)));
        put(GroupWrite.of(new Tombstone(2, 40, 7, new EntryId(6, 30), false)));
        reopen();
        assertThat(store.tombstones()).extracting(Tombstone::dropped).containsExactly(false);
        put(GroupWrite.of(TOMBSTONE));
        for (long index = 2; index < 300; index++) {
            put(LogModel.base(1, 3, index - 1, entry(3, index, 1800)));
        }
        assertThat(disk.list("log")).as("the first segments are gone").doesNotContain("0000000001.log");
        reopen();
        assertThat(store.tombstones()).containsExactly(TOMBSTONE);
        assertThat(store.recovered()).extracting(g -> g.descriptor().groupId()).containsExactly(1L);
        assertThatThrownBy(() -> store.read(2, 1, 1, 100)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void nothingIsWrittenBehindATombstoneButALaterReplica() throws IOException {
        put(GroupWrite.of(TOMBSTONE));
        for (GroupWrite wrong : List.of(
                creation(2, null),
                joins(40),
                write(2, new HardState(9, null)),
                write(2, null, entry(9, 1, 10)),
                GroupWrite.of(new Tombstone(2, 39, 9, EntryId.ZERO, false)))) {
            assertThatThrownBy(() -> put(wrong)).as(wrong.toString()).isInstanceOf(IllegalArgumentException.class);
        }
        put(joins(41));
        put(write(2, null, entry(8, 1, 10)));
        reopen();
        RecoveredGroup again = store.recovered().get(0);
        assertThat(again.hardState()).as("what was said before counts no more").isEqualTo(new HardState(8, null));
        assertThat(again.floor()).isEqualTo(TOMBSTONE.floor());
        assertThat(again.membership()).isEqualTo(Membership.NONE);
        assertThat(again.descriptor().joined()).isEqualTo(41);
        assertThat(store.tombstones()).isEmpty();
    }
}
