/**
 * The load generator behind {@code bench}: operations on random keys, with a fixed number under way or at a fixed rate,
 * measured at the client. Start with {@link io.flotilla.ops.bench.Bench}.
 */
package io.flotilla.ops.bench;
