package io.flotilla.ops.node.configuration;

import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Asks the controller's leader, wherever it is. Belongs to the node's lane. */
public interface ControllerAsker {
    /**
     * Asks until there is an answer that repeating would not change, or until nobody wants it any more.
     *
     * @param request safe to repeat
     */
    void ask(Request request, BooleanSupplier wanted, Consumer<Response> answered);
}
