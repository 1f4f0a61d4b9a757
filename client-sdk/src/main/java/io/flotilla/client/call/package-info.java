/**
 * How an operation reaches the right replica and comes back with a definite outcome. Everything here lives on the
 * client's loop unless it says otherwise; time, randomness and streams come through the ports of
 * {@link io.flotilla.client.net}.
 */
package io.flotilla.client.call;
