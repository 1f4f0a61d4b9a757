/** The engine on disk. */
package io.flotilla.kv.engine.rocks;
