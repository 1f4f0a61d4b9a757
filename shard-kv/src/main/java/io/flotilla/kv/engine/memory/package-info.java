/** The engine in memory, for the simulator and tests. */
package io.flotilla.kv.engine.memory;
