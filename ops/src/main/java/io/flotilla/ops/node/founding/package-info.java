/** How a fleet is founded, once, and what a data directory then says it belongs to. */
package io.flotilla.ops.node.founding;
