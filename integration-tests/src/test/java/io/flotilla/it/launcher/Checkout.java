package io.flotilla.it.launcher;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A checkout that holds the launcher and one source, and beside it a Maven and a Java that are shell scripts. */
final class Checkout {
    private static final Path LAUNCHER =
            Path.of("..", "flotilla").toAbsolutePath().normalize();

    private static final String MAVEN = """
            #!/bin/sh
            echo built >>"$FAKES/builds"
            mkdir -p ops/target/lib
            echo own >ops/target/ops-1.jar
            echo fixtures >ops/target/ops-1-tests.jar
            echo other >ops/target/lib/raft-group-1.jar
            echo library >ops/target/lib/netty-9.jar
            """;

    /** Tries and archives aside, it writes down its arguments and does what it is told. */
    private static final String JAVA = """
            #!/bin/sh
            case " $* " in
              *" --dry-run "*) [ -z "${TRY_FAILS:-}" ] || { echo 'Unrecognized VM option'; echo 'Error: no VM' >&2; }; exit "${TRY_FAILS:-0}" ;;
              *DumpLoadedClassList* | *Xshare:dump*) exit 0 ;;
            esac
            printf '%s\\n' "$@" >"$FAKES/arguments"
            eval "$JAVA_DOES"
            """;

    final Path root;
    final Path fakes;

    /** @param beside where the scripts are */
    Checkout(Path root, Path beside) throws IOException {
        this.root = root;
        this.fakes = beside;
    }

    static Checkout make(Path root, Path beside) throws IOException {
        Files.createDirectories(root.resolve("ops/src/main/java"));
        Files.copy(LAUNCHER, root.resolve("flotilla"));
        Files.writeString(root.resolve("pom.xml"), "<project/>");
        Files.writeString(root.resolve("ops/pom.xml"), "<project/>");
        Files.writeString(root.resolve("ops/src/main/java/A.java"), "class A {}");
        executable(root.resolve("flotilla"));
        Files.createDirectories(beside.resolve("jdk/bin"));
        script(beside.resolve("mvn"), MAVEN);
        script(beside.resolve("jdk/bin/java"), JAVA);
        script(beside.resolve("jdk/bin/javac"), "#!/bin/sh\n");
        for (Path open : List.of(beside, beside.resolve("jdk"), root)) {
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        return new Checkout(root, beside);
    }

    private static void script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        executable(file);
    }

    private static void executable(Path file) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** How a run ended. */
    record End(int code, String stdout, String stderr) {}

    /** @param javaDoes a command of the shell */
    Process begin(String javaDoes, Map<String, String> environment, List<String> before, String... words)
            throws IOException {
        List<String> command = new ArrayList<>(before);
        command.add(root.resolve("flotilla").toString());
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command).directory(fakes.toFile());
        Map<String, String> env = builder.environment();
        env.keySet().removeIf(name -> name.startsWith("FLOTILLA_") || name.endsWith("JAVA_OPTIONS"));
        env.put("FAKES", fakes.toString());
        env.put("JAVA_HOME", fakes.resolve("jdk").toString());
        env.put("PATH", fakes + ":" + env.get("PATH"));
        env.put("JAVA_DOES", javaDoes);
        env.putAll(environment);
        return builder.start();
    }

    End run(String javaDoes, String... words) throws Exception {
        return end(begin(javaDoes, Map.of(), List.of(), words));
    }

    static End end(Process process) throws Exception {
        process.getOutputStream().close();
        String stdout = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String stderr = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("the launcher did not end");
        }
        return new End(process.exitValue(), stdout, stderr);
    }

    /** What Java was called with last. */
    List<String> arguments() throws IOException {
        return Files.readAllLines(fakes.resolve("arguments"));
    }

    long builds() throws IOException {
        Path builds = fakes.resolve("builds");
        return Files.exists(builds) ? Files.readAllLines(builds).size() : 0;
    }
}
