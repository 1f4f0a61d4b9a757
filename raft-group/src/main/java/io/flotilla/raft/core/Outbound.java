package io.flotilla.raft.core;

import io.flotilla.raft.core.message.Message;

/** A message and the node whose replica it is for. */
public record Outbound(NodeId to, Message message) {}
