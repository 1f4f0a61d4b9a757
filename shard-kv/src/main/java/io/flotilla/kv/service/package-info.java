/**
 * The door of the key-value service on a node: what it does not understand in full, or has no room for, it refuses; the rest goes
 * to the groups, one log entry for each frame and group. Start with {@link io.flotilla.kv.service.KvService}. Thread-safe.
 */
package io.flotilla.kv.service;
