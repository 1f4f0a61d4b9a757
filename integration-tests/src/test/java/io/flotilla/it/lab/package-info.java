/**
 * The course lab's tests of a replicated key-value service and of a replicated state machine, under their own names, in
 * virtual time: each a function of one seed, over the production host, state machine, service and client. Limits are those
 * of the labs; checks that could never fail there can fail here.
 */
package io.flotilla.it.lab;
