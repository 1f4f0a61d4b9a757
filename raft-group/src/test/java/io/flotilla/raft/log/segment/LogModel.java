package io.flotilla.raft.log.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flotilla.raft.core.HardState;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.core.SnapshotBase;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.core.log.TermRun;
import io.flotilla.raft.core.membership.Membership;
import io.flotilla.raft.core.membership.MembershipChange;
import io.flotilla.raft.core.membership.MembershipChanger;
import io.flotilla.raft.core.membership.MembershipCodec;
import io.flotilla.raft.core.membership.MembershipEntry;
import io.flotilla.raft.log.GroupDescriptor;
import io.flotilla.raft.log.GroupWrite;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.log.RecoveredGroup;
import io.flotilla.raft.log.Tombstone;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/** What a log must hold, kept in the plainest way. */
final class LogModel {
    private static final class Group {
        private byte[] genesis;
        private long joined;
        private EntryId floor = EntryId.ZERO;
        private Membership membership;
        private SnapshotBase snapshot;
        private HardState hardState = HardState.INITIAL;
        private EntryId base = EntryId.ZERO;
        private final List<Entry> entries = new ArrayList<>();

        long last() {
            return base.index() + entries.size();
        }

        /** The entries of this index and after it. */
        List<Entry> from(long index) {
            return entries.subList((int) Math.min(index - base.index() - 1, entries.size()), entries.size());
        }

        boolean holds(EntryId id) {
            return id.index() > base.index()
                    && id.index() <= last()
                    && from(id.index()).get(0).term() == id.term();
        }
    }

    private final TreeMap<Long, Group> groups = new TreeMap<>();
    private final TreeMap<Long, Tombstone> tombstones = new TreeMap<>();

    static GroupWrite creation(long groupId, HardState hardState, Entry... entries) {
        return new GroupWrite(groupId, descriptor(groupId), hardState, null, List.of(entries));
    }

    static GroupWrite write(long groupId, HardState hardState, Entry... entries) {
        return new GroupWrite(groupId, null, hardState, null, List.of(entries));
    }

    static GroupWrite base(long groupId, long term, long index, Entry... entries) {
        return new GroupWrite(groupId, null, null, new EntryId(term, index), List.of(entries));
    }

