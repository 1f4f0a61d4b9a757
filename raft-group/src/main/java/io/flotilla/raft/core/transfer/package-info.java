/** Leadership that goes to another replica on request (Raft thesis §3.10). Belongs to a core. */
package io.flotilla.raft.core.transfer;
