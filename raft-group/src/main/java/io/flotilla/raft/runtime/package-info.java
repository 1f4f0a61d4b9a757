/** Threads (as lanes), time and chance as ports. Thread-safe. */
package io.flotilla.raft.runtime;
