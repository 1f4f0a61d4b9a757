/**
 * The whole fleet in one thread: production nodes and clients over simulated time, network and disks, from one seed.
 * {@link io.flotilla.it.sim.FleetSimulation} is the place to begin.
 */
package io.flotilla.it.sim;
