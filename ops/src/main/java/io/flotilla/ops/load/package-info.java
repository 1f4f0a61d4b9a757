/**
 * Bulk load: reads lines, keeps a bounded number of writes in flight, keeps lines with the same key in order, and records
 * how far the input is certainly written. Knows no client: the write itself is handed in.
 */
package io.flotilla.ops.load;
