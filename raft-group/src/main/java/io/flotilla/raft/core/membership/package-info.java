/** Who is in a group. Immutable values (Raft paper §6). */
package io.flotilla.raft.core.membership;
