/** A node's own calls to other nodes, and where those are. The lowest room of a node: it knows no other. */
package io.flotilla.ops.node.peer;
