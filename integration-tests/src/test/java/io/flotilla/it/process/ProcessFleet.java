package io.flotilla.it.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/** Node processes, three if not said otherwise, on loopback, and the command line beside them. Everything it started ends with it. */
final class ProcessFleet implements AutoCloseable {
    private static final String MAIN = "io.flotilla.ops.Main";
    private static final long READY_SECONDS = 60;

    private final Path directory;
    private final int groups;
    private final int shards;
    private final Map<String, Integer> ports = new TreeMap<>();
    private final Map<String, Integer> httpPorts = new TreeMap<>();
    private final Map<String, Node> nodes = new TreeMap<>();
    private final Map<String, Path> dataDirectories = new TreeMap<>();
    /** Empty unless debuggers may look in. */
    private final Map<String, Integer> debugPorts = new TreeMap<>();

    private final List<String> javaFlags = new ArrayList<>(List.of("-Xmx512m"));
    private final List<String> nodeFlags = new ArrayList<>();
    private String main = MAIN;
    private String host = "127.0.0.1";
    private String listenAt = host;
    private final List<Process> started = Collections.synchronizedList(new ArrayList<>());

    /** A node's process and what it says. */
    private static final class Node {
        final Process process;
        final CompletableFuture<String> ready = new CompletableFuture<>();

        Node(Process process) {
            this.process = process;
        }
    }

    /** What a command printed, and how it ended. */
    record Result(int exit, byte[] stdout, String stderr) {
        String text() {
            return new String(stdout, StandardCharsets.UTF_8);
        }

        /** The standard output of a command that must have ended well. */
        String ok() {
            if (exit != 0) {
                throw new AssertionError("exit " + exit + ": " + stderr + text());
            }
            return text();
        }
    }

    ProcessFleet(Path directory, int groups, int shards) throws IOException {
        this(directory, groups, shards, "n1", "n2", "n3");
    }

    ProcessFleet(Path directory, int groups, int shards, String... ids) throws IOException {
        this.directory = directory;
        this.groups = groups;
        this.shards = shards;
        for (String id : ids) {
            ports.put(id, freePort());
            httpPorts.put(id, freePort());
        }
    }

    /** Starts all three nodes at once and waits until each is ready. */
    void startAll() throws Exception {
        for (String id : ports.keySet()) {
            launch(id);
        }
        for (String id : ports.keySet()) {
            awaitReady(id);
        }
    }

    /** For all nodes launched from here on. */
    ProcessFleet withJavaFlags(String... flags) {
        javaFlags.clear();
        javaFlags.addAll(List.of(flags));
        return this;
    }

    /** For all nodes launched from here on. */
    ProcessFleet withNodeFlags(String... flags) {
        nodeFlags.clear();
        nodeFlags.addAll(List.of(flags));
        return this;
    }

    /** From here on a debugger may look into the nodes; see {@link StepWatch}. */
    ProcessFleet withDebugPorts() throws IOException {
        for (String id : ports.keySet()) {
            debugPorts.put(id, freePort());
        }
        return this;
    }

    /** For all nodes launched from here on: a program that runs the node's in itself. */
    ProcessFleet withMain(Class<?> program) {
        main = program.getName();
        return this;
    }

    /** For all nodes and commands from here on: where nodes listen, and by which name they are known. */
    ProcessFleet withHost(String listen, String known) {
        listenAt = listen;
        host = known;
        return this;
    }

    /** Where the node keeps its data instead of in the fleet's directory. */
    ProcessFleet withData(String id, Path data) {
        dataDirectories.put(id, data);
        return this;
    }

    Path data(String id) {
        return dataDirectories.getOrDefault(id, directory.resolve(id));
    }

    void launch(String id) throws IOException {
        Process process = new ProcessBuilder(command(id))
                .redirectError(ProcessBuilder.Redirect.appendTo(
                        directory.resolve(id + ".stderr").toFile()))
                .start();
        started.add(process);
        Node node = new Node(process);
        nodes.put(id, node);
        reader("stdout of " + id, () -> {
            String line = process.inputReader(StandardCharsets.UTF_8).readLine();
            if (line == null) {
                node.ready.completeExceptionally(new AssertionError(id + " ended with exit " + process.waitFor()
                        + " before it was ready: " + Files.readString(directory.resolve(id + ".stderr"))));
            } else {
                node.ready.complete(line);
            }
        });
    }

    /** A process that ends with the fleet at the latest. */
    Process start(ProcessBuilder builder) throws IOException {
        Process process = builder.start();
        started.add(process);
        return process;
    }

    /** How a node is started. */
    List<String> command(String id) {
        String seeds = ports.entrySet().stream()
                .map(e -> e.getKey() + "=" + host + ":" + e.getValue())
                .collect(Collectors.joining(","));
        List<String> flags = new ArrayList<>(javaFlags);
        if (debugPorts.containsKey(id)) {
            flags.add("-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,quiet=y,address=127.0.0.1:"
                    + debugPorts.get(id));
        }
        List<String> command = java(flags);
        command.set(command.size() - 1, main);
        command.addAll(List.of(
                "node",
                "--id",
                id,
                "--data",
                data(id).toString(),
                "--listen",
                listenAt + ":" + ports.get(id),
                "--http",
                "127.0.0.1:" + httpPorts.get(id),
                "--seeds",
                seeds,
                "--groups",
                Integer.toString(groups),
                "--shards",
                Integer.toString(shards)));
        command.addAll(nodeFlags);
        return command;
    }

