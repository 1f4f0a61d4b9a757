/** A node on the real world: threads, the operating system's files, gRPC and RocksDB. */
package io.flotilla.ops.node.production;
