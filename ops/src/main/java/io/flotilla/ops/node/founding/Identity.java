package io.flotilla.ops.node.founding;

import io.flotilla.client.proto.Node;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.StateFile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a data directory belongs to. A directory without one is empty: its node is part of no fleet yet. Immutable.
 *
 * @param nodes the founding nodes, by id
 * @param groups data groups made at founding
 * @param shards shards made at founding
 * @param hasLog whether the node has taken part: then its log must be there, with all that it ever promised
 */
public record Identity(
        NodeId id, String fleetId, State state, List<Node> nodes, int groups, int shards, boolean hasLog) {
    /** Of the file: see {@link StateFile}. */
    public static final int FILE_VERSION = 2;

    public enum State {
        /** Belongs to the fleet, which may not begin before all founding nodes have prepared. */
        PREPARED,
        /** All have prepared: the node takes part. */
        STARTED,
        /** The founder only: all nodes are known to have started. */
        FOUNDED
    }

    public Identity {
        nodes = List.copyOf(nodes);
    }

    public Identity in(State next) {
        return new Identity(id, fleetId, next, nodes, groups, shards, hasLog);
    }

    public Identity withLog() {
        return new Identity(id, fleetId, state, nodes, groups, shards, true);
    }

    public boolean isStarted() {
        return state != State.PREPARED;
    }

    /** Lines of text, so that an operator can see whose directory it is. */
    public byte[] encode() {
        StringBuilder text = new StringBuilder();
        text.append("id ").append(id).append('\n');
        text.append("fleet ").append(fleetId).append('\n');
        text.append("state ").append(state).append('\n');
        text.append("groups ").append(groups).append('\n');
        text.append("shards ").append(shards).append('\n');
        if (hasLog) {
            text.append("log begun\n");
        }
        for (Node node : nodes) {
            text.append("node ").append(node.getId()).append(' ').append(node.getAddress());
            text.append(' ').append(node.getFeatureLevel());
            if (!node.getHttpAddress().isEmpty()) {
                text.append(' ').append(node.getHttpAddress());
            }
            text.append('\n');
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** @throws IllegalArgumentException if the bytes are no identity */
    public static Identity decode(byte[] bytes) {
        NodeId id = null;
        String fleetId = null;
        State state = null;
        int groups = 0;
        int shards = 0;
        boolean hasLog = false;
        List<Node> nodes = new ArrayList<>();
        for (String line : new String(bytes, StandardCharsets.UTF_8).split("\n")) {
            String[] words = line.split(" ");
            if (words.length < 2) {
                throw new IllegalArgumentException("the line '" + line + "' has no value");
            }
            switch (words[0]) {
                case "id" -> id = new NodeId(words[1]);
                case "fleet" -> fleetId = words[1];
                case "state" -> state = State.valueOf(words[1]);
                case "groups" -> groups = Integer.parseInt(words[1]);
                case "shards" -> shards = Integer.parseInt(words[1]);
                case "log" -> hasLog = true;
                case "node" -> {
                    if (words.length < 4) {
                        throw new IllegalArgumentException("the line '" + line + "' ends too early");
                    }
                    Node.Builder node = Node.newBuilder()
                            .setId(words[1])
                            .setAddress(words[2])
                            .setFeatureLevel(Integer.parseInt(words[3]));
                    if (words.length > 4) {
                        node.setHttpAddress(words[4]);
                    }
                    nodes.add(node.build());
                }
                default -> throw new IllegalArgumentException("unknown line '" + line + "'");
            }
        }
        if (id == null || fleetId == null || state == null || groups < 1 || shards < 1 || nodes.isEmpty()) {
            throw new IllegalArgumentException("a line is missing");
        }
        return new Identity(id, fleetId, state, nodes, groups, shards, hasLog);
    }
}
