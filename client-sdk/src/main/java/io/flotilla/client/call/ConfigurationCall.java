package io.flotilla.client.call;

import io.flotilla.client.proto.Configuration;
import io.flotilla.client.proto.ConfigurationRequest;
import io.flotilla.client.proto.Request;
import io.flotilla.client.proto.Response;
import java.time.Duration;

/** Asks any node for the newest configuration that it knows. */
public final class ConfigurationCall extends Call<Configuration> {
    public ConfigurationCall(Duration timeout) {
        super(timeout, 0);
    }

    @Override
    void place() {
        loop.askAnyNode(this);
    }

    @Override
    Request.Builder request(Link link) {
        return Request.newBuilder().setConfiguration(ConfigurationRequest.getDefaultInstance());
    }

    @Override
    boolean accepts(Response response, Attempt attempt) {
        return response.hasConfiguration();
    }

    @Override
    Configuration result(Response response, Attempt attempt) {
        loop.fleet.adopt(response.getConfiguration());
        return response.getConfiguration();
    }

    @Override
    boolean isWrite() {
        return false;
    }
}
