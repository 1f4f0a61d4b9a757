/** Where log records go: to a file in the data directory, never to stdout. */
package io.flotilla.ops.logging;
