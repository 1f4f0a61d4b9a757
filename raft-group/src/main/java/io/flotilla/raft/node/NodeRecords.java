package io.flotilla.raft.node;

import io.flotilla.raft.core.NodeId;
import io.flotilla.raft.disk.Disk;
import io.flotilla.raft.disk.StateFile;
import io.flotilla.raft.log.LogStore;
import io.flotilla.raft.transport.NodeStart;
import io.flotilla.raft.transport.PeerRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * Which start of this node this is, and the highest incarnation and durable batch heard of each peer. The own incarnation
 * is durable before anybody can hear of it. What is heard of peers is durable after the next {@link #write}; a crash before
 * that forgets it, so the file may be behind what was heard, never ahead. Thread-safe.
 */
public final class NodeRecords {
    /** In the root of the data directory. */
    public static final String FILE = "incarnations";

    /** Of the file: see {@link StateFile}. */
    public static final int FILE_VERSION = 2;

    /** Peers beyond so many are not remembered. */
    public static final int MOST_PEERS = 1024;

    private static final String REFUSED = "refused ";

    private final StateFile file;
    private final NodeStart start;
    // guarded by this
    private final TreeMap<NodeId, PeerRecord> peers;
    private boolean changed;
    /** Why no start from this directory is taken any more; null if it is. */
    private String refusal;

    private NodeRecords(StateFile file, NodeStart start, TreeMap<NodeId, PeerRecord> peers) {
        this.file = file;
        this.start = start;
        this.peers = peers;
    }

    /**
     * Counts this node's incarnation up; durable on return. Blocks. Called once per process, with the directory locked and
     * before other nodes get an answer.
     *
     * @param log this node's, just recovered
     * @param nonce random
     * @throws DirectoryRefusedException if an earlier start was refused: then nothing is counted, or a copy of a directory would be started
     *     until its number fits
     * @throws IOException if the disk fails, or the file is damaged, or gone although the log was in use
     */
    public static NodeRecords open(Disk disk, LogStore log, long nonce) throws IOException {
        StateFile file = new StateFile(disk, FILE, FILE_VERSION);
        byte[] content = file.read().orElse(null);
        TreeMap<NodeId, PeerRecord> peers = new TreeMap<>();
        long before = 0;
        if (content != null) {
            String refusal;
            try {
                before = decode(content, peers);
                refusal = refusal(content);
            } catch (IllegalArgumentException e) {
                throw file.damaged("holds no incarnation (" + e.getMessage() + ")");
            }
            if (refusal != null) {
                throw new DirectoryRefusedException(
                        "an earlier start was refused, as " + file.describe() + " says: " + refusal);
            }
        } else if (!log.recovered().isEmpty() || !log.tombstones().isEmpty()) {
            throw file.missing("there is a log, and the node would come back under a number that it had before");
        }
        NodeRecords records = new NodeRecords(file, new NodeStart(before + 1, nonce, log.lastBatch()), peers);
        records.file.write(records.encode());
        return records;
    }

    public NodeStart start() {
        return start;
    }

    /** What is known of a node; {@link PeerRecord#NONE} if nothing is. */
    public synchronized PeerRecord of(NodeId peer) {
        return peers.getOrDefault(peer, PeerRecord.NONE);
    }

    /** What is known of all nodes that greeted once; a copy. */
    public synchronized SortedMap<NodeId, PeerRecord> all() {
        return Collections.unmodifiableSortedMap(new TreeMap<>(peers));
    }

    /**
     * A peer was reached with that start. Lower numbers than those known change nothing.
     *
     * @return whether its incarnation is a higher one
     */
    public boolean greeted(NodeId peer, NodeStart theirs) {
        return heard(peer, known -> known.with(theirs)).incarnation() < theirs.incarnation();
    }

    /** A peer said how far its log is durable. A lower number than the one known changes nothing. */
    public void durable(NodeId peer, long batch) {
        heard(peer, known -> known.withDurable(batch));
    }

    /** @return what was known before */
    private synchronized PeerRecord heard(NodeId peer, UnaryOperator<PeerRecord> more) {
        PeerRecord before = peers.get(peer);
        PeerRecord known = before == null ? PeerRecord.NONE : before;
        PeerRecord now = more.apply(known);
        if (before == null && peers.size() >= MOST_PEERS) {
            return now;
        }
        if (!now.equals(before)) {
            peers.put(peer, now);
            changed = true;
        }
        return known;
    }

    /** Where the file lies, for people. */
    public String describe() {
        return file.describe();
    }

    /** No start from this directory may be taken any more; durable with the next {@link #write}. @param why one line */
    public synchronized void refuse(String why) {
        if (refusal == null) {
            refusal = why.replace('\n', ' ');
            changed = true;
        }
    }

    /** Whether something is known that was not written. */
    public synchronized boolean isChanged() {
        return changed;
    }

    /** Makes what was heard until now durable. Blocks; by one lane. */
    public void write() throws IOException {
        byte[] content;
        synchronized (this) {
            content = encode();
            changed = false;
        }
        file.write(content);
    }

    /** Lines of text, so that an operator can read them. */
    private synchronized byte[] encode() {
        StringBuilder text = new StringBuilder();
        text.append("incarnation ").append(start.incarnation()).append('\n');
        if (refusal != null) {
            text.append(REFUSED).append(refusal).append('\n');
        }
        for (Map.Entry<NodeId, PeerRecord> peer : peers.entrySet()) {
            text.append("peer ").append(peer.getKey());
            text.append(' ').append(peer.getValue().incarnation());
            text.append(' ').append(peer.getValue().nonce());
            text.append(' ').append(peer.getValue().durableBatch()).append('\n');
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String refusal(byte[] content) {
        for (String line : new String(content, StandardCharsets.UTF_8).split("\n")) {
            if (line.startsWith(REFUSED)) {
                return line.substring(REFUSED.length());
            }
        }
        return null;
    }

    private static long decode(byte[] content, Map<NodeId, PeerRecord> peers) {
        long incarnation = 0;
        for (String line : new String(content, StandardCharsets.UTF_8).split("\n")) {
            String[] words = line.split(" ");
            if (words.length == 2 && words[0].equals("incarnation")) {
                incarnation = Long.parseLong(words[1]);
            } else if (words.length == 5 && words[0].equals("peer")) {
                peers.put(
                        new NodeId(words[1]),
                        new PeerRecord(Long.parseLong(words[2]), Long.parseLong(words[3]), Long.parseLong(words[4])));
            } else if (!line.startsWith(REFUSED)) {
                throw new IllegalArgumentException("unknown line '" + line + "'");
            }
        }
        if (incarnation < 1) {
            throw new IllegalArgumentException("the line of the incarnation is missing");
        }
        return incarnation;
    }
}
