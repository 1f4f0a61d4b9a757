package io.flotilla.it.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** strace on a running process, until closed. */
final class Strace implements AutoCloseable {
    private static final String MISSING =
            "strace is not installed, so system calls are neither seen nor made to fail; install it (Debian: apt-get"
                    + " install strace)";

    private final String what;
    private final Process tracer;

    private Strace(String what, Process tracer) {
        this.what = what;
        this.tracer = tracer;
    }

    /** Skips the test, aloud, where there is no strace. */
    static void assumeInstalled() {
        boolean installed = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "strace")));
        if (!installed) {
            System.err.println("SKIPPED: " + MISSING);
        }
        assumeTrue(installed, MISSING);
    }

    /** Writes each of the calls, with its time and duration, to a file. */
    static Strace record(long pid, String call, Path output) throws IOException {
        return attach(pid, call, List.of("-ttt", "-T", "-e", "trace=" + call, "-o", output.toString()));
    }

    /** @param fault a call and what becomes of it, in strace's words, such as {@code fdatasync:error=EIO:when=1+} */
    static Strace inject(long pid, String fault) throws IOException {
        String call = fault.substring(0, fault.indexOf(':'));
        return attach(pid, fault, List.of("-e", "trace=" + call, "-e", "inject=" + fault, "-o", "/dev/null"));
    }

    private static Strace attach(long pid, String what, List<String> flags) throws IOException {
        List<String> command = new ArrayList<>(List.of("strace", "-f"));
        command.addAll(flags);
        command.addAll(List.of("-p", Long.toString(pid)));
        Process tracer = new ProcessBuilder(command).redirectErrorStream(true).start();
        BufferedReader said =
                new BufferedReader(new InputStreamReader(tracer.getInputStream(), StandardCharsets.UTF_8));
        String line = said.readLine();
        assertThat(line).as("strace must be allowed to attach").contains("attached");
        return new Strace(what, tracer);
    }

    /** Lets go of the process. */
    @Override
    public void close() {
        // a tracer that holds a call back does not hear anything else; its process goes on without it
        tracer.destroyForcibly();
        tracer.onExit().join();
    }

    @Override
    public String toString() {
        return "strace of " + what;
    }
}
