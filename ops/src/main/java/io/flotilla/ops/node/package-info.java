/**
 * One node of a fleet, wired from its parts: identity on disk, founding, the newest configuration, the streams of
 * clients, readiness. Everything it needs from the world comes through {@link io.flotilla.ops.node.NodePorts}.
 */
package io.flotilla.ops.node;
