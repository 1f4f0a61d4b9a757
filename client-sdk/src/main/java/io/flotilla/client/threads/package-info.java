/** The client's loop with a thread of its own, in whose place one that brings an answer may run it. */
package io.flotilla.client.threads;
