package io.flotilla.controller.machine;

import com.google.protobuf.InvalidProtocolBufferException;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.controller.decide.Placement;
import io.flotilla.controller.proto.ControllerCommand;
import io.flotilla.controller.proto.ControllerImage;
import io.flotilla.controller.proto.FoundFleet;
import io.flotilla.controller.proto.RegisterNode;
import io.flotilla.raft.core.Check;
import io.flotilla.raft.core.log.Entry;
import io.flotilla.raft.core.log.EntryId;
import io.flotilla.raft.core.log.EntryKind;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.machine.SnapshotBytes;
import io.flotilla.raft.machine.SnapshotSink;
import io.flotilla.raft.machine.SnapshotSource;
import io.flotilla.raft.machine.StateMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The configurations of a fleet by number. Held in memory; durable in the log of group 0, and from time to time in a
 * file, from which a start goes on. Which configurations are kept, {@link Configurations} says.
 *
 * <p>Belongs to the group's applier lane. {@link #flushSoon} and {@link #install} write the file there, and block until
 * it is synced: it is as small as the configurations kept are, and it is written only when the log wants room.
 */
public final class ControllerStateMachine implements StateMachine {
    private final StateFile file;
    private final ConfigurationListener listener;
    private final Configurations configurations = new Configurations();
    private long applied;
    private long durable;
    private EntryId installed = EntryId.ZERO;

    private ControllerStateMachine(StateFile file, ConfigurationListener listener) {
        this.file = file;
        this.listener = listener;
    }

    /**
     * Begins with what the file holds, if there is one. The listener hears of the configurations that somebody may need:
     * those in which groups were created, then the newest.
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

    private static ControllerImage parse(StateFile file, byte[] content) throws IOException {
        try {
            return ImageCodec.parse(content);
        } catch (IllegalArgumentException e) {
            throw file.damaged("holds no configurations (" + e.getMessage() + ")");
        }
    }

    private void take(ControllerImage image) {
        configurations.replace(image.getConfigurationsList());
        applied = image.getIndex();
        installed = new EntryId(image.getInstalledTerm(), image.getInstalledIndex());
        configurations.needed().forEach(listener::applied);
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
            write(image(), installed);
        }
    }

    private ControllerImage image() {
        return ControllerImage.newBuilder()
                .setFormat(ImageCodec.FORMAT)
                .setIndex(applied)
                .addAllConfigurations(configurations.all())
                .build();
    }

    private void write(ControllerImage image, EntryId lastInstalled) {
        ControllerImage content = image.toBuilder()
                .setInstalledTerm(lastInstalled.term())
                .setInstalledIndex(lastInstalled.index())
                .build();
        try {
            file.write(content.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
        durable = image.getIndex();
    }

    @Override
    public SnapshotSource snapshot() {
        ControllerImage image = image();
        return new SnapshotBytes(applied, () -> ImageCodec.encode(image));
    }

    @Override
    public SnapshotSink receiveSnapshot() {
        return new ControllerImageSink();
    }

    /** @throws UncheckedIOException if the file can't be written */
    @Override
    public void install(SnapshotSink received, EntryId last) {
        ControllerImage image = ((ControllerImageSink) received).image();
        Check.that(
                image.getIndex() == last.index() && last.index() > applied,
                "at %s, an image at %s can't be installed as %s",
                applied,
                image.getIndex(),
                last);
        write(image, last);
        take(image.toBuilder()
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
            results.add(entry.kind() == EntryKind.COMMAND ? apply(parse(entry)) : null);
            applied = entry.index();
        }
        return results;
    }

    /** The newest configuration; empty before the founding. */
    public Optional<Configuration> newest() {
        return configurations.isEmpty() ? Optional.empty() : Optional.of(configurations.newest());
    }

    /** The configuration of that number; empty if there is none yet or it is no longer kept. */
    public Optional<Configuration> query(long number) {
        return configurations.query(number);
    }

    @Override
    public void close() {
        configurations.clear();
    }

    private static ControllerCommand parse(Entry entry) {
        try {
            return ControllerCommand.parseFrom(entry.payload());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("the controller's log holds no command at index " + entry.index(), e);
        }
    }

    private ControllerResult apply(ControllerCommand command) {
        switch (command.getBodyCase()) {
            case FOUND:
                return found(command.getFound());
            case REGISTER_NODE:
                return register(command.getRegisterNode());
            default:
                throw new IllegalStateException(
                        "the controller's log holds a command that this version does not know: it was written by a"
                                + " newer one");
        }
    }

    private ControllerResult found(FoundFleet found) {
        if (!configurations.isEmpty()) {
            Configuration newest = configurations.newest();
            return newest.getFleetId().equals(found.getFleetId())
                    ? new ControllerResult.Done(newest.getNumber())
                    : foreign(found.getFleetId(), newest);
        }
        String objection = Placement.objection(found);
        if (objection != null) {
            return new ControllerResult.Refused(objection);
        }
        return publish(Placement.founding(found));
    }

    private ControllerResult register(RegisterNode command) {
        if (configurations.isEmpty()) {
            return new ControllerResult.Refused("the fleet has no configuration yet");
        }
        Configuration newest = configurations.newest();
        if (!newest.getFleetId().equals(command.getFleetId())) {
            return foreign(command.getFleetId(), newest);
        }
        Node node = command.getNode();
        if (node.getAddress().isEmpty()) {
            return new ControllerResult.Refused("node " + node.getId() + " registers without an address");
        }
        for (int i = 0; i < newest.getNodesCount(); i++) {
            Node known = newest.getNodes(i);
            if (known.getId().equals(node.getId())) {
                if (known.getAddress().equals(node.getAddress())
                        && known.getHttpAddress().equals(node.getHttpAddress())) {
                    return new ControllerResult.Done(newest.getNumber());
                }
                Node moved = known.toBuilder()
                        .setAddress(node.getAddress())
                        .setHttpAddress(node.getHttpAddress())
                        .build();
                return publish(newest.toBuilder()
                        .setNumber(newest.getNumber() + 1)
                        .setNodes(i, moved)
                        .build());
            }
        }
        return new ControllerResult.Refused("node " + node.getId() + " is not a node of fleet " + newest.getFleetId());
    }

    private static ControllerResult foreign(String fleetId, Configuration newest) {
        return new ControllerResult.Refused("this is fleet " + newest.getFleetId() + ", not fleet '" + fleetId + "'");
    }

    private ControllerResult publish(Configuration configuration) {
        configurations.add(configuration);
        listener.applied(configuration);
        return new ControllerResult.Done(configuration.getNumber());
    }
}
