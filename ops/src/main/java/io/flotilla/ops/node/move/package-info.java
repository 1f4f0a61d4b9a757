/** A node's part in the moves of shards: what drives them here, and what other nodes' drivers ask. Start with {@link NodeMoves}. */
package io.flotilla.ops.node.move;
