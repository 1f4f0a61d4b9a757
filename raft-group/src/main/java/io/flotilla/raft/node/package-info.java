/** What a node keeps durably besides its log: how often it was started, and what it knows of its peers. */
package io.flotilla.raft.node;
