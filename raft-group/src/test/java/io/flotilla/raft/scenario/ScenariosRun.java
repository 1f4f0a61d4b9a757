package io.flotilla.raft.scenario;

import io.flotilla.raft.mutant.Patch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/** Plays all scenarios; called across class loaders, so it speaks JDK types only. */
public final class ScenariosRun implements BiFunction<Long, String, String> {
    private static final String FOLDER = "raft-group/src/test/resources/scenarios";

    /** @return the first scenario that has another transcript, or null */
    @Override
    public String apply(Long seed, String unused) {
        try (Stream<Path> files = Files.list(Patch.root().resolve(FOLDER))) {
            List<Path> scenarios = files.filter(file -> file.toString().endsWith(".txt"))
                    .sorted()
                    .toList();
            for (Path file : scenarios) {
                String broken = play(file);
                if (broken != null) {
                    return file.getFileName() + ": " + broken;
                }
            }
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String play(Path file) throws IOException {
        String expected = Files.readString(file);
        ScenarioWorld world = new ScenarioWorld();
        try {
            return Scenario.parse(expected).play(world).toString().equals(expected) ? null : "another transcript";
        } catch (RuntimeException | AssertionError e) {
            return "at '" + world.last() + "': " + e.getMessage();
        }
    }
}
