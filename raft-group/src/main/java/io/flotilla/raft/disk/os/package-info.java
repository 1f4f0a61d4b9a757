/** The operating system's files behind the disk port. */
package io.flotilla.raft.disk.os;
