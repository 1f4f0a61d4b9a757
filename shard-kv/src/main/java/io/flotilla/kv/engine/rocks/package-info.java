/** The engine on disk: RocksDB without a log of its own, imports and kept views in directories inside its own. */
package io.flotilla.kv.engine.rocks;
