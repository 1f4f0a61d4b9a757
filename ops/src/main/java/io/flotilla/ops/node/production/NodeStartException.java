package io.flotilla.ops.node.production;

import io.flotilla.ops.node.NodeFailure;

/** A node could not be started at all. */
public final class NodeStartException extends Exception {
    private final transient NodeFailure failure;

    public NodeStartException(NodeFailure failure, Throwable cause) {
        super(failure.message(), cause);
        this.failure = failure;
    }

    public NodeFailure failure() {
        return failure;
    }
}
