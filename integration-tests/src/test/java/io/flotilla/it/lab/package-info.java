/**
 * The course lab's tests of a replicated key-value service, of a replicated state machine, and of shards that move between
 * groups, under their own names, in virtual time: each a function of one seed, over the production host, state machine, service
 * and client, those of shards over whole production nodes. Limits are those of the labs; checks that could never fail there can
 * fail here.
 */
package io.flotilla.it.lab;
