/**
 * Scenarios of a Raft group as text: commands, and what messages and states follow from them. {@code
 * src/test/resources/scenarios/README.md} tells how to read and write them.
 */
package io.flotilla.raft.scenario;
