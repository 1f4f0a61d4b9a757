/**
 * Lessons of earlier Raft implementations, on production hosts under the simulator: each test carries its lesson's id.
 * Those that the core alone can show are in {@code raft.core}. docs/testing/lessons.md has the whole table.
 */
package io.flotilla.raft.lessons;
