/** The ports of the client: streams to nodes, and in place of threads, time and chance the runtime of its loop. */
package io.flotilla.client.net;
