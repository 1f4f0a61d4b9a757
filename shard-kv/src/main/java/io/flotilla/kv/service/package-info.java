/** The door of the key-value service on a node. */
package io.flotilla.kv.service;
