/** Files as a port, and a small file that is replaced as a whole. Calls block; each says which lane makes them. */
package io.flotilla.raft.disk;