    static Entry entry(long term, long index, int payloadBytes) {
        byte[] payload = new byte[payloadBytes];
        new SplittableRandom(term * 1_000_003 + index).nextBytes(payload);
        return new Entry(term, index, EntryKind.COMMAND, index % 3 == 0 ? Entry.GUARDED : 0, payload);
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
            again.joined = group.joined;
            again.floor = group.floor;
            again.membership = group.membership;
            again.snapshot = group.snapshot;
            again.hardState = group.hardState;
            again.base = group.base;
            again.entries.addAll(group.entries);
            copy.groups.put(id, again);
        });
        copy.tombstones.putAll(tombstones);
        return copy;
    }

    LogModel apply(List<GroupWrite> writes) {
        for (GroupWrite write : writes) {
            if (write.tombstone() != null) {
                groups.remove(write.groupId());
                tombstones.put(write.groupId(), write.tombstone());
                continue;
            }
            Group group = groups.computeIfAbsent(write.groupId(), id -> new Group());
            if (write.creation() != null) {
                Tombstone before = tombstones.remove(write.groupId());
                group.genesis = write.creation().genesis();
                group.joined = write.creation().joined();
                group.membership = group.joined == 0 ? write.creation().membership() : Membership.NONE;
                if (before != null) {
                    group.hardState = new HardState(before.term() + 1, null);
                    group.floor = before.floor();
                }
            }
            if (write.snapshot() != null) {
                group.snapshot = write.snapshot();
            }
            if (write.hardState() != null) {
                group.hardState = write.hardState();
            }
            EntryId base = write.base();
            if (base != null && !base.equals(group.base)) {
                List<Entry> kept = group.holds(base) ? List.copyOf(group.from(base.index() + 1)) : List.of();
                group.base = base;
                if (write.membership() != null) {
                    group.membership = write.membership();
                }
                group.entries.clear();
                group.entries.addAll(kept);
            }
            for (Entry entry : write.entries()) {
                group.from(entry.index()).clear();
                group.entries.add(entry);
            }
        }
        return this;
    }

    /** A batch such as many groups make: new groups, votes, entries, replaced suffixes, moved bases. */
    List<GroupWrite> randomBatch(SplittableRandom random, int maxPayload) {
        List<GroupWrite> writes = new ArrayList<>();
        TreeSet<Long> ids = new TreeSet<>();
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            ids.add(random.nextLong(6));
        }
        for (long id : ids) {
            Tombstone tombstone = tombstones.get(id);
            if (tombstone != null || random.nextInt(16) == 0) {
                writes.add(dropOrCreate(id, tombstone, random));
                continue;
            }
            Group group = groups.get(id);
            HardState hardState = group == null ? HardState.INITIAL : group.hardState;
            HardState newState = null;
            if (random.nextInt(3) == 0) {
                hardState = newState = new HardState(
                        hardState.term() + 1, random.nextBoolean() ? new NodeId("n" + random.nextInt(9)) : null);
            }
            long base = group == null ? 0 : group.base.index();
            long last = group == null ? 0 : group.last();
            EntryId newBase = null;
            if (random.nextInt(6) == 0) {
                if (last > base && random.nextInt(4) > 0) {
                    Entry entry = group.entries.get(random.nextInt(group.entries.size()));
                    newBase = new EntryId(entry.term(), entry.index());
                } else {
                    newBase = new EntryId(hardState.term(), base + 1 + random.nextInt(20));
                    last = group != null && group.holds(newBase) ? last : newBase.index();
                }
                base = newBase.index();
            }
            List<Entry> entries = new ArrayList<>();
            long index = random.nextInt(5) == 0 ? base + 1 + random.nextLong(last - base + 1) : last + 1;
            for (int count = random.nextInt(5); count > 0; count--) {
                entries.add(
                        random.nextInt(8) == 0
                                ? membershipEntry(hardState.term(), index++, random)
                                : entry(hardState.term(), index++, random.nextInt(maxPayload)));
            }
            SnapshotBase snapshot = random.nextInt(10) > 0
                    ? null
                    : new SnapshotBase(new EntryId(hardState.term(), index + 50), someMembership(random));
            writes.add(new GroupWrite(
                    id,
                    group == null ? descriptor(id) : null,
                    newState,
                    newBase,
                    newBase == null ? null : someMembership(random),
                    snapshot,
                    null,
                    entries));
        }
        return writes;
    }

    private GroupWrite dropOrCreate(long id, Tombstone tombstone, SplittableRandom random) {
        if (tombstone == null || random.nextInt(3) == 0) {
            long removedAt = random.nextInt(9) + (tombstone == null ? 0 : tombstone.removedAt());
            EntryId floor = new EntryId(random.nextInt(9), random.nextInt(99));
            return GroupWrite.of(new Tombstone(id, removedAt, random.nextInt(9), floor, random.nextBoolean()));
        }
        GroupDescriptor group = new GroupDescriptor(
                id, descriptor(id).membership(), descriptor(id).genesis(), tombstone.removedAt() + 1);
        return new GroupWrite(id, group, null, null, List.of());
    }

    private static Membership someMembership(SplittableRandom random) {
        Membership some = Membership.of(new NodeId("n" + random.nextInt(9)), new NodeId("other"));
        return random.nextBoolean()
                ? some
                : MembershipChanger.change(
                        some, MembershipChange.demote(new NodeId("other")).jointly());
    }

    private static Entry membershipEntry(long term, long index, SplittableRandom random) {
        return new Entry(term, index, EntryKind.MEMBERSHIP, MembershipCodec.encode(someMembership(random)));
    }

    /** What the hosts of the groups do about some of the log's requests. */
    List<GroupWrite> answer(List<LogStore.Pin> pins, SplittableRandom random) {
        List<GroupWrite> writes = new ArrayList<>();
        for (LogStore.Pin pin : pins) {
            Group group = groups.get(pin.groupId());
            assertThat(group).as("group of %s", pin).isNotNull();
            assertThat(pin.index()).isBetween(group.base.index() + 1, group.last());
            if (random.nextInt(3) == 0) {
                long term = group.from(pin.index()).get(0).term();
                writes.add(new GroupWrite(pin.groupId(), null, null, new EntryId(term, pin.index()), List.of()));
            }
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
            assertThat(found.base()).isEqualTo(group.base);
            assertThat(found.lastIndex()).isEqualTo(group.last());
            assertThat(found.terms()).isEqualTo(terms(group));
            assertThat(found.descriptor().joined()).isEqualTo(group.joined);
            assertThat(found.floor()).isEqualTo(group.floor);
            assertThat(found.membership()).isEqualTo(group.membership);
            boolean isAhead = group.snapshot != null && group.snapshot.last().index() > group.base.index();
            assertThat(found.snapshot()).isEqualTo(isAhead ? group.snapshot : null);
            assertThat(found.memberships())
                    .isEqualTo(group.entries.stream()
                            .filter(e -> e.kind() == EntryKind.MEMBERSHIP)
                            .map(e -> new MembershipEntry(e.index(), MembershipCodec.decode(e.payload())))
                            .toList());
        }
        assertThat(store.tombstones()).containsExactlyElementsOf(tombstones.values());
        assertReadBy(store);
    }

    /** The entries are all there, and none in front of them. */
    void assertReadBy(LogStore store) throws IOException {
        for (var each : groups.entrySet()) {
            Group group = each.getValue();
            long first = group.base.index() + 1;
            if (!group.entries.isEmpty()) {
                assertThat(store.read(each.getKey(), first, group.last(), Integer.MAX_VALUE))
                        .isEqualTo(group.entries);
            }
            assertThatThrownBy(() -> store.read(each.getKey(), first - 1, first - 1, 1))
                    .isInstanceOf(IllegalArgumentException.class);
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
