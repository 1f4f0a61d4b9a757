/** Nodes as processes: a node with its pages, many in one process, and how a process ends. */
package io.flotilla.ops.process;
