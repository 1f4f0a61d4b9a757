package io.flotilla.it.mutant;

import static io.flotilla.it.mutant.Judges.FLEET;

import io.flotilla.raft.mutant.Mutant;
import io.flotilla.raft.mutant.Patch;
import java.util.List;

/** Faults of what nodes make of configurations. */
final class ConfigurationFaults {
    private static final String NODE = "ops/src/main/java/io/flotilla/ops/node/configuration/";

    private ConfigurationFaults() {}

    static List<Mutant> all() {
        return List.of(Mutant.of(
                "configurations",
                "an older configuration is followed",
                FLEET,
                new Patch(
                        NODE + "ConfigurationHub.java",
                        "boolean isNews = configuration.getNumber() > number();",
                        "boolean isNews = configuration.getNumber() != number();")));
    }
}
