package io.flotilla.raft.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** What a log must hold, kept in the plainest way. */
final class LogModel {
    private static final class Group {
        private byte[] genesis;
        private HardState hardState = HardState.INITIAL;
        private final List<Entry> entries = new ArrayList<>();
    }

    private final TreeMap<Long, Group> groups = new TreeMap<>();

    static GroupWrite creation(long groupId, HardState hardState, Entry... entries) {
        return new GroupWrite(groupId, descriptor(groupId), hardState, null, List.of(entries));
    }

    static GroupWrite write(long groupId, HardState hardState, Entry... entries) {
        return new GroupWrite(groupId, null, hardState, null, List.of(entries));
    }

    static Entry entry(long term, long index, int payloadBytes) {
        byte[] payload = new byte[payloadBytes];
        new SplittableRandom(term * 1_000_003 + index).nextBytes(payload);
        return new Entry(term, index, EntryKind.COMMAND, payload);
    }

    private static GroupDescriptor descriptor(long groupId) {
        Membership membership = Membership.of(new NodeId("n1"), new NodeId("n2"), new NodeId("node-" + groupId));
        return new GroupDescriptor(groupId, membership, ("genesis of " + groupId).getBytes());
    }

    LogModel copy() {
        LogModel copy = new LogModel();
        groups.forEach((id, group) -> {
            Group again = new Group();
            again.genesis = group.genesis;
            again.hardState = group.hardState;
            again.entries.addAll(group.entries);
            copy.groups.put(id, again);
        });
        return copy;
    }

    LogModel apply(List<GroupWrite> writes) {
        for (GroupWrite write : writes) {
            Group group = groups.computeIfAbsent(write.groupId(), id -> new Group());
            if (write.creation() != null) {
                group.genesis = write.creation().genesis();
            }
            if (write.hardState() != null) {
                group.hardState = write.hardState();
            }
            for (Entry entry : write.entries()) {
                group.entries
                        .subList((int) entry.index() - 1, group.entries.size())
                        .clear();
                group.entries.add(entry);
            }
        }
        return this;
    }

    /** A batch such as many groups make: new groups, votes, entries, replaced suffixes. */
    List<GroupWrite> randomBatch(SplittableRandom random, int maxPayload) {
        List<GroupWrite> writes = new ArrayList<>();
        LogModel after = copy();
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            long id = random.nextInt(6);
            Group group = after.groups.get(id);
            HardState hardState = group == null ? HardState.INITIAL : group.hardState;
            HardState newState = null;
            if (random.nextInt(3) == 0) {
                hardState = newState = new HardState(
                        hardState.term() + 1, random.nextBoolean() ? new NodeId("n" + random.nextInt(9)) : null);
            }
            List<Entry> entries = new ArrayList<>();
            long last = group == null ? 0 : group.entries.size();
            long index = random.nextInt(5) == 0 ? 1 + random.nextLong(last + 1) : last + 1;
            for (int count = random.nextInt(5); count > 0; count--) {
                entries.add(entry(hardState.term(), index++, random.nextInt(maxPayload)));
            }
            GroupWrite write = new GroupWrite(id, group == null ? descriptor(id) : null, newState, null, entries);
            writes.add(write);
            after.apply(List.of(write));
        }
        return writes;
    }

    /** Whether the log recovered just this. */
    boolean matches(LogStore store) throws IOException {
        try {
            assertHeldBy(store);
            return true;
        } catch (AssertionError e) {
            return false;
        }
    }

    void assertHeldBy(LogStore store) throws IOException {
        List<RecoveredGroup> recovered = store.recovered();
        assertThat(recovered).extracting(g -> g.descriptor().groupId()).containsExactlyElementsOf(groups.keySet());
        for (RecoveredGroup found : recovered) {
            long id = found.descriptor().groupId();
            Group group = groups.get(id);
            assertThat(found.descriptor().membership()).isEqualTo(descriptor(id).membership());
            assertThat(found.descriptor().genesis()).isEqualTo(group.genesis);
            assertThat(found.hardState()).isEqualTo(group.hardState);
            assertThat(found.base()).isEqualTo(EntryId.ZERO);
            assertThat(found.lastIndex()).isEqualTo(group.entries.size());
            assertThat(found.terms()).isEqualTo(terms(group));
        }
        assertReadBy(store);
    }

    /** The entries are all there, read in random pieces. */
    void assertReadBy(LogStore store) throws IOException {
        for (var group : groups.entrySet()) {
            List<Entry> entries = group.getValue().entries;
            if (!entries.isEmpty()) {
                assertThat(store.read(group.getKey(), 1, entries.size(), Integer.MAX_VALUE))
                        .isEqualTo(entries);
            }
        }
    }

    private static List<TermRun> terms(Group group) {
        List<TermRun> terms = new ArrayList<>();
        for (Entry entry : group.entries) {
            if (terms.isEmpty() || terms.get(terms.size() - 1).term() != entry.term()) {
                terms.add(new TermRun(entry.index(), entry.term()));
            }
        }
        return terms;
    }
}
