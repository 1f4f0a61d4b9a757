package io.flotilla.ops.node.configuration;

import com.google.protobuf.ByteString;
import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.Node;
import io.flotilla.client.proto.RegisterNodeRequest;
import io.flotilla.client.proto.Request;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the controller where this node serves and what it knows, whenever the newest configuration says something else.
 * Belongs to the node's lane.
 */
public final class Registration {
    private static final Logger LOG = LoggerFactory.getLogger(Registration.class);

    private final Node self;
    private final String fleetId;
    private final ControllerCalls controller;
    private final LongSupplier seeds;
    private final BooleanSupplier wanted;
    private final Consumer<String> refused;
    private boolean under;

    /**
     * @param self as it should be known; its duty is the controller's to say
     * @param seeds for the ids of requests
     * @param refused told in one line if the controller won't have this node
     */
    public Registration(
            Node self,
            String fleetId,
            ControllerCalls controller,
            LongSupplier seeds,
            BooleanSupplier wanted,
            Consumer<String> refused) {
        this.self = self;
        this.fleetId = fleetId;
        this.controller = controller;
        this.seeds = seeds;
        this.wanted = wanted;
        this.refused = refused;
    }

    /** Registers if that is not done, and not under way. */
    public void follow(Configuration newest) {
        if (under || isIn(newest)) {
            return;
        }
        under = true;
        ByteBuffer id = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(seeds.getAsLong())
                .putLong(seeds.getAsLong())
                .flip();
        Request request = Request.newBuilder()
                .setId(1)
                .setRegisterNode(RegisterNodeRequest.newBuilder()
                        .setFleetId(fleetId)
                        .setNode(self)
                        .setRequestId(ByteString.copyFrom(id)))
                .build();
        controller.ask(request, wanted, response -> {
            under = false;
            if (response.hasRegisterNode()) {
                LOG.info(
                        "{}: registered at {} in configuration {}",
                        self.getId(),
                        self.getAddress(),
                        response.getRegisterNode().getConfigurationNumber());
            } else {
                refused.accept("the controller refuses to register this node: "
                        + response.getRefusal().getMessage());
            }
        });
    }

    private boolean isIn(Configuration newest) {
        for (Node node : newest.getNodesList()) {
            if (node.getId().equals(self.getId())) {
                return self.toBuilder().setDuty(node.getDuty()).build().equals(node);
            }
        }
        return false;
    }
}
