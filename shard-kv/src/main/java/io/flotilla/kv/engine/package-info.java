/** The ordered store under a node's data groups, as a port. Start with {@link io.flotilla.kv.engine.KvEngine}. */
package io.flotilla.kv.engine;
