package io.flotilla.controller.machine;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.configuration.UnknownFields;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.MoveReport;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.ControllerSnapshot;
import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.machine.SnapshotBytes;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import io.flotilla.raft.machine.UnknownCommandException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongPredicate;

/**
 * What the controller of a fleet knows: numbered configurations, the next ids, what each group was created with. Held in
 * memory; durable in the log of group 0, and from time to time in a file, from which a start goes on. Which configurations
 * are kept, {@link Configurations} says; of how many commands it is known that they were done, {@link AnsweredRequests}.
 *
 * <p>Belongs to the group's applier lane. {@link #flushSoon} and {@link #install} write the file there, and block until
 * it is synced: some 5 MB for 100,000 shards on 10,000 groups, and up to 16 MiB of deltas. So the lane must not be one that data groups
 * share ({@link io.flotilla.raft.machine.StateMachineFactory#isApart}).
 */
public final class ControllerStateMachine implements StateMachine {
    /** Of the file: see {@link StateFile}. */
    public static final int FILE_VERSION = 3;

    private static final long CONTROLLER_GROUP = 0;

    private final StateFile file;
    private final ControllerState state;
    private long applied;
    private long durable;
    private EntryId installed = EntryId.ZERO;

    private ControllerStateMachine(StateFile file, ConfigurationListener listener) {
        this.file = file;
        this.state = new ControllerState(listener);
    }

    /**
     * Begins with what the file holds, if there is one. The listener hears of the newest configuration in it.
     *
     * @throws UncheckedIOException if the file is damaged or can't be read; its message names it
     */
    public static ControllerStateMachine open(StateFile file, ConfigurationListener listener) {
        ControllerStateMachine machine = new ControllerStateMachine(file, listener);
        try {
            byte[] content = file.read().orElse(null);
            if (content != null) {
                machine.take(parse(file, content));
                machine.durable = machine.applied;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
        return machine;
    }

    /**
     * Deletes what a machine, now closed, kept in the file; does nothing if it kept nothing. What its listener heard stays
     * true: a node without a replica of the controller's group follows configurations, too.
     *
     * @throws UncheckedIOException if the file can't be deleted
     */
    public static void drop(StateFile file) {
        try {
            file.delete();
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    private static ControllerSnapshot parse(StateFile file, byte[] content) throws IOException {
        try {
            return SnapshotCodec.parse(content);
        } catch (IllegalArgumentException e) {
            throw file.damaged("holds no configurations (" + e.getMessage() + ")");
        }
    }

    private void take(ControllerSnapshot snapshot) {
        state.take(snapshot);
        applied = snapshot.getIndex();
        installed = new EntryId(snapshot.getInstalledTerm(), snapshot.getInstalledIndex());
    }

    @Override
    public long appliedIndex() {
        return applied;
    }

    @Override
    public long durableIndex() {
        return durable;
    }

    /** @throws UncheckedIOException if the file can't be written */
    @Override
    public void flushSoon() {
        if (durable < applied) {
            write(currentState(), installed);
        }
    }

    private ControllerSnapshot currentState() {
        return state.snapshot()
                .setFormat(SnapshotCodec.FORMAT)
                .setIndex(applied)
                .build();
    }

    private void write(ControllerSnapshot snapshot, EntryId lastInstalled) {
        ControllerSnapshot content = snapshot.toBuilder()
                .setInstalledTerm(lastInstalled.term())
                .setInstalledIndex(lastInstalled.index())
                .build();
        try {
            file.write(content.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
        durable = snapshot.getIndex();
    }

    @Override
    public SnapshotSource snapshot() {
        ControllerSnapshot snapshot = currentState();
        return new SnapshotBytes(applied, () -> SnapshotCodec.encode(snapshot));
    }

    @Override
    public SnapshotSink receiveSnapshot() {
        return new ControllerSnapshotSink();
    }

    /** @throws UncheckedIOException if the file can't be written */
    @Override
    public void install(SnapshotSink received, EntryId last) {
        ControllerSnapshot snapshot = ((ControllerSnapshotSink) received).snapshot();
        Check.that(
                snapshot.getIndex() == last.index() && last.index() > applied,
                "at %s, a snapshot at %s can't be installed as %s",
                applied,
                snapshot.getIndex(),
                last);
        write(snapshot, last);
        take(snapshot.toBuilder()
                .setInstalledTerm(last.term())
                .setInstalledIndex(last.index())
                .build());
    }

    @Override
    public EntryId installed() {
        return installed;
    }

    /** @return a {@link ControllerResult} per command */
    @Override
    public List<Object> apply(List<Entry> entries) {
        List<Object> results = new ArrayList<>(entries.size());
        for (Entry entry : entries) {
            Check.that(entry.index() == applied + 1, "entry %s after %s", entry.index(), applied);
            results.add(entry.kind() == EntryKind.COMMAND ? state.apply(parse(entry)) : null);
            applied = entry.index();
        }
        return results;
    }

    /** The newest configuration; empty before the founding. */
    public Optional<Configuration> newest() {
        return state.newest();
    }

    /** The configuration of that number; empty if there is none yet or it is no longer kept. */
    public Optional<Configuration> query(long number) {
        return state.query(number);
    }

    /** What a command with this request id did; empty if none is known. */
    public Optional<ControllerResult> answered(ByteString requestId) {
        return state.answered(requestId);
    }

    /** What plans are made from; empty before the founding. */
    public Optional<ControllerView> view() {
        return state.view();
    }

    /** Drops of some groups that nobody has told of, by ascending shard and move. */
    public List<MoveReport> awaitedDrops(LongPredicate group, int most) {
        return state.awaitedDrops(group, most);
    }

    @Override
    public void close() {}

    /**
     * What this version does not know it can't do, and must not skip: the replicas would differ.
     *
     * @throws UnknownCommandException if the entry holds a command that this version does not know whole
     */
    private static ControllerCommand parse(Entry entry) {
        ControllerCommand command;
        try {
            command = ControllerCommand.parseFrom(entry.payload());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("the controller's log holds no command at index " + entry.index(), e);
        }
        String unknown = UnknownFields.first(command);
        if (unknown != null || command.getBodyCase() == ControllerCommand.BodyCase.BODY_NOT_SET) {
            throw new UnknownCommandException(
                    CONTROLLER_GROUP, entry.index(), "a command with " + (unknown == null ? "no kind" : unknown));
        }
        return command;
    }
}
