/**
 * One node of a fleet, wired from its parts. Each part has a room of its own; a room knows those that stand before it, never
 * those behind: {@code peer}, {@code edge}, {@code founding}, {@code configuration}, then this package, then {@code production}. What a
 * node needs from the world comes through {@link io.flotilla.ops.node.NodePorts}.
 */
package io.flotilla.ops.node;
