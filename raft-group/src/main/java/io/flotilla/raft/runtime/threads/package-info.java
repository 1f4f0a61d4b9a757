/** The production runtime: a thread per lane, the operating system's clock. */
package io.flotilla.raft.runtime.threads;
