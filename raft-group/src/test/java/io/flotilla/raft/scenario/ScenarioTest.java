package io.flotilla.raft.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Each scenario file is a test: its commands must have exactly the transcript that it tells, with no property broken.
 * {@code -Dflotilla.scenarios.rewrite=true} writes the transcripts anew instead; read the difference before you keep it.
 */
class ScenarioTest {
    private static final Path FOLDER = Path.of("src/test/resources/scenarios");

    @TestFactory
    List<DynamicTest> scenarios() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            List<DynamicTest> tests = files.filter(file -> file.toString().endsWith(".txt"))
                    .sorted()
                    .map(file -> DynamicTest.dynamicTest(title(file), file.toUri(), () -> check(file)))
                    .toList();
            assertThat(tests).as("scenarios in " + FOLDER.toAbsolutePath()).hasSizeGreaterThan(10);
            return tests;
        }
    }

    private static String title(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return file.getFileName() + ": " + lines.findFirst().orElseThrow().substring(2);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void check(Path file) throws IOException {
        String expected = Files.readString(file);
        String actual = Scenario.parse(expected).play(new ScenarioWorld()).toString();
        if (Boolean.getBoolean("flotilla.scenarios.rewrite")) {
            Files.writeString(file, actual);
        } else {
            assertThat(actual)
                    .as("%s (-Dflotilla.scenarios.rewrite=true writes it anew)", file)
                    .isEqualTo(expected);
        }
    }
}
