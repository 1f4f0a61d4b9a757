/**
 * The Java client of a fleet. {@link io.flotilla.client.FlotillaClient} blocks and is the simplest way in;
 * {@link io.flotilla.client.AsyncFlotillaClient} is what it is built on.
 */
package io.flotilla.client;
