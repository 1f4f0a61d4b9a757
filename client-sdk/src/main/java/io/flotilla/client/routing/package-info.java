/** Which shard, group and node a key belongs to, as far as the client knows. Pure and immutable. */
package io.flotilla.client.routing;
