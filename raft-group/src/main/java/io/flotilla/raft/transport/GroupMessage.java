package io.flotilla.raft.transport;

import io.flotilla.raft.core.message.Message;

/** A message of one group, as it travels inside a frame. */
public record GroupMessage(long groupId, Message message) {}
