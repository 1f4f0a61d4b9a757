package io.flotilla.raft.transport;

import java.util.List;

/**
 * The messages of one frame, each kind in the order in which the peer sent them. Immutable.
 *
 * @param nodes of the sender itself
 * @param groups of its replicas
 */
public record Frame(List<NodeMessage> nodes, List<GroupMessage> groups) {}
