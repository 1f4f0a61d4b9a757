/**
 * The Raft tests of a well-known course lab under their own names, in virtual time: each a function of one seed, over
 * production core, host and log. Limits are those of the labs; checks that could never fail there can fail here.
 */
package io.flotilla.raft.lab;
