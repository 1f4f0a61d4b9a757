package io.flotilla.ops.command;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
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
        String id, String data, String listen, String http, Map<String, String> seeds, Integer groups, Integer shards) {
    static final NodeSettings NONE = new NodeSettings(null, null, null, null, null, null, null);

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
            int line = wrong.getLocation() == null ? 0 : wrong.getLocation().getLineNr();
            throw CliException.usage("node: --config " + file + (line > 0 ? " line " + line : "") + ": "
                    + wrong.getOriginalMessage().lines().findFirst().orElse("not understood")
                    + "; settings are id, data, listen, http, seeds (id: host:port), groups, shards");
        }
    }
}
