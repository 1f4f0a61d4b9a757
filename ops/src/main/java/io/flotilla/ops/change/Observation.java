package io.flotilla.ops.change;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.NodeStatus;
import java.util.Map;

/**
 * A fleet as it was seen at one time.
 *
 * @param configuration the newest that was told; null if nobody told any
 * @param byController the controller's leader answered
 * @param reports of the nodes that answered, by id
 */
public record Observation(Configuration configuration, boolean byController, Map<String, NodeStatus> reports) {}
