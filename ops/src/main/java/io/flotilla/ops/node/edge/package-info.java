/** The node's ends of clients' streams: what is taken in, what waits to be taken, and the bounds of both. */
package io.flotilla.ops.node.edge;
