package io.flotilla.ops.command;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.flotilla.ops.cli.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A node's configuration file: the flags of {@code node} without their dashes. Absent settings are null.
 *
 * @param seeds addresses by node id
 */
record NodeSettings(
        String id,
        String data,
        String listen,
        String advertise,
        String http,
        Map<String, String> seeds,
        Integer groups,
        Integer shards,
        String memory,
        @JsonProperty("disk-timeout") String diskTimeout,
        @JsonProperty("log-size") String logSize,
        @JsonProperty("log-keep") String logKeep,
        @JsonProperty("transfer-rate") String transferRate) {
    static final NodeSettings NONE =
            new NodeSettings(null, null, null, null, null, null, null, null, null, null, null, null, null);

    /** @throws CliException (usage) if the file is no such configuration; (refused) if it can't be read */
    static NodeSettings read(Path file) {
        String text;
        try {
            text = Files.readString(file);
        } catch (IOException unreadable) {
            throw CliException.refused(
                    "node: --config " + file + " can't be read: " + unreadable + "; name a readable file");
        }
        try {
            NodeSettings settings = new ObjectMapper(new YAMLFactory())
                    .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .readValue(text, NodeSettings.class);
            return settings == null ? NONE : settings;
        } catch (JacksonException wrong) {
            throw CliException.usage(
                    "node: --config " + file + ": " + explain(wrong)
                            + "; settings are id, data, listen, advertise, http, seeds (id: host:port), groups, shards, memory, disk-timeout, log-size, log-keep, transfer-rate");
        }
    }

    private static String explain(JacksonException wrong) {
        if (wrong instanceof UnrecognizedPropertyException unknown) {
            return "unknown setting '" + unknown.getPropertyName() + "'";
        }
        String message = wrong.getOriginalMessage().lines().findFirst().orElse("not understood");
        if (wrong instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()) {
            return "setting '" + mapping.getPath().get(0).getFieldName() + "': " + message;
        }
        return "line " + (wrong.getLocation() == null ? 1 : wrong.getLocation().getLineNr()) + ": " + message;
    }
}
