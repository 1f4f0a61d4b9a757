/** The client's loop as an ordinary thread. */
package io.flotilla.client.threads;
