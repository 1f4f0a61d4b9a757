/** Deliberate faults: production code broken on purpose, to see that the simulation notices. */
package io.flotilla.it.mutant;
