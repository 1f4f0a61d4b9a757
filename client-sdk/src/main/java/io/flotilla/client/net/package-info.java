/** The ports of the client: a stream to a node, and time. */
package io.flotilla.client.net;
