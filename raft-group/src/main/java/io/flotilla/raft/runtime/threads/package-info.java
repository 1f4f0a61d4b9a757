/**
 * The production runtime: lanes with a thread each, in whose place another one may run them ({@code runtime.inline}), and the
 * operating system's clock.
 */
package io.flotilla.raft.runtime.threads;
