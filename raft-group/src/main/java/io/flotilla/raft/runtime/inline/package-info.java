/**
 * Who runs a lane when: what decides, for lanes that are threads ({@code runtime.threads}) and for those of the simulator alike.
 * What only threads need, to park and to be woken, is not here.
 */
package io.flotilla.raft.runtime.inline;
