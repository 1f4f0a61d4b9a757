package io.flotilla.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Any folder, any clone, any user; and exit codes that say who failed. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class LauncherTest {
    private static final List<String> NOBODY =
            List.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups");

    @TempDir
    Path temp;

    @BeforeEach
    void letOthersIn() throws IOException {
        Files.setPosixFilePermissions(temp, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Checkout checkout(String name) throws IOException {
        return Checkout.make(temp.resolve(name), Files.createDirectories(temp.resolve("fakes")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain", "with blanks  two", "a'b\"c", "$HOME `x` *", "ünïcode", "-dash", "[a]#b%20!&;"})
    void anyFolderWillDo(String name) throws Exception {
        Checkout checkout = checkout(name);
        Checkout.End end = checkout.run("exit 40", "get", "a b", "*");
        assertThat(end.code()).as(end.stderr()).isZero();
        List<String> arguments = checkout.arguments();
        String dist = checkout.root.toRealPath().resolve("target/dist").toString();
        int classPath = arguments.indexOf("-cp");
        assertThat(arguments.get(classPath + 1).split(":"))
                .hasSize(3)
                .allSatisfy(jar -> assertThat(jar).startsWith(dist))
                .allSatisfy(jar -> assertThat(Path.of(jar)).exists());
        assertThat(arguments.subList(classPath + 2, arguments.size()))
                .containsExactly("io.flotilla.ops.Main", "get", "a b", "*");
        assertThat(arguments)
                .anyMatch(argument -> argument.startsWith("-XX:SharedArchiveFile=" + dist))
                .filteredOn(argument -> !argument.startsWith("-"))
                .hasSize(5);
        assertThat(checkout.run("exit 0", "node", "--id", "n 1").code()).isZero();
        assertThat(checkout.arguments()).endsWith("node", "--id", "n 1");
    }

    @Test
    void aFolderThatJavaCantNameIsRefusedInOneLine() throws Exception {
        Checkout.End end = checkout("a:b").run("exit 40", "get", "k");
        assertThat(end.code()).isEqualTo(5);
        assertThat(end.stderr()).contains("a:b", "move the checkout").hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource({
        "exit 40, 0",
        "exit 41, 1",
        "exit 42, 2",
        "exit 43, 3",
        "exit 44, 4",
        "exit 45, 5",
        "exit 0, 5",
        "exit 1, 5",
        "exit 3, 5",
        "exit 127, 5",
        "kill -ABRT $$, 5",
        "kill -SEGV $$, 5",
        "kill -KILL $$, 137"
    })
    void onlyTheProgramSaysOneAndTheRestOfJavasEndsIsFive(String javaDoes, int code) throws Exception {
        Checkout.End end = checkout("c").run(javaDoes, "get", "k");
        assertThat(end.code()).as(end.stderr()).isEqualTo(code);
        if (code == 5 && !javaDoes.equals("exit 45")) {
            assertThat(end.stderr().lines().filter(line -> line.startsWith("flotilla: start: ")))
                    .singleElement()
                    .asString()
                    .contains("failed by itself", "JAVA_HOME");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"node", "dev"})
    void aServerWhoseJavaCantStartEndsWithFiveAndTakesTheLaunchersPlaceElse(String verb) throws Exception {
        Checkout checkout = checkout("c");
        Checkout.End end = Checkout.end(checkout.begin("exit 0", Map.of("TRY_FAILS", "1"), List.of(), verb));
        assertThat(end.code()).isEqualTo(5);
        assertThat(end.stderr().lines().filter(line -> !line.contains("building")))
                .singleElement()
                .asString()
                .contains("Unrecognized VM option", "Error: no VM", "FLOTILLA_JAVA_OPTS");
        Process server =
                checkout.begin("echo java; echo $$ >&8; umask >&8; echo why >&9; exit 4", Map.of(), List.of(), verb);
        end = Checkout.end(server);
        assertThat(end.code()).isEqualTo(4);
        assertThat(end.stdout().lines()).containsExactly(Long.toString(server.pid()), "0077");
        assertThat(end.stderr()).isEqualTo("why\n");
    }

    @Test
    void everyFailureOfTheLauncherItselfIsFive() throws Exception {
        Checkout checkout = checkout("c");
        Files.writeString(checkout.fakes.resolve("mvn"), "#!/bin/sh\necho 'no such plugin'\nexit 1\n");
        assertThat(checkout.run("exit 40", "get", "k").code()).isEqualTo(5);
        Files.writeString(checkout.fakes.resolve("mvn"), "#!/bin/sh\n");
        assertThat(checkout.run("exit 40", "get", "k").code()).isEqualTo(5);
        Files.delete(checkout.fakes.resolve("jdk/bin/java"));
        Process none = checkout.begin("exit 40", Map.of("PATH", "/nowhere"), List.of("/bin/sh"), "get", "k");
        assertThat(Checkout.end(none).code()).isEqualTo(5);
    }

    private static boolean isIgnoredHere(int signal) throws IOException {
        String mask = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .findFirst()
                .orElse("SigIgn: 0");
        long ignored =
                Long.parseUnsignedLong(mask.substring(mask.indexOf(':') + 1).strip(), 16);
        return (ignored >> (signal - 1) & 1) != 0;
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "INT, 130", "HUP, 129"})
    void signalsArePassedOn(String signal, int code) throws Exception {
        // a shell can't trap what was ignored when it began, as nohup and jobs in the background have it
        assumeThat(isIgnoredHere(code - 128))
                .as("SIG%s is ignored here", signal)
                .isFalse();
        Checkout checkout = checkout("c");
        Process process = checkout.begin(
                "trap 'echo told; exit " + code + "' " + signal + "; echo up; while :; do sleep 0.1; done",
                Map.of(),
                List.of(),
                "load",
                "-");
        assertThat(process.inputReader().readLine()).isEqualTo("up");
        new ProcessBuilder("kill", "-s", signal, Long.toString(process.pid()))
                .start()
                .waitFor();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(code);
        assertThat(process.inputReader().readLine()).isEqualTo("told");
    }

    /** A script that starts a load in the background and is killed leaves nothing behind. */
    @Test
    void withTheLauncherKilledJavaEndsToo() throws Exception {
        assumeTrue(Files.exists(Path.of("/usr/bin/setpriv")), "there is no setpriv");
        Process process = checkout("c").begin("echo $$; exec sleep 60", Map.of(), List.of(), "load", "-");
        long java = Long.parseLong(process.inputReader().readLine());
        ProcessHandle handle = ProcessHandle.of(java).orElseThrow();
        process.destroyForcibly();
        handle.onExit().get(20, TimeUnit.SECONDS);
    }

    @Test
    void inputComesThroughAndClosedDescriptorsAreNobodysFiles() throws Exception {
        Checkout checkout = checkout("c");
        Process process = checkout.begin("cat; exit 40", Map.of(), List.of(), "load", "-");
        process.getOutputStream().write("rows\n".getBytes());
        assertThat(Checkout.end(process).stdout()).isEqualTo("rows\n");
        String look = "for i in 0 1 2; do eval fd$i=$(readlink /proc/$$/fd/$i); done;"
                + " printf '%s\\n' $fd0 $fd1 $fd2 >\"$FAKES/fds\"; cat; exit 40";
        Process closed =
                checkout.begin(look, Map.of(), List.of("sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"), "load", "-");
        assertThat(Checkout.end(closed).code()).isZero();
        assertThat(Files.readAllLines(checkout.fakes.resolve("fds")))
                .containsOnly("/dev/null")
                .hasSize(3);
        Process reads =
                checkout.begin("cat || exit 45", Map.of(), List.of("sh", "-c", "exec \"$@\" <&-", "sh"), "load");
        assertThat(Checkout.end(reads).code()).isEqualTo(5);
    }

    @Test
    void onlyOtherContentsAreBuilt() throws Exception {
        Checkout checkout = checkout("c");
        checkout.run("exit 40", "version");
        assertThat(checkout.builds()).isEqualTo(1);
        run("chmod", "-R", "g-w", checkout.root.toString());
        Path source = checkout.root.resolve("ops/src/main/java/A.java");
        Files.writeString(source, Files.readString(source));
        assertThat(checkout.run("exit 40", "version").code()).isZero();
        assertThat(checkout.builds()).isEqualTo(1);

        for (String kind : List.of("-r", "-rp", "-rL")) {
            Path place = temp.resolve("copy" + kind);
            run("cp", kind, checkout.root.toString(), place.toString());
            Checkout copy = new Checkout(place, checkout.fakes);
            assertThat(copy.run("exit 40", "version").code()).as("cp %s", kind).isZero();
            assertThat(copy.arguments().get(copy.arguments().indexOf("-cp") + 1))
                    .startsWith(place.toRealPath().toString());
        }
        assertThat(checkout.builds()).isEqualTo(1);

        Files.writeString(source, "class A { int changed; }");
        Path copied = temp.resolve("changed before it was copied");
        run("cp", "-r", checkout.root.toString(), copied.toString());
        new Checkout(copied, checkout.fakes).run("exit 40", "version");
        assertThat(checkout.builds()).isEqualTo(2);
        checkout.run("exit 40", "version");
        assertThat(checkout.builds()).isEqualTo(3);
        Files.delete(source);
        checkout.run("exit 40", "version");
        assertThat(checkout.builds()).isEqualTo(4);
    }

    @Test
    void whoCanReadACheckoutCanUseItAndElseHearsWhyNot() throws Exception {
        assumeTrue(Files.exists(Path.of("/usr/bin/setpriv")) && isRoot(), "only root can be somebody else");
        Checkout checkout = checkout("c");
        Process early = checkout.begin("exit 40", Map.of(), NOBODY, "get", "k");
        Checkout.End end = Checkout.end(early);
        assertThat(end.code()).isEqualTo(5);
        assertThat(end.stderr()).contains("this user can't write", "owner").hasLineCount(1);

        checkout.run("exit 40", "version");
        run("chmod", "a+w", checkout.fakes.resolve("arguments").toString());
        run("chmod", "-R", "a+rX", checkout.root.toString());
        assertThat(Checkout.end(checkout.begin("exit 41", Map.of(), NOBODY, "get", "k"))
                        .code())
                .isEqualTo(1);
        assertThat(Checkout.end(checkout.begin("exit 0", Map.of(), NOBODY, "node"))
                        .code())
                .isZero();

        Files.writeString(checkout.root.resolve("pom.xml"), "<project>changed</project>");
        end = Checkout.end(checkout.begin("exit 40", Map.of(), NOBODY, "get", "k"));
        assertThat(end.code()).isEqualTo(5);
        assertThat(end.stderr()).contains("this user can't write").hasLineCount(1);
        checkout.run("exit 40", "version");
        run("chmod", "-R", "go-rwx", checkout.root.resolve("target").toString());
        end = Checkout.end(checkout.begin("exit 40", Map.of(), NOBODY, "get", "k"));
        assertThat(end.code()).isEqualTo(5);
        assertThat(end.stderr()).startsWith("flotilla: ").hasLineCount(1);
    }

    @Test
    void aCloneWithOtherLineEndsIsTheSame() throws Exception {
        Path repository = Path.of("..").toAbsolutePath().normalize();
        assumeTrue(Files.exists(repository.resolve(".git")), "this is no clone");
        Path clone = temp.resolve("clone");
        run(
                "git",
                "-c",
                "core.autocrlf=true",
                "-c",
                "core.eol=crlf",
                "clone",
                "-q",
                repository.toString(),
                clone.toString());
        try (Stream<Path> files = Files.walk(clone)) {
            List<Path> other = new ArrayList<>();
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!file.startsWith(clone.resolve(".git"))
                        && Files.readString(file).contains("\r\n")) {
                    other.add(file);
                }
            }
            assertThat(other).isEmpty();
        }
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
    }
}
