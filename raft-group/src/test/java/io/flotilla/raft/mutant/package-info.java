/** Deliberate faults: production code broken on purpose, loaded beside the sound code, to see that tests notice. */
package io.flotilla.raft.mutant;
