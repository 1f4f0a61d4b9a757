/**
 * The Java client of a fleet. {@link io.flotilla.client.FlotillaClient} blocks and is the simplest way in;
 * {@link io.flotilla.client.AsyncFlotillaClient} is what it is built on.
 *
 * <p><b>Threads.</b> A client has a thread for its own work, the loop, and one on which the program's callbacks run, those of futures
 * and of listeners. A callback may block, and may call the client: others are then told on another thread. Operations, their
 * timeouts and the program's other threads never wait for a callback.
 *
 * <p><b>Leaders that can't be reached.</b> If a program reaches nodes of the fleet, but not the leader of a group, the client has its requests
 * passed on by another replica's node. It needs no setting, and each write is still made once.
 *
 * <p><b>Libraries.</b> The client uses the program's protobuf-java and gRPC. If these are older than what it was built with, connecting fails
 * with an {@link IllegalStateException} that says which.
 *
 * <p><b>Text</b> is UTF-8 wherever a method takes a {@code String}; half a surrogate pair, which stands for no bytes, is refused as INVALID.
 */
package io.flotilla.client;
