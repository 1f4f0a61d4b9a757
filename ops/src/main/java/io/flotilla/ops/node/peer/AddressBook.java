package io.flotilla.ops.node.peer;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.transport.Transport;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Where the nodes are: as the newest configuration says, or as a node said itself since. Changed on the node's lane,
 * read by any thread.
 */
public final class AddressBook {
    private final NodeId self;
    private final String ownAddress;
    private final Transport transport;
    /** What configurations said last. */
    private final TreeMap<NodeId, String> configured = new TreeMap<>();

    /** What nodes said themselves last. */
    private final TreeMap<NodeId, String> said = new TreeMap<>();

    private volatile Map<NodeId, String> book;

    public AddressBook(NodeId self, String ownAddress, Transport transport) {
        this.self = self;
        this.ownAddress = ownAddress;
        this.transport = transport;
        this.book = new TreeMap<>();
        this.book.put(self, ownAddress);
    }

    /** {@code host:port}, or an empty string if unknown. */
    public String addressOf(NodeId node) {
        return book.getOrDefault(node, "");
    }

    /**
     * Takes over the addresses that are new in this configuration; those it merely repeats don't undo newer word.
     *
     * @return what other addresses nodes gave themselves: a configuration that tells of a move may come late, when the
     *     node has moved on, so these are worth a look
     */
    public SortedMap<NodeId, String> configured(Configuration configuration) {
        return configured(configuration.getNodesList());
    }

    public SortedMap<NodeId, String> configured(Iterable<Node> nodes) {
        TreeMap<NodeId, String> overruled = new TreeMap<>();
        TreeMap<NodeId, String> next = new TreeMap<>(book);
        for (Node node : nodes) {
            NodeId id = new NodeId(node.getId());
            if (!id.equals(self) && !node.getAddress().equals(configured.put(id, node.getAddress()))) {
                next.put(id, node.getAddress());
                transport.setAddress(id, node.getAddress());
                String own = said.get(id);
                if (own != null && !own.equals(node.getAddress())) {
                    overruled.put(id, own);
                }
            }
        }
        next.put(self, ownAddress);
        book = Collections.unmodifiableMap(next);
        return overruled;
    }

    /** The node itself answered there. */
    public void found(NodeId node, String address) {
        said.put(node, address);
        if (!address.equals(book.get(node)) && !node.equals(self)) {
            TreeMap<NodeId, String> next = new TreeMap<>(book);
            next.put(node, address);
            transport.setAddress(node, address);
            book = Collections.unmodifiableMap(next);
        }
    }
}
