package io.flotilla.controller.machine;

import io.flotilla.client.proto.Configuration;
import java.util.Set;

/**
 * What plans are made from, as of one applied index. Immutable.
 *
 * @param nextGroup the id that the next group gets
 * @param owing the groups that have to drop shards which went on
 */
public record ControllerView(Configuration newest, long nextGroup, Set<Long> owing) {}