    String awaitReady(String id) throws Exception {
        try {
            return nodes.get(id).ready.get(READY_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new AssertionError(id + " was not ready within " + READY_SECONDS + " s", e);
        }
    }

    boolean isRunning(String id) {
        return nodes.get(id).process.isAlive();
    }

    /** Waits until the node's process has ended by itself; its exit code. */
    int awaitExit(String id, long seconds) throws Exception {
        Process process = nodes.get(id).process;
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            throw new AssertionError(id + " still runs after " + seconds + " s: " + stderrOf(id));
        }
        return process.exitValue();
    }

    /** Writes a line to the node's standard input. */
    void tell(String id) throws IOException {
        nodes.get(id).process.getOutputStream().write('\n');
        nodes.get(id).process.getOutputStream().flush();
    }

    /** Tells the node to stop, and waits until it has. */
    void stop(String id) throws InterruptedException {
        Process process = nodes.get(id).process;
        process.destroy();
        process.waitFor();
    }

    /** Ends the node's process as a power cut would end the process: {@code kill -9}. */
    void kill(String id) throws InterruptedException {
        Process process = nodes.get(id).process;
        process.destroyForcibly();
        process.waitFor();
    }

    /** Holds the whole process still, as a machine that sleeps: {@code kill -STOP}. */
    void pause(String id) throws Exception {
        signal("-STOP", pid(id));
    }

    void resume(String id) throws Exception {
        signal("-CONT", pid(id));
    }

    static void signal(String signal, long pid) throws Exception {
        int exit =
                new ProcessBuilder("kill", signal, Long.toString(pid)).start().waitFor();
        if (exit != 0) {
            throw new AssertionError("kill " + signal + " " + pid + " ended with " + exit);
        }
    }

    void killAll() throws InterruptedException {
        for (Node node : nodes.values()) {
            node.process.destroyForcibly();
        }
        for (Node node : nodes.values()) {
            node.process.waitFor();
        }
    }

    void moveToFreePort(String id) throws IOException {
        ports.put(id, freePort());
        httpPorts.put(id, freePort());
    }

    long pid(String id) {
        return nodes.get(id).process.pid();
    }

    int debugPort(String id) {
        return debugPorts.get(id);
    }

    List<String> ids() {
        return List.copyOf(ports.keySet());
    }

    int httpPort(String id) {
        return httpPorts.get(id);
    }

    String address(String id) {
        return host + ":" + ports.get(id);
    }

    String endpoints() {
        return ports.values().stream().map(p -> host + ":" + p).collect(Collectors.joining(","));
    }

    /** Runs a verb of the command line to its end. */
    Result run(String... arguments) throws Exception {
        return finish(begin(arguments), null);
    }

    /** Starts a verb against this fleet and returns while it runs. */
    Process begin(String... arguments) throws IOException {
        List<String> flags = new ArrayList<>(List.of("-Xmx256m"));
        javaFlags.stream().filter(flag -> flag.startsWith("-D")).forEach(flags::add);
        List<String> command = java(flags);
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("FLOTILLA_ENDPOINTS", endpoints());
        Process process = builder.start();
        started.add(process);
        return process;
    }

    /**
     * Starts another program of this class path; its standard error goes to this process's. It runs when the nodes leave
     * it processor time, as if it were on another machine.
     */
    Process beginMain(String main, String javaFlag, String... arguments) throws IOException {
        List<String> command = java(List.of(javaFlag));
        command.addAll(0, List.of("nice", "-n", "15"));
        command.set(command.size() - 1, main);
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        started.add(process);
        return process;
    }

    /** Feeds the process, if there is input, and collects what it prints until it ends. */
    Result finish(Process process, InputStream input) throws Exception {
        return finish(process, input, 110);
    }

    Result finish(Process process, InputStream input, long seconds) throws Exception {
        CompletableFuture<byte[]> stdout = new CompletableFuture<>();
        CompletableFuture<byte[]> stderr = new CompletableFuture<>();
        reader("stdout", () -> stdout.complete(process.getInputStream().readAllBytes()));
        reader("stderr", () -> stderr.complete(process.getErrorStream().readAllBytes()));
        try (var out = process.getOutputStream()) {
            if (input != null) {
                input.transferTo(out);
            }
        } catch (IOException e) {
            // The process ended before it read all its input: its exit code says why.
        }
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("a command did not end within " + seconds + " s");
        }
        return new Result(process.exitValue(), stdout.get(), new String(stderr.get(), StandardCharsets.UTF_8));
    }

    /** Processes that live for seconds: what the second compiler would take of them, it would not give back. */
    private static List<String> java(List<String> flags) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        command.addAll(flags);
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED",
                "-Dfile.encoding=UTF-8",
                "-Dstdout.encoding=UTF-8",
                "-cp",
                System.getProperty("java.class.path"),
                MAIN));
        return command;
    }

    private interface Reading {
        void run() throws Exception;
    }

    private static void reader(String name, Reading reading) {
        Thread thread = new Thread(
                () -> {
                    try {
                        reading.run();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** The standard error of a node since the fleet was made. */
    String stderrOf(String id) throws IOException {
        return Files.readString(directory.resolve(id + ".stderr"));
    }

    @Override
    public void close() {
        for (Process process : started) {
            process.destroyForcibly();
        }
        for (Process process : started) {
            process.onExit().join();
        }
    }
}
